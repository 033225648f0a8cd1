package vaultclient

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"holdfast/internal/fault"
)

func TestLoginWithAJWT(t *testing.T) {
	r := newRig(t)
	file, public := signedIdentity(t)
	v := r.vault
	v.EnableAuth(t, "jwt")
	v.Set(t, "auth/jwt/config", map[string]any{"jwt_validation_pubkeys": []string{public}})
	v.Set(t, "auth/jwt/role/worker", map[string]any{
		"role_type": "jwt", "user_claim": "sub", "bound_audiences": []string{"vault"},
		"token_policies": []string{"worker"}, "token_no_default_policy": true,
	})
	logsInAs(t, r, AuthConfig{Method: MethodJWT, Role: "worker", JWTFile: file})
}

// TestLoginFromAPod uses Vault's Kubernetes method, which asks a cluster's API about the pod's token.
func TestLoginFromAPod(t *testing.T) {
	r := newRig(t)
	file, _ := signedIdentity(t)
	api := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{"status": map[string]any{
			"authenticated": true, "audiences": []string{"vault"},
			"user": map[string]any{"username": "system:serviceaccount:prod:worker", "uid": "u1"},
		}})
	}))
	t.Cleanup(api.Close)
	v := r.vault
	v.Set(t, "sys/auth/cluster-1", map[string]string{"type": "kubernetes"})
	v.Set(t, "auth/cluster-1/config", map[string]any{
		"kubernetes_host": api.URL, "disable_local_ca_jwt": true,
		"kubernetes_ca_cert": string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: api.Certificate().Raw})),
	})
	v.Set(t, "auth/cluster-1/role/worker", map[string]any{
		"bound_service_account_names": "worker", "bound_service_account_namespaces": "prod",
		"token_policies": []string{"worker"}, "token_no_default_policy": true,
	})
	logsInAs(t, r, AuthConfig{Method: MethodKubernetes, Mount: "cluster-1", Role: "worker", JWTFile: file})
}

func logsInAs(t *testing.T, r *rig, auth AuthConfig) {
	t.Helper()
	c := r.start(t, func(c *Config) { c.Auth = auth })
	if _, err := c.Token(t.Context(), "acme", "crm"); err != nil {
		t.Error(err)
	}
	auth.Role = "stranger"
	wantReason(t, r.newClient(t, func(c *Config) { c.Auth = auth }).Start(t.Context()), fault.VaultLogin)
}

// signedIdentity is a file with a JWT that is good for a JWT role and looks like a pod's, and the PEM key
// that checks it.
func signedIdentity(t *testing.T) (file, public string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key}, nil)
	if err != nil {
		t.Fatal(err)
	}
	pod := map[string]any{"aud": []string{"vault"}, "kubernetes.io": map[string]any{
		"namespace": "prod", "serviceaccount": map[string]string{"name": "worker", "uid": "u1"},
	}}
	token, err := jwt.Signed(signer).Claims(pod).Claims(jwt.Claims{
		Subject:  "system:serviceaccount:prod:worker",
		IssuedAt: jwt.NewNumericDate(time.Now()), Expiry: jwt.NewNumericDate(time.Now().Add(time.Hour)),
	}).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	file = filepath.Join(t.TempDir(), "jwt")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	return file, string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
}
