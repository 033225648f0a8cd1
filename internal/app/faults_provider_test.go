package app_test

import (
	"fmt"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// providerSights are a provider's answers to a request for an access token.
func providerSights() []sight {
	rows := []sight{
		{seen: "provider: invalid_client", class: fault.Settings, reason: fault.InvalidClient,
			arrange: func(s *scene) {
				s.clientOf(map[string]any{"client_secret": "wrong"}, testkit.IDPClient{Secret: clientSecret})
			}},
		{seen: "provider: unauthorized_client", class: fault.Settings, reason: fault.UnauthorizedClient,
			arrange: func(s *scene) {
				s.clientOf(goodSecret, testkit.IDPClient{Secret: clientSecret, GrantTypes: []string{"password"}})
			}},
		{seen: "provider: invalid_scope", class: fault.Settings, reason: fault.InvalidScope,
			arrange: func(s *scene) {
				s.clientOf(goodSecret, testkit.IDPClient{Secret: clientSecret, Scopes: []string{"openid"}})
			}},
		{seen: "provider: invalid_grant", class: fault.Auth, reason: fault.InvalidGrant,
			arrange: func(s *scene) { s.authorized(s.p, s.id, "1h"); s.p.Revoke(s, s.id, "ann") },
			repair:  func(s *scene) { s.vault.Put(s, secretPath(s.id), s.p.authorize(s, s.id)) }},
		providerSays("access_denied", fault.Auth, fault.AccessDenied, oauthError("access_denied", 403)),
		providerSays("invalid_request", fault.Settings, fault.InvalidTokenRequest, oauthError("invalid_request", 400)),
		providerSays("unsupported_grant_type", fault.Settings, fault.UnsupportedGrantType, oauthError("unsupported_grant_type", 400)),
		providerSays("invalid_grant with status 200", fault.Auth, fault.InvalidGrant, oauthError("invalid_grant", 200)),
		providerSays("a bare 401", fault.Auth, fault.BadCredentials, status(401, "")),
	}
	for i := range rows {
		rows[i].follows = isSuspended
		if rows[i].repair == nil {
			rows[i].repair = newSecret
		}
	}
	return append(rows, append(providerTrouble(), providerUnclear()...)...)
}

// providerTrouble passes.
func providerTrouble() []sight {
	trouble := func(seen string, r fault.Reason, f testkit.IDPFault) sight {
		row := providerSays(seen, fault.Transient, r, f)
		row.follows = isRetried
		return row
	}
	rows := []sight{
		trouble("temporarily_unavailable", fault.ProviderUnavailable, oauthError("temporarily_unavailable", 400)),
		trouble("server_error", fault.ProviderUnavailable, oauthError("server_error", 400)),
		trouble("invalid_grant with status 500", fault.ProviderUnavailable, testkit.IDPFault{Mode: "invalid_grant_500"}),
		trouble("a reset", fault.ProviderUnavailable, testkit.IDPFault{Mode: "reset"}),
		trouble("an HTML page with status 200", fault.ProviderUnavailable, testkit.IDPFault{Mode: "html200"}),
		trouble("nothing with status 200", fault.ProviderUnavailable, testkit.IDPFault{Mode: "empty200"}),
		trouble("a body that breaks off", fault.ProviderUnavailable, testkit.IDPFault{Mode: "truncated"}),
		trouble("no answer in time", fault.ProviderUnavailable, testkit.Slow(2*time.Second)),
	}
	for _, code := range []int{408, 425, 500, 502, 503, 504} {
		rows = append(rows, trouble(fmt.Sprint(code), fault.ProviderUnavailable, status(code, "<html>later</html>")))
	}
	later := status(429, "")
	later.Headers = map[string]string{"Retry-After": "1"}
	throttled := trouble("429 with Retry-After", fault.ProviderThrottled, later)
	throttled.noSooner = 800 * time.Millisecond
	rows = append(rows, throttled)
	for _, f := range []testkit.IDPFault{{Mode: "invalid_grant_500"}, status(502, ""), {Mode: "reset"}} {
		f.Count = count(1)
		row := trouble(fmt.Sprintf("refresh: %s %d", f.Mode, f.Status), fault.ProviderUnavailable, f)
		row.arrange = func(s *scene) { s.authorized(s.p, s.id, "1h"); s.p.fails(s, f) }
		if row.follows = isRetried; f.Mode == "reset" {
			row.class, row.reason, row.follows = fault.None, "", isCured // asked again at once
		}
		rows = append(rows, row)
	}
	return rows
}

// providerUnclear is what may pass or may not.
func providerUnclear() []sight {
	var rows []sight
	for _, f := range []testkit.IDPFault{status(404, "<html>not here</html>"), status(403, "<html>blocked</html>"), status(302, "")} {
		row := providerSays(fmt.Sprintf("an unclear %d, for good", f.Status), fault.Auth, fault.ProviderUnusable, f)
		row.follows, row.before = isPatient, fault.ProviderUnclear
		row.repair = func(*scene) {} // the provider was mended: nobody has to do anything here
		short := providerSays(fmt.Sprintf("an unclear %d, for a moment", f.Status), fault.Unclear, fault.ProviderUnclear, f)
		short.follows = isRetried
		rows = append(rows, row, short)
	}
	return rows
}

var goodSecret = map[string]any{"client_secret": clientSecret}

// clientOf makes connection s.id with client credentials that the provider may think otherwise of.
func (s *scene) clientOf(secret map[string]any, c testkit.IDPClient) {
	s.Helper()
	s.p.Client(s, s.id, c)
	s.connectWith(s.id, secret, s.p.oauth("oauth2_client_credentials"))
}

// newSecret makes a new client with a new secret.
func newSecret(s *scene) {
	s.p.Client(s, s.id, testkit.IDPClient{Secret: clientSecret})
	s.vault.Put(s, secretPath(s.id), goodSecret)
}

func providerSays(seen string, c fault.Class, r fault.Reason, f testkit.IDPFault) sight {
	return sight{seen: "provider: " + seen, class: c, reason: r, arrange: func(s *scene) {
		s.clientOf(goodSecret, testkit.IDPClient{Secret: clientSecret})
		s.p.fails(s, f)
	}}
}

// fails makes the provider fail for the connection of the scene alone.
func (p *provider) fails(s *scene, f testkit.IDPFault) {
	f.ClientID = s.id
	p.Faults(s, map[string]testkit.IDPFault{"token": f})
}

func oauthError(code string, status int) testkit.IDPFault {
	return testkit.IDPFault{Mode: "error", Error: code, Status: status, Description: "as told"}
}

func status(code int, body string) testkit.IDPFault {
	return testkit.IDPFault{Mode: "status", Status: code, Body: body}
}

func count(n int) *int { return &n }
