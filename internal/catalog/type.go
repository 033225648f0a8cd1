package catalog

import (
	"cmp"
	"regexp"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// Type is a connection type, ready for use. It does not change and may be shared.
type Type struct {
	Spec

	base, test template
	headers    map[string]template
	patterns   map[string]*regexp.Regexp
	methods    map[string]*method
	failures   []Failure // those that every connector knows without being told are left out
}

// method is a Method with its templates.
type method struct {
	*Method

	urls     map[string]template // by the member of the auth settings
	scopes   []template
	params   map[string]template
	audience template
}

// Tester is the connector that tests connections of the type: that of its first action.
func (t *Type) Tester() string { return t.Actions[0].Connector }

// Permit tells whether an action may use connections of the type that authenticate by method: OperationForbidden,
// with the event's field.
func (t *Type) Permit(method credential.Method, a events.Action) *fault.Fault {
	why, field := "the connection's type does not support this connector", "/data/action/connector"
	for _, own := range t.Actions {
		switch {
		case own.Connector != a.Connector:
		case len(own.Operations) > 0 && !slices.Contains(own.Operations, a.Operation):
			why, field = "the connection's type does not support this operation", "/data/action/operation"
		case len(own.Methods) > 0 && !slices.Contains(own.Methods, method):
			why, field = "the operation does not support the connection's authentication method", "/data/action/operation"
		default:
			return nil
		}
	}
	return fault.New(fault.OperationForbidden, why).WithField(field)
}

// MethodNames are the authentication methods that the type allows, as connections write them.
func (t *Type) MethodNames() []string {
	names := make([]string, len(t.Auth))
	for i, m := range t.Auth {
		names[i] = string(m.Method)
	}
	return names
}

// Method finds an authentication method that the type allows.
func (t *Type) Method(name credential.Method) (Method, bool) {
	m, ok := t.methods[string(name)]
	if !ok {
		return Method{}, false
	}
	return *m.Method, true
}

// SecretFields are the fields of the secret of a connection with the method, named as the target names them, and
// the type's secret settings.
func (t *Type) SecretFields(name credential.Method) []credential.Field {
	fields := name.Fields()
	m, _ := t.Method(name)
	for i, f := range fields {
		if title, ok := m.Fields[f.Name]; ok {
			fields[i].Title = title
		}
	}
	for _, s := range t.Settings {
		if s.Secret {
			fields = append(fields, credential.Field{Name: s.Name, Title: s.Title, Optional: !s.Required})
		}
	}
	return fields
}

// Place is where the type is described, for people.
func (t *Type) Place() string { return cmp.Or(t.From, "built in") }

// Told are the ways to say "bad credentials" that a connector has to be told: all but a bare 401.
func (t *Type) Told() []Failure { return slices.Clone(t.failures) }

// RefreshLife is how long a refresh token works, or works unused; 0: not documented.
func (t *Type) RefreshLife() time.Duration { return time.Duration(t.RefreshTokenLife) }
