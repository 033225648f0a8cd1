package dev

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/credential"
)

// What the target takes, and who has the demonstration connections. These are no secrets: they open nothing
// but the target system of a development stack.
const (
	DemoTenant   = "demo"
	DemoUser     = "demo"
	DemoPassword = "demo-password"
	demoKey      = "demo-key"
	demoOwner    = "u-demo"
)

// demo is one demonstration connection and what its secret holds.
type demo struct {
	id, name string
	path     string // below the target
	auth     events.AuthSettings
	secret   map[string]string
}

// seed makes one connection of each method, so that there is something to try. The provider forgets
// everything when it stops, so the secrets are written anew at each start.
func (s *Stack) seed(ctx context.Context) error {
	if err := s.Admit(ctx, DemoTenant); err != nil {
		return err
	}
	if s.o.WithoutDemo {
		return nil
	}
	demos, err := s.demos(ctx)
	if err != nil {
		return fmt.Errorf("prepare the demonstration connections: %w", err)
	}
	for _, d := range demos {
		revision, err := s.plant(ctx, d)
		if err != nil {
			return fmt.Errorf("make the demonstration connection %s: %w", d.id, err)
		}
		s.connections = append(s.connections, d.id)
		s.revisions = append(s.revisions, revision)
	}
	s.say("connections: %d of tenant %s, one for each way to authenticate", len(demos), DemoTenant)
	return nil
}

// plant puts the secret into Vault first, then says that there is a connection. An update takes a connection
// that nobody created as it is, and leaves one alone that was deleted.
func (s *Stack) plant(ctx context.Context, d demo) (revision uint64, err error) {
	if _, err := s.Vault.Put(ctx, DemoTenant, d.id, d.secret); err != nil {
		return 0, err
	}
	return s.Publish(ctx, DemoTenant, events.ConnectionUpdated, s.SharedConnection(d.id, d.name, d.path, d.auth))
}

const (
	settleTimeout = 10 * time.Second
	settleEvery   = 20 * time.Millisecond
)

// settle waits until the worker has taken the demonstration connections up: whoever tries one at once would see
// a run wait for a connection that is not there yet. One that somebody deleted, or took over, is not waited for
// longer than settleTimeout, which is told.
func (s *Stack) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTimeout)
	defer cancel()
	registry := s.bus.Registry()
	tick := time.NewTicker(settleEvery)
	defer tick.Stop()
	for i, id := range s.connections {
		for {
			e, _, err := registry.Fresh(ctx, DemoTenant, id)
			if err == nil && e != nil && (e.Deleted || e.Sequence >= s.revisions[i]) {
				break
			}
			select {
			case <-ctx.Done():
				s.say("the worker has not taken up %s; what is tried with it may wait", id)
				return nil // Start looks at its own context
			case <-tick.C:
			}
		}
	}
	return nil
}

// SharedConnection is a connection to the target that all of the tenant may use; path is the target's
// resource: /basic, /bearer, /key.
func (s *Stack) SharedConnection(id, name, path string, auth events.AuthSettings) events.Connection {
	document := map[string]string{"base_url": s.Places.Target + path}
	if auth.Method != string(credential.None) {
		document["test_path"] = "/me"
	}
	settings, _ := json.Marshal(document) // strings only
	return events.Connection{
		ID: id, Name: name, Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{demoOwner}, Actor: demoOwner, Auth: auth, Settings: settings,
	}
}

func (s *Stack) demos(ctx context.Context) ([]demo, error) {
	clientSecret := rand.Text()
	private, public, err := newKeys()
	if err != nil {
		return nil, err
	}
	tokens, err := s.signIn(ctx, clientSecret, public)
	if err != nil {
		return nil, err
	}
	oauth := func(m credential.Method, client string) events.AuthSettings {
		return events.AuthSettings{Method: string(m), TokenURL: s.Provider.TokenURL(), ClientID: client, Scopes: []string{"api"}}
	}
	assertion := oauth(credential.JWTBearer, "")
	assertion.Issuer, assertion.Subject, assertion.Algorithm = clientJWT, DemoUser, "ES256"
	refresh := oauth(credential.RefreshToken, clientRefresh)
	refresh.AuthorizeURL, refresh.DeviceURL = s.Provider.AuthorizeURL(), s.Provider.DeviceURL()
	refresh.Scopes = []string{"openid", "offline", "api"}
	plain := func(m credential.Method) events.AuthSettings { return events.AuthSettings{Method: string(m)} }
	return []demo{
		{"demo-none", "No authentication", "/echo", plain(credential.None), map[string]string{"note": "nothing is needed here"}},
		{"demo-basic", "User name and password", "/basic", plain(credential.Basic),
			map[string]string{"username": DemoUser, "password": DemoPassword}},
		{"demo-api-key", "API key", "/key", plain(credential.APIKey), map[string]string{"api_key": demoKey}},
		{"demo-bearer", "Bearer token", "/bearer", plain(credential.Bearer), map[string]string{"token": tokens[clientBearer].Access}},
		{"demo-client-credentials", "OAuth 2.0 client credentials", "/bearer",
			oauth(credential.ClientCredentials, clientOwn), map[string]string{"client_secret": clientSecret}},
		{"demo-refresh-token", "OAuth 2.0 rotating refresh token", "/bearer", refresh,
			map[string]string{"client_secret": clientSecret, "refresh_token": tokens[clientRefresh].Refresh}},
		{"demo-jwt-bearer", "OAuth 2.0 JWT bearer", "/bearer", assertion, map[string]string{"private_key": private}},
	}, nil
}

// Clients of the provider.
const (
	clientOwn     = "demo-client"
	clientRefresh = "demo-refresh"
	clientBearer  = "demo-bearer"
	clientJWT     = "demo-jwt"
)

// signIn registers the clients and the user, and gives the tokens of those that a user signed in with.
func (s *Stack) signIn(ctx context.Context, secret, publicKey string) (map[string]Tokens, error) {
	if err := s.Provider.PutUser(ctx, DemoUser, DemoPassword); err != nil {
		return nil, err
	}
	for id, c := range map[string]Client{
		clientOwn:     {Secret: secret, AccessTokenTTL: "5m"},
		clientRefresh: {Secret: secret, AccessTokenTTL: "5m", RedirectURIs: []string{"http://127.0.0.1/callback"}},
		clientBearer:  {Secret: secret, AccessTokenTTL: "720h"},
		clientJWT:     {JWTKey: publicKey, AccessTokenTTL: "5m"},
	} {
		if err := s.Provider.PutClient(ctx, id, c); err != nil {
			return nil, err
		}
	}
	tokens := make(map[string]Tokens)
	for _, id := range []string{clientRefresh, clientBearer} {
		t, err := s.Provider.Grant(ctx, id, DemoUser)
		if err != nil {
			return nil, err
		}
		tokens[id] = t
	}
	return tokens, nil
}

func newKeys() (private, public string, err error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", "", err
	}
	pub, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		return "", "", err
	}
	private = string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	return private, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: pub})), nil
}
