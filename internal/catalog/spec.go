package catalog

import (
	"encoding"
	"time"

	"holdfast/internal/credential"
)

// Target is what kind of thing a connection of a type leads to.
type Target string

// The targets.
const (
	WebService     Target = "web_service"
	List           Target = "list"
	Site           Target = "site"
	SiteCollection Target = "site_collection"
	Tenancy        Target = "tenancy"
)

// Spec is a connection type as its file describes it. Members that hold templates say so.
type Spec struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Docs is the address of the public documentation that the type follows.
	Docs   string `json:"docs"`
	Help   string `json:"help,omitempty"`
	Target Target `json:"target"`
	// BaseURL is a template: every path of an action is below it.
	BaseURL  string    `json:"base_url"`
	Settings []Setting `json:"settings,omitempty"`
	Auth     []Method  `json:"auth"`
	// Test is a template: a path, perhaps with a query, that GET answers 2xx to if the credential works.
	Test string `json:"test,omitempty"`
	// BadCredentials are the ways in which this target says "bad credentials", beside 401.
	BadCredentials []Failure `json:"bad_credentials,omitempty"`
	// Headers go with every request; their values are templates.
	Headers map[string]string `json:"headers,omitempty"`
	Actions []Action          `json:"actions"`
	// ResumesPerSecond bounds how fast suspended runs of one connection are resumed; 0: the worker's rate.
	ResumesPerSecond float64 `json:"resumes_per_second,omitempty"`
	// RefreshTokenLife is how long a refresh token works, or works unused; 0: not documented, or for ever.
	RefreshTokenLife Duration `json:"refresh_token_life,omitzero"`
	// Replaces names the built-in type that this one takes the place of: its own name.
	Replaces string `json:"replaces,omitempty"`
	// From is the file that the type was read from, and no part of it; empty for one that is built in.
	From string `json:"from,omitempty"`
}

// Setting is one setting of a type's connections.
type Setting struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Help     string `json:"help,omitempty"`
	Type     string `json:"type"`            // string, integer, boolean or list
	Items    string `json:"items,omitempty"` // of a list: string (where empty) or integer
	Required bool   `json:"required,omitempty"`
	Default  any    `json:"default,omitempty"`
	// Pattern is a regular expression (RE2) that the whole of a string matches.
	Pattern string `json:"pattern,omitempty"`
	// Secret settings are fields of the connection's secret in Vault; an event that carries one is refused.
	Secret bool `json:"secret,omitempty"`
	// Passed settings go to the connector under their own name, as they are.
	Passed bool `json:"passed,omitempty"`
}

// Method is an authentication method that a type allows, and what it needs to know for it. All URLs, scopes,
// parameters and the audience are templates.
type Method struct {
	Method credential.Method `json:"method"`
	Help   string            `json:"help,omitempty"`
	// Fields says what the fields of the secret are called at this target.
	Fields map[string]string `json:"fields,omitempty"`
	// Header is the one that an API key travels in.
	Header       string   `json:"header,omitempty"`
	AuthorizeURL string   `json:"authorize_url,omitempty"`
	TokenURL     string   `json:"token_url,omitempty"`
	DeviceURL    string   `json:"device_url,omitempty"`
	RevokeURL    string   `json:"revoke_url,omitempty"` // RFC 7009
	Scopes       []string `json:"scopes,omitempty"`     // where the connection names none
	// PKCE tells that the provider takes a code challenge (RFC 7636).
	PKCE            bool              `json:"pkce,omitempty"`
	AuthorizeParams map[string]string `json:"authorize_params,omitempty"`
	TokenParams     map[string]string `json:"token_params,omitempty"`
	AuthStyle       string            `json:"auth_style,omitempty"` // header or params
	Audience        string            `json:"audience,omitempty"`
	Algorithm       string            `json:"algorithm,omitempty"`
}

// Failure is one way to say "bad credentials": a status, alone or with a body that matches.
type Failure struct {
	Status int    `json:"status"`
	Body   string `json:"body,omitempty"` // a regular expression (RE2)
}

// Action is a connector whose operations connections of the type may be used with, and the authentication methods
// that these work with; none named: all of them.
type Action struct {
	Connector  string              `json:"connector"`
	Operations []string            `json:"operations,omitempty"`
	Methods    []credential.Method `json:"methods,omitempty"`
}

// Duration is a time.Duration that is written as Go writes it, such as 2160h.
type Duration time.Duration

var (
	_ encoding.TextMarshaler   = Duration(0)
	_ encoding.TextUnmarshaler = (*Duration)(nil)
)

// MarshalText is time.Duration's text.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads time.Duration's text.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}
