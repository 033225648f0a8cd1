package oauth

import (
	"context"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"
	"golang.org/x/oauth2"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Authorization is one sign-in of a person at the provider (RFC 6749 section 4.1, with PKCE of RFC 7636).
type Authorization struct {
	// AuthorizeURL is the authorization endpoint, an absolute http or https URL; it may have a query.
	AuthorizeURL string
	// RedirectURI is where the provider sends the browser back to, exactly as it is registered there.
	RedirectURI string
	// State comes back as it is.
	State string
	// Verifier proves at the exchange that it was we who began: 43 to 128 unreserved characters.
	Verifier secret.Value
	// Params are added to the URL, "access_type" or "prompt" for example; those of the flow itself are refused.
	Params map[string]string
}

// URL is where to send the person's browser. Only the verifier's digest is in it.
func (a Authorization) URL(e Endpoint) (string, error) {
	if err := checkURL(a.AuthorizeURL, "/auth/authorize_url", "authorization URL"); err != nil {
		return "", err
	}
	if err := e.needClientID(); err != nil {
		return "", err
	}
	conf := oauth2.Config{
		ClientID: e.ClientID, RedirectURL: a.RedirectURI, Scopes: e.Scopes,
		Endpoint: oauth2.Endpoint{AuthURL: a.AuthorizeURL},
	}
	options := []oauth2.AuthCodeOption{oauth2.S256ChallengeOption(a.Verifier.Reveal())}
	for name, value := range a.Params {
		if reserved(name) || ofTheFlow(name) {
			return "", wrong("/auth/params/"+pointer.Replace(name), "an authorization request's own parameter can not be set in params")
		}
		options = append(options, oauth2.SetAuthURLParam(name, value))
	}
	return conf.AuthCodeURL(a.State, options...), nil
}

// Exchange spends the code that came back (RFC 6749 section 4.1.3). The client asks once: a code works once.
func (c *Client) Exchange(ctx context.Context, e Endpoint, a Authorization, code secret.Value) (Token, error) {
	if err := e.needClientID(); err != nil {
		return Token{}, err
	}
	return c.request(ctx, e, map[string]secret.Value{
		"grant_type":    secret.New("authorization_code"),
		"code":          code,
		"redirect_uri":  secret.New(a.RedirectURI),
		"code_verifier": a.Verifier,
	})
}

// From tells whether an answer that names its issuer (RFC 9207; empty: it does not) can be from the provider that
// was asked. Connections name no issuer, so it is held to the authorization endpoint's site: providers have both on
// one, if not always on one host.
func (a Authorization) From(issuer string) bool {
	if issuer == "" {
		return true
	}
	asked, err := url.Parse(a.AuthorizeURL)
	says, err2 := url.Parse(issuer)
	return err == nil && err2 == nil && site(asked.Hostname()) == site(says.Hostname())
}

// site is the part of a host name that somebody registered; addresses and local names are their own.
func site(host string) string {
	if net.ParseIP(host) != nil {
		return host
	}
	registered, err := publicsuffix.EffectiveTLDPlusOne(strings.ToLower(host))
	if err != nil {
		return host
	}
	return registered
}

// Foreign is an answer of another provider than was asked.
func Foreign() *fault.Fault {
	return fault.New(fault.NotPermitted, "the answer came from another identity provider than the one that was asked").
		WithHint("sign in again; if it stays, compare the provider's issuer with the address that people are sent to")
}

func ofTheFlow(param string) bool {
	switch param {
	case "response_type", "redirect_uri", "state", "code", "code_challenge", "code_challenge_method", "code_verifier", "device_code":
		return true
	}
	return false
}

// checkURL looks at an address that people are sent to or that we call, without repeating it.
func checkURL(text, field, what string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return wrong(field, "the "+what+" is not an absolute http or https URL")
	case u.User != nil:
		return wrong(field, "the "+what+" carries a user name: it belongs into client_id and the secret")
	case u.Fragment != "":
		return wrong(field, "the "+what+" carries a fragment") // RFC 6749 sections 3.1 and 3.2
	}
	return nil
}

// Refused is what a provider's error on the way back means, in fixed words that a person can act on (RFC 6749
// section 4.1.2.1, OpenID Connect Core section 3.1.2.6). The provider's own text is never repeated.
func Refused(code string) *fault.Fault {
	known, ok := refusals[code]
	if !ok {
		return fault.New(fault.ProviderUnclear, "the identity provider refused the sign-in and gave no reason that is known here").
			WithHint("try again; if it stays, look into the identity provider's own log")
	}
	return fault.New(known.reason, known.text).WithHint(known.hint)
}

var refusals = map[string]struct {
	reason     fault.Reason
	text, hint string
}{
	"access_denied": {fault.AccessDenied, "the sign-in was cancelled, or the account may not allow this access",
		"sign in again, or ask the account's administrator to allow it"},
	"consent_required": {fault.AccessDenied, "the account has not agreed to what the connection asks for",
		"sign in again and agree, or ask the account's administrator to agree for all"},
	"login_required":             {fault.AccessDenied, "nobody is signed in at the identity provider", "sign in again"},
	"interaction_required":       {fault.AccessDenied, "the identity provider needs to ask something first", "sign in again"},
	"account_selection_required": {fault.AccessDenied, "no account was chosen at the identity provider", "sign in again and choose one"},
	"unauthorized_client": {fault.UnauthorizedClient, "the identity provider does not let this client sign people in",
		"allow the client the authorization code grant at the provider"},
	"invalid_scope": {fault.InvalidScope, "the identity provider does not know a scope that the connection asks for, or does not allow it",
		"check the connection's scopes against what the provider allows this client"},
	"invalid_request": {fault.InvalidTokenRequest, "the identity provider did not understand the request",
		"check the connection's authorize_url and parameters"},
	"unsupported_response_type": {fault.UnauthorizedClient, "the identity provider does not offer the authorization code grant to this client",
		"allow the client the authorization code grant at the provider"},
	"server_error":            {fault.ProviderUnavailable, "the identity provider had a failure of its own", "try again in a while"},
	"temporarily_unavailable": {fault.ProviderUnavailable, "the identity provider is not available at the moment", "try again in a while"},
}
