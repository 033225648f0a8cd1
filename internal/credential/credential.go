// Package credential is what authentication yields and connectors put on a request.
package credential

import (
	"encoding/base64"
	"time"

	"holdfast/internal/secret"
)

// Method names how a connection authenticates; connections carry it as `auth.method`.
type Method string

// The methods that Holdfast knows. A connection type allows some of them.
const (
	None              Method = "none"
	Basic             Method = "basic"
	APIKey            Method = "api_key"
	Bearer            Method = "bearer"
	ClientCredentials Method = "oauth2_client_credentials" //nolint:gosec // a name
	RefreshToken      Method = "oauth2_refresh_token"      //nolint:gosec // a name
	JWTBearer         Method = "oauth2_jwt_bearer"         //nolint:gosec // a name
)

// Credential is one HTTP header and what must be masked wherever it comes back.
type Credential struct {
	// Header is the header's name, "Authorization" mostly; empty for method none.
	Header string
	// Value is the whole header value, scheme included.
	Value secret.Value
	// Secrets are all values to mask in answers: passwords, tokens, and the header value.
	Secrets []secret.Value
	// Expires is when it stops working; zero where that is not known.
	Expires time.Time
	// SecretVersion is the Vault version of the connection's config secret that it was made from.
	SecretVersion int
}

// NewBasic is RFC 7617 user name and password.
func NewBasic(user string, password secret.Value) Credential {
	pair := base64.StdEncoding.EncodeToString([]byte(user + ":" + password.Reveal()))
	return Credential{
		Header:  "Authorization",
		Value:   secret.New("Basic " + pair),
		Secrets: []secret.Value{password, secret.New(pair)},
	}
}

// NewBearer is an RFC 6750 bearer token that stops working at expires (zero: not known).
func NewBearer(token secret.Value, expires time.Time) Credential {
	return Credential{
		Header:  "Authorization",
		Value:   secret.New("Bearer " + token.Reveal()),
		Secrets: []secret.Value{token},
		Expires: expires,
	}
}

// NewHeader is an API key in a header of the target's own.
func NewHeader(name string, key secret.Value) Credential {
	return Credential{Header: name, Value: key, Secrets: []secret.Value{key}}
}

// AsksProvider tells whether a method gets its credential from an identity provider: a provider that gives
// a token has answered whether the connection's own credentials work.
func (m Method) AsksProvider() bool {
	return m == ClientCredentials || m == RefreshToken || m == JWTBearer
}
