package app_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"testing"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

const clientSecret = "app-client-secret"

// provider is a real identity provider, and a target that asks it about the tokens that it is shown.
type provider struct {
	*testkit.IDP

	target *devtarget.Target
	base   string
}

func (w *world) provider() *provider {
	w.Helper()
	p := &provider{IDP: testkit.StartIDP(w)}
	p.Client(w, "target", testkit.IDPClient{Secret: "target-secret"})
	p.User(w, "ann", "pw")
	p.target = devtarget.New(devtarget.Options{Introspection: devtarget.Introspection{
		URL: p.Address + "/introspect", ClientID: "target", ClientSecret: "target-secret",
	}})
	address, err := p.target.Start("127.0.0.1:0")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { _ = p.target.Stop(context.Background()) })
	p.base = "http://" + address
	return p
}

// oauth makes a connection to the provider's target; its client has the connection's id.
func (p *provider) oauth(method string, with ...func(*events.AuthSettings)) func(*events.Connection) {
	return func(c *events.Connection) {
		c.Auth = events.AuthSettings{Method: method, TokenURL: p.TokenURL(), ClientID: c.ID, Scopes: []string{"api"}}
		for _, change := range with {
			change(&c.Auth)
		}
		c.Settings = json.RawMessage(fmt.Sprintf(`{"base_url":%q}`, p.base+"/bearer"))
	}
}

// connectWith creates a connection with a secret of its own and waits until it is in the registry.
func (w *world) connectWith(id string, secret map[string]any, with ...func(*events.Connection)) {
	w.Helper()
	if secret != nil {
		w.vault.Put(w, secretPath(id), secret)
	}
	w.publish(events.ConnectionCreated, w.basic(id, with...))
	testkit.Eventually(w, patient, "connection "+id, func() bool {
		e, _, err := w.registry.Fresh(w.Context(), tenant, id)
		return err == nil && e != nil && !e.Missing
	})
}

// clientCredentials makes client and connection id.
func (w *world) clientCredentials(p *provider, id string, with ...func(*events.AuthSettings)) {
	w.Helper()
	p.Client(w, id, testkit.IDPClient{Secret: clientSecret})
	w.connectWith(id, map[string]any{"client_secret": clientSecret}, p.oauth("oauth2_client_credentials", with...))
}

// authorized makes client and connection id, with a refresh token of ann's.
func (w *world) authorized(p *provider, id, accessTTL string) {
	w.Helper()
	p.Client(w, id, testkit.IDPClient{Secret: clientSecret, AccessTokenTTL: accessTTL})
	w.connectWith(id, p.authorize(w, id), p.oauth("oauth2_refresh_token"))
}

// authorize is the config secret after ann signed in.
func (p *provider) authorize(tb testing.TB, id string) map[string]any {
	return map[string]any{"client_secret": clientSecret, "refresh_token": p.Grant(tb, id, "ann").RefreshToken}
}

// keyPair is a new private key, and its public key, in PEM.
func keyPair(tb testing.TB) (private, public string) {
	tb.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		tb.Fatal(err)
	}
	pkix, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	return block("PRIVATE KEY", pkcs8), block("PUBLIC KEY", pkix)
}
