package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"testing"
	"time"

	vault "github.com/hashicorp/vault/api"
)

// signES256 makes a JSON Web Token (RFC 7515, compact form).
func signES256(t *testing.T, key *ecdsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	part := func(v any) string {
		return base64.RawURLEncoding.EncodeToString(must[[]byte](t)(json.Marshal(v)))
	}
	signed := part(map[string]string{"alg": "ES256", "typ": "JWT"}) + "." + part(claims)
	sum := sha256.Sum256([]byte(signed))
	r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sig := append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...)
	return signed + "." + base64.RawURLEncoding.EncodeToString(sig)
}

func TestJWTLogin(t *testing.T) {
	v := serve(t)
	enableAuth(t, v.client, "jwt")
	key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	der := must[[]byte](t)(x509.MarshalPKIXPublicKey(&key.PublicKey))
	write(t, v.client, "auth/jwt/config", map[string]any{
		"jwt_validation_pubkeys": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})),
	})
	write(t, v.client, "auth/jwt/role/worker", map[string]any{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "token_policies": "default",
	})
	login := func(audience string) (*vault.Secret, error) {
		token := signES256(t, key, map[string]any{
			"sub": "worker-1", "aud": audience, "exp": time.Now().Add(time.Minute).Unix(),
		})
		return v.client.Logical().Write("auth/jwt/login", map[string]any{"role": "worker", "jwt": token})
	}
	if got := must[*vault.Secret](t)(login("vault")); got.Auth.ClientToken == "" {
		t.Error("no token")
	}
	if _, err := login("somebody else"); status(err) != http.StatusBadRequest {
		t.Errorf("a token for another audience: %v, want 400", err)
	}
}
