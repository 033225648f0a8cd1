package fault

// Reason is the machine-readable cause of an outcome, a suspension, a delay or a dead letter. The set is
// closed: events, metric labels and dead-letter subjects carry nothing else.
type Reason string

// Reasons of class Auth: the credentials do not work.
const (
	InvalidGrant       Reason = "invalid_grant"       // the provider refused the grant
	AccessDenied       Reason = "access_denied"       // the provider or the account's owner said no
	BadCredentials     Reason = "bad_credentials"     // 401 with fresh credentials
	RefreshTokenLost   Reason = "refresh_token_lost"  // a rotated refresh token was never stored
	SecretMissing      Reason = "secret_missing"      // nothing was ever written, or the path is gone
	SecretDeleted      Reason = "secret_deleted"      // the current version is deleted
	SecretDestroyed    Reason = "secret_destroyed"    // the current version is destroyed
	ConnectionMissing  Reason = "connection_missing"  // no such connection
	ConnectionDeleted  Reason = "connection_deleted"  // the connection was deleted
	ConnectionExpired  Reason = "connection_expired"  // its own end date has passed
	ConnectionDisabled Reason = "connection_disabled" // somebody turned it off
	ProviderUnusable   Reason = "provider_unusable"   // unclear answers until the request's patience ended
)

// Reasons of class Settings: the connection is set up wrongly.
const (
	InvalidClient        Reason = "invalid_client"
	UnauthorizedClient   Reason = "unauthorized_client"
	InvalidScope         Reason = "invalid_scope"
	InvalidTokenRequest  Reason = "invalid_request"
	UnsupportedGrantType Reason = "unsupported_grant_type"
	SecretMalformed      Reason = "secret_malformed" // the secret lacks a field that its method needs
	SettingsInvalid      Reason = "settings_invalid" // the connection's settings can not be used
)

// Reasons of class Operator: Holdfast itself may not do its work.
const (
	VaultForbidden Reason = "vault_forbidden" // 403 after one fresh login
	VaultNoMount   Reason = "vault_no_mount"  // 404, no handler for the route
	VaultLogin     Reason = "vault_login"     // the worker's own login is refused
)

// Reasons of class Transient and Unclear: it may work later.
const (
	VaultSealed         Reason = "vault_sealed"
	VaultThrottled      Reason = "vault_throttled"
	VaultUnavailable    Reason = "vault_unavailable"
	ProviderThrottled   Reason = "provider_throttled"
	ProviderUnavailable Reason = "provider_unavailable"
	ProviderUnclear     Reason = "provider_unclear" // class Unclear
	TargetThrottled     Reason = "target_throttled"
	TargetUnavailable   Reason = "target_unavailable"
	BusUnavailable      Reason = "bus_unavailable"
	LeaseHeld           Reason = "lease_held"          // another worker is getting a token
	Draining            Reason = "draining"            // the worker is stopping and hands the request back
	VerifyingElsewhere  Reason = "verifying"           // another request is trying the new credentials
	Conflict            Reason = "conflict"            // somebody else decided first: look again
	Internal            Reason = "internal"            // a defect of ours: retried, alerted
	PermissionsUnknown  Reason = "permissions_unknown" // whether what is known of permissions is the last word is not known
	Throttled           Reason = "throttled"           // asked too often: ask again later
)

// Reasons of class Failed and Unknown: the action's own end.
const (
	Forbidden      Reason = "forbidden"       // target 403
	TargetRejected Reason = "target_rejected" // target 4xx
	Deadline       Reason = "deadline"        // the request's own deadline passed
	InputInvalid   Reason = "input_invalid"   // the connector can not make a request of this input
	AddressRefused Reason = "address_refused" // loopback, link-local, metadata
	FormulaInvalid Reason = "formula_invalid" // the request's formula can not be evaluated
	EffectUnknown  Reason = "effect_unknown"  // started, and no answer
)

