package oauth

import (
	"net/url"
	"strings"

	"golang.org/x/oauth2"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Endpoint is a provider's token endpoint and who we are to it. It prints without its secret.
type Endpoint struct {
	// TokenURL is an absolute http or https URL.
	TokenURL string
	// ClientID may be empty for JWT bearer only, where client authentication is optional (RFC 7523 section 3.1);
	// it is the assertion's issuer then, unless that has one of its own.
	ClientID string
	// ClientSecret is empty for a public client: its id then goes into the body (RFC 6749 section 3.2.1).
	ClientSecret secret.Value
	// AuthStyle is how id and secret are sent: "header" (RFC 6749 section 2.3.1, also when empty) or "params".
	AuthStyle string
	// Scopes are asked for by client credentials and JWT bearer; a refresh keeps the scopes of its grant.
	Scopes []string
	// Params are sent besides, "audience" or "resource" for example; those that a grant is made of are refused.
	Params map[string]string
}

func (e Endpoint) style() (oauth2.AuthStyle, error) {
	switch {
	case e.AuthStyle != "" && e.AuthStyle != "header" && e.AuthStyle != "params":
		return 0, wrong("/auth/auth_style", "auth_style is neither header nor params")
	case e.AuthStyle == "params" || e.ClientSecret.Empty():
		return oauth2.AuthStyleInParams, nil
	default:
		return oauth2.AuthStyleInHeader, nil
	}
}

// check looks at what the library would otherwise complain about in words that hold the URL.
func (e Endpoint) check() error {
	return checkURL(e.TokenURL, "/auth/token_url", "token URL")
}

// form is the grant's parameters and the connection's own, which may not stand in for the grant's.
func (e Endpoint) form(grant map[string]secret.Value) (url.Values, error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	form := make(url.Values, len(grant)+len(e.Params))
	for name, value := range e.Params {
		if reserved(name) {
			return nil, wrong("/auth/params/"+pointer.Replace(name), "a token request's own parameter can not be set in params").
				WithHint("client id, scopes and the like have settings of their own")
		}
		form.Set(name, value)
	}
	for name, value := range grant {
		if !value.Empty() {
			form.Set(name, value.Reveal())
		}
	}
	return form, nil
}

// pointer escapes a name for use in a JSON pointer (RFC 6901).
var pointer = strings.NewReplacer("~", "~0", "/", "~1")

func reserved(param string) bool {
	switch param {
	case "grant_type", "scope", "client_id", "client_secret", "refresh_token", "assertion",
		"client_assertion", "client_assertion_type":
		return true
	}
	return false
}

func wrong(field, what string) *fault.Fault {
	return fault.New(fault.SettingsInvalid, what).WithField(field)
}
