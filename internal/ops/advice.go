package ops

import (
	"holdfast/internal/fault"
)

// Secrets says where the connections' secrets are in Vault.
type Secrets struct{ Mount, Prefix string }

// config is the path of a connection's secret, as the vault command takes it.
func (s Secrets) config(tenant, connection string) string {
	return s.Mount + "/" + s.Prefix + "/" + tenant + "/conn/" + connection + "/config"
}

// advice says what to do about a suspension's reason: commands that run, for the connection concerned.
func (s Secrets) advice(r fault.Reason, tenant, connection string) []string {
	path := s.config(tenant, connection)
	on := " " + connection + " --tenant " + tenant
	resume := "holdfast suspensions resume --tenant " + tenant + " --connection " + connection
	switch r {
	case fault.BadCredentials, fault.SecretMalformed, fault.SecretMissing, fault.SecretDestroyed:
		return []string{"vault kv put " + path + " …   # then waiting runs resume by themselves",
			"the same, asked for field by field: holdfast connections rotate" + on}
	case fault.SecretDeleted:
		return []string{"vault kv undelete -versions=N " + path, "vault kv put " + path + " …"}
	case fault.InvalidGrant, fault.AccessDenied, fault.RefreshTokenLost:
		return []string{"let its owner sign in again: holdfast connections authorize" + on,
			"or store what another way gave: vault kv put " + path + " refresh_token=…"}
	case fault.ConnectionMissing:
		return []string{"holdfast connections create --id" + on + " --name NAME …",
			"or give up: holdfast suspensions terminate --tenant " + tenant + " --connection " + connection}
	case fault.ConnectionDeleted:
		return []string{"holdfast connections restore" + on,
			"or give up: holdfast suspensions terminate --tenant " + tenant + " --connection " + connection}
	case fault.ConnectionExpired:
		return []string{"holdfast connections edit" + on + " --expires-at DAY"}
	case fault.ConnectionDisabled:
		return []string{"holdfast connections enable" + on}
	case fault.InvalidClient, fault.UnauthorizedClient, fault.InvalidScope, fault.InvalidTokenRequest,
		fault.UnsupportedGrantType, fault.SettingsInvalid:
		return []string{"correct the connection's settings: holdfast connections edit" + on,
			"the client's own secret: vault kv put " + path + " client_secret=…"}
	default:
		return []string{"once the provider works again: " + resume}
	}
}
