package testkit

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"holdfast/internal/devproc"
)

// IDP is a real OAuth 2.0 and OpenID provider of a test's own. What a test sets up is forgotten at its end.
type IDP struct {
	// Address is the issuer's URL; the endpoints are below it, see TokenURL.
	Address string

	admin jsonAPI
	proc  *devproc.Process
}

// IDPClient is a client of the provider. Fields that are not set have the provider's defaults: all grant
// types, the scopes openid, offline and api, either way to authenticate, an hour and thirty days.
type IDPClient struct {
	Secret          string   `json:"secret,omitempty"`
	RotatedSecrets  []string `json:"rotated_secrets,omitempty"` // older secrets that still work
	GrantTypes      []string `json:"grant_types,omitempty"`
	Scopes          []string `json:"scopes,omitempty"`
	RedirectURIs    []string `json:"redirect_uris,omitempty"`
	AuthStyle       string   `json:"auth_style,omitempty"`        // "header" or "params" alone
	AccessTokenTTL  string   `json:"access_token_ttl,omitempty"`  // like "90s"; whole seconds
	RefreshTokenTTL string   `json:"refresh_token_ttl,omitempty"` // like "90s"; whole seconds
	JWTKey          string   `json:"jwt_key,omitempty"`           // public key (PEM) for assertions
	AutoConsent     string   `json:"auto_consent,omitempty"`      // the user that /authorize signs in unasked
	OneToken        bool     `json:"one_token,omitempty"`         // a new access token ends the client's others
}

// IDPTokens are what a sign-in gives.
type IDPTokens struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int    `json:"expires_in"` // seconds
	Scope        string `json:"scope"`
}

// IDPFault is how one endpoint fails: see cmd/devidp for the modes (slow, status, reset, html200, empty200,
// truncated, echo, invalid_grant_500, error).
type IDPFault struct {
	Mode        string            `json:"mode"`
	Status      int               `json:"status,omitempty"`
	Body        string            `json:"body,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Error       string            `json:"error,omitempty"`             // for mode error
	Description string            `json:"error_description,omitempty"` // for mode error
	DelayMS     int               `json:"delay_ms,omitempty"`
	LoseAnswer  bool              `json:"lose_answer,omitempty"` // the work is done, its answer cut off
	Count       *int              `json:"count,omitempty"`       // how many requests it lasts; nil: for ever
	ClientID    string            `json:"client_id,omitempty"`   // only for this client's token requests
	GrantType   string            `json:"grant_type,omitempty"`  // only for this grant's
}

// IDPCalls counts what the provider was asked for since the start or the last ResetCalls.
type IDPCalls struct {
	Endpoints     map[string]int `json:"endpoints"` // token, authorize, introspect, revoke, userinfo, …
	Grants        map[string]int `json:"grants"`    // token requests by grant type
	Clients       map[string]int `json:"clients"`   // token requests by client
	Issued        map[string]int `json:"issued"`    // token requests that gave tokens, by grant type
	RefreshReused int            `json:"refresh_reused"`
	Faults        int            `json:"faults"`
}

// StartIDP starts a provider and stops it when the test ends. The first call on a machine builds it.
func StartIDP(tb testing.TB) *IDP {
	tb.Helper()
	p := &IDP{proc: startProgram(tb, "devidp", "--listen", "127.0.0.1:0")}
	var ready struct {
		Address string `json:"address"`
		Admin   string `json:"admin"`
	}
	if err := p.proc.Decode(&ready); err != nil {
		tb.Fatal(err)
	}
	p.Address, p.admin = ready.Address, jsonAPI{base: ready.Admin, header: http.Header{}}
	return p
}

// TokenURL is the token endpoint.
func (p *IDP) TokenURL() string { return p.Address + "/token" }

// Client creates or replaces a client; tokens that it has stay good.
func (p *IDP) Client(tb testing.TB, id string, c IDPClient) {
	tb.Helper()
	p.admin.must(tb, http.MethodPut, "/clients/"+url.PathEscape(id), c, nil)
}

// User creates or replaces a user.
func (p *IDP) User(tb testing.TB, name, password string) {
	tb.Helper()
	p.admin.must(tb, http.MethodPut, "/users/"+url.PathEscape(name), map[string]string{"password": password}, nil)
}

// Grant gives tokens as if the user had signed in for the client. Without scopes it is for all that the
// client may ask for; a refresh token needs offline among them.
func (p *IDP) Grant(tb testing.TB, client, user string, scopes ...string) IDPTokens {
	tb.Helper()
	var out IDPTokens
	body := map[string]any{"client_id": client, "user": user, "scopes": scopes}
	p.admin.must(tb, http.MethodPost, "/grants", body, &out)
	return out
}

// Revoke revokes the token families of a client, a user, or both together; empty means any. It gives how
// many there were.
func (p *IDP) Revoke(tb testing.TB, client, user string) int {
	tb.Helper()
	return p.revoke(tb, map[string]string{"client_id": client, "user": user})
}

func (p *IDP) revoke(tb testing.TB, what map[string]string) int {
	tb.Helper()
	var out struct {
		Revoked int `json:"revoked"`
	}
	p.admin.must(tb, http.MethodPost, "/revoke", what, &out)
	return out.Revoked
}

// Faults makes endpoints (token, authorize, …) fail, in place of all faults set before.
func (p *IDP) Faults(tb testing.TB, byEndpoint map[string]IDPFault) {
	tb.Helper()
	p.admin.must(tb, http.MethodPut, "/faults", byEndpoint, nil)
}

// NoFaults ends all faults.
func (p *IDP) NoFaults(tb testing.TB) {
	tb.Helper()
	p.admin.must(tb, http.MethodDelete, "/faults", nil, nil)
}

// Slow is a fault that gives the right answer after a while.
func Slow(d time.Duration) IDPFault { return IDPFault{Mode: "slow", DelayMS: int(d.Milliseconds())} }

// Calls are the counts so far.
func (p *IDP) Calls(tb testing.TB) IDPCalls {
	tb.Helper()
	var out IDPCalls
	p.admin.must(tb, http.MethodGet, "/calls", nil, &out)
	return out
}

// ResetCalls starts the counts at 0 again.
func (p *IDP) ResetCalls(tb testing.TB) {
	tb.Helper()
	p.admin.must(tb, http.MethodDelete, "/calls", nil, nil)
}

// Kill ends the provider with SIGKILL.
func (p *IDP) Kill() { p.proc.Kill() }