// Reasons of class Denied.
const (
	FormStep           Reason = "form_step"           // a form step that names a connection
	NotAvailable       Reason = "not_available"       // the connection's availability excludes the caller
	NotOwner           Reason = "not_owner"           // a personal connection of somebody else
	OperationForbidden Reason = "operation_forbidden" // the type does not support this connector or operation
	RunTerminated      Reason = "run_terminated"      // the run was terminated before
	NotPermitted       Reason = "not_permitted"       // the actor's roles do not allow it; the rule says which
	RevisionConflict   Reason = "revision_conflict"   // based on a revision that is not the last
	NameTaken          Reason = "name_taken"          // another shared connection of the tenant has the name
	ProcessMissing     Reason = "process_missing"     // no such version of a process, or no such step
	ExecuteAsRefused   Reason = "execute_as_refused"  // the publisher may not use the step's connection
	NotGranted         Reason = "not_granted"         // no permission set grants it; the rule says what is missing
	AppRequired        Reason = "app_required"        // the request names no app, and has to
)

// Reasons of class Invalid: dead letters and rejected connection events.
const (
	NotJSON         Reason = "not_json"
	NotCloudEvents  Reason = "not_cloudevents"
	SchemaVersion   Reason = "schema_version"
	UnknownType     Reason = "unknown_type"
	SchemaViolation Reason = "schema_violation"
	BadID           Reason = "bad_id"
	TenantMismatch  Reason = "tenant_mismatch"
	SubjectMismatch Reason = "subject_mismatch"
	TooLarge        Reason = "too_large"
	TooDeep         Reason = "too_deep"
	DuplicateKey    Reason = "duplicate_key"
	InvalidUTF8     Reason = "invalid_utf8"
	SecretInEvent   Reason = "secret_in_event"
	Stale           Reason = "stale"
	FromTheFuture   Reason = "from_the_future"
	Poison          Reason = "poison" // took its worker down again and again
)

var byClass = map[Class][]Reason{
	Auth: {InvalidGrant, AccessDenied, BadCredentials, RefreshTokenLost, SecretMissing, SecretDeleted,
		SecretDestroyed, ConnectionMissing, ConnectionDeleted, ConnectionExpired, ConnectionDisabled, ProviderUnusable},
	Settings: {InvalidClient, UnauthorizedClient, InvalidScope, InvalidTokenRequest, UnsupportedGrantType,
		SecretMalformed, SettingsInvalid},
	Operator: {VaultForbidden, VaultNoMount, VaultLogin},
	Transient: {VaultSealed, VaultThrottled, VaultUnavailable, ProviderThrottled, ProviderUnavailable,
		TargetThrottled, TargetUnavailable, BusUnavailable, LeaseHeld, Draining, VerifyingElsewhere, Conflict, Internal,
		PermissionsUnknown, Throttled},
	Unclear: {ProviderUnclear},
	Failed:  {Forbidden, TargetRejected, Deadline, InputInvalid, AddressRefused, FormulaInvalid},
	Unknown: {EffectUnknown},
	Denied: {FormStep, NotAvailable, NotOwner, OperationForbidden, RunTerminated, NotPermitted, RevisionConflict,
		NameTaken, ProcessMissing, ExecuteAsRefused, NotGranted, AppRequired},
	Invalid: {NotJSON, NotCloudEvents, SchemaVersion, UnknownType, SchemaViolation, BadID, TenantMismatch,
		SubjectMismatch, TooLarge, TooDeep, DuplicateKey, InvalidUTF8, SecretInEvent, Stale, FromTheFuture, Poison},
}

// Reasons lists every reason of a class, in a fixed order; metrics start each of them at 0.
func Reasons(c Class) []Reason { return append([]Reason(nil), byClass[c]...) }

var classOf = func() map[Reason]Class {
	m := make(map[Reason]Class)
	for c, rs := range byClass {
		for _, r := range rs {
			m[r] = c
		}
	}
	return m
}()

// Class is the class that a reason belongs to; each reason belongs to exactly one. None for a word that
// is no reason.
func (r Reason) Class() Class { return classOf[r] }
