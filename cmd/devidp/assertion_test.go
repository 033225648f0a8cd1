package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v3"
	josejwt "github.com/go-jose/go-jose/v3/jwt"
)

func newKey(t *testing.T) (*ecdsa.PrivateKey, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	return key, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}

func sign(t *testing.T, key *ecdsa.PrivateKey, claims josejwt.Claims) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := josejwt.Signed(signer).Claims(claims).CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestJWTBearer(t *testing.T) {
	key, public := newKey(t)
	stranger, _ := newKey(t)
	p := serve(t).setup(func(c *clientSpec) { c.Secret, c.JWTKey, c.AccessTokenTTL = "", public, ttl(time.Minute) })
	claims := func(change func(*josejwt.Claims)) josejwt.Claims {
		now := time.Now()
		c := josejwt.Claims{
			Issuer: "c", Subject: "eve", Audience: josejwt.Audience{p.Address + "/token"},
			IssuedAt: josejwt.NewNumericDate(now), Expiry: josejwt.NewNumericDate(now.Add(time.Minute)),
		}
		change(&c)
		return c
	}
	ask := func(assertion string) answer {
		return p.form("/token", "", "", values("grant_type", grantJWT, "assertion", assertion, "scope", "api"))
	}
	got := p.expect(ask(sign(t, key, claims(func(*josejwt.Claims) {}))), http.StatusOK, "")
	if n := got.expiresIn(); n < 55 || n > 60 || got.text("scope") != "api" {
		t.Errorf("answer: %s", got.raw)
	}
	refused := map[string]string{
		"garbage":         "x",
		"another key":     sign(t, stranger, claims(func(*josejwt.Claims) {})),
		"unknown issuer":  sign(t, key, claims(func(c *josejwt.Claims) { c.Issuer = "nobody" })),
		"no subject":      sign(t, key, claims(func(c *josejwt.Claims) { c.Subject = "" })),
		"other audience":  sign(t, key, claims(func(c *josejwt.Claims) { c.Audience = josejwt.Audience{"x"} })),
		"expired":         sign(t, key, claims(func(c *josejwt.Claims) { c.Expiry = josejwt.NewNumericDate(time.Now().Add(-time.Minute)) })),
		"used once first": sign(t, key, claims(func(c *josejwt.Claims) { c.ID = "once" })),
	}
	p.expect(ask(refused["used once first"]), http.StatusOK, "")
	for name, assertion := range refused {
		t.Run(name, func(*testing.T) { p.expect(ask(assertion), http.StatusBadRequest, "invalid_grant") })
	}
}
