// Package fault says what went wrong in words that may leave the process: a class, which decides what
// happens to the run, and a reason, which tells people and metrics why. Both are closed sets.
package fault

// Class decides what follows from a failure.
type Class uint8

// The classes, from what stops a run to what only delays it.
const (
	// None is the zero class: nothing went wrong.
	None Class = iota
	// Auth means that the credentials do not work: the run is suspended.
	Auth
	// Settings means that the connection is set up wrongly: the run is suspended, with that reason.
	Settings
	// Operator means that Holdfast itself may not do its work (its Vault token, a policy, a mount):
	// the request is retried, operators are alerted, nothing is suspended.
	Operator
	// Transient means that it may work later: the request is retried with backoff.
	Transient
	// Unclear is transient at first; when the request's patience ends, the run is suspended as
	// provider_unusable.
	Unclear
	// Failed means that the action was refused or failed for good: outcome failed.
	Failed
	// Denied means that a rule of Holdfast forbids it: outcome denied.
	Denied
	// Invalid means that the message can not be handled: dead letter.
	Invalid
	// Unknown means that an effect may or may not have happened, and that nobody can tell but a person.
	Unknown
)

var classNames = [...]string{
	None: "none", Auth: "auth", Settings: "settings", Operator: "operator", Transient: "transient",
	Unclear: "unclear", Failed: "failed", Denied: "denied", Invalid: "invalid", Unknown: "unknown",
}

// String is the class in one lower-case word, as logs and metric labels carry it.
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return "none"
}

// Suspends tells whether a failure of this class suspends the run.
func (c Class) Suspends() bool { return c == Auth || c == Settings }

// Retries tells whether a failure of this class is worth another try later.
func (c Class) Retries() bool { return c == Operator || c == Transient || c == Unclear }
