package audit

import "holdfast/internal/fault"

// maySuspend are the reasons for which a run may be suspended: its credentials do not work, or its connection is set up
// wrongly. They are written down here, and the workers' classes are not asked: a reason that gets into the wrong class shall
// be found. A test holds both to each other, so that a new one is thought of twice.
var maySuspend = map[fault.Reason]bool{
	fault.InvalidGrant: true, fault.AccessDenied: true, fault.BadCredentials: true, fault.RefreshTokenLost: true,
	fault.SecretMissing: true, fault.SecretDeleted: true, fault.SecretDestroyed: true, fault.SecretMalformed: true,
	fault.ConnectionMissing: true, fault.ConnectionDeleted: true, fault.ConnectionExpired: true, fault.ConnectionDisabled: true,
	fault.ProviderUnusable: true,

	fault.InvalidClient: true, fault.UnauthorizedClient: true, fault.InvalidScope: true, fault.InvalidTokenRequest: true,
	fault.UnsupportedGrantType: true, fault.SettingsInvalid: true,
}
