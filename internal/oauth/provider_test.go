package oauth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

// TestO4_ARealProvidersAnswers asks a real provider for every answer that it can be brought to give.
func TestO4_ARealProvidersAnswers(t *testing.T) {
	idp := testkit.StartIDP(t)
	client := newClient(t)
	key := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	public := string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: must(x509.MarshalPKIXPublicKey(&key.PublicKey))}))
	idp.User(t, "ann", "pw")
	idp.Client(t, "app", testkit.IDPClient{Secret: canaryClient, JWTKey: public})
	idp.Client(t, "narrow", testkit.IDPClient{Secret: canaryClient, GrantTypes: []string{"authorization_code"}})
	spent := secret.New(idp.Grant(t, "app", "ann").RefreshToken)
	good := oauth.Endpoint{TokenURL: idp.TokenURL(), ClientID: "app", ClientSecret: secret.New(canaryClient), Scopes: []string{"api"}}
	with := func(change func(*oauth.Endpoint)) oauth.Endpoint { e := good; change(&e); return e }
	credentials := func(e oauth.Endpoint) error { _, err := client.ClientCredentials(t.Context(), e); return err }
	refresh := func(token secret.Value) error { _, err := client.Refresh(t.Context(), good, token); return err }

	for name, c := range map[string]struct {
		fault *testkit.IDPFault
		ask   func() error
		want  fault.Reason
	}{
		"client credentials": {nil, func() error { return credentials(good) }, ""},
		"refresh":            {nil, func() error { return refresh(secret.New(idp.Grant(t, "app", "ann").RefreshToken)) }, ""},
		"refresh twice":      {nil, func() error { return errors.Join(refresh(spent), refresh(spent)) }, fault.InvalidGrant},
		"refresh nonsense":   {nil, func() error { return refresh(secret.New(canaryRefresh)) }, fault.InvalidGrant},
		"no such client":     {nil, func() error { return credentials(with(func(e *oauth.Endpoint) { e.ClientID = "nobody" })) }, fault.InvalidClient},
		"wrong secret": {nil, func() error {
			return credentials(with(func(e *oauth.Endpoint) { e.ClientSecret = secret.New("canary-x") }))
		}, fault.InvalidClient},
		"wrong scope": {nil, func() error { return credentials(with(func(e *oauth.Endpoint) { e.Scopes = []string{"root"} })) }, fault.InvalidScope},
		"wrong grant": {nil, func() error { return credentials(with(func(e *oauth.Endpoint) { e.ClientID = "narrow" })) }, fault.UnauthorizedClient},
		"assertion": {nil, func() error {
			_, err := client.JWTBearer(t.Context(), good, oauth.Assertion{PrivateKey: pemOf(t, key), Algorithm: "ES256", Subject: "ann"})
			return err
		}, fault.InvalidGrant}, // our clock stands still in the past
		"down":            {&testkit.IDPFault{Mode: "status"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
		"throttled":       {&testkit.IDPFault{Mode: "status", Status: 429}, func() error { return credentials(good) }, fault.ProviderThrottled},
		"reset":           {&testkit.IDPFault{Mode: "reset"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
		"page":            {&testkit.IDPFault{Mode: "html200"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
		"nothing":         {&testkit.IDPFault{Mode: "empty200"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
		"truncated":       {&testkit.IDPFault{Mode: "truncated"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
		"refusal in 500":  {&testkit.IDPFault{Mode: "invalid_grant_500"}, func() error { return refresh(secret.New(canaryRefresh)) }, fault.ProviderUnavailable},
		"denied":          {&testkit.IDPFault{Mode: "error", Error: "access_denied"}, func() error { return credentials(good) }, fault.AccessDenied},
		"unsupported":     {&testkit.IDPFault{Mode: "error", Error: "unsupported_grant_type"}, func() error { return credentials(good) }, fault.UnsupportedGrantType},
		"bare 401":        {&testkit.IDPFault{Mode: "status", Status: 401}, func() error { return credentials(good) }, fault.BadCredentials},
		"echo":            {&testkit.IDPFault{Mode: "echo"}, func() error { return refresh(secret.New(canaryRefresh)) }, fault.InvalidTokenRequest},
		"answer cut away": {&testkit.IDPFault{LoseAnswer: true, Mode: "none"}, func() error { return credentials(good) }, fault.ProviderUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			if c.fault != nil {
				idp.Faults(t, map[string]testkit.IDPFault{"token": *c.fault})
				defer idp.NoFaults(t)
			}
			err := c.ask()
			if c.want == "" && err != nil || c.want != "" && (err == nil || fault.From(err).Reason != c.want) {
				t.Fatalf("got %v, want %q", err, c.want)
			}
			if err != nil {
				noCanary(t, err)
			}
		})
	}
}
