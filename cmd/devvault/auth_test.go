package main

import (
	"errors"
	"net/http"
	"testing"

	vault "github.com/hashicorp/vault/api"
)

// status returns the HTTP status that an error of the client carries, or 0.
func status(err error) int {
	var answer *vault.ResponseError
	if errors.As(err, &answer) {
		return answer.StatusCode
	}
	return 0
}

func write(t *testing.T, c *vault.Client, path string, data map[string]any) *vault.Secret {
	t.Helper()
	return must[*vault.Secret](t)(c.Logical().WriteWithContext(t.Context(), path, data))
}

func enableAuth(t *testing.T, c *vault.Client, kind string) {
	t.Helper()
	if err := c.Sys().EnableAuthWithOptionsWithContext(t.Context(), kind, &vault.EnableAuthOptions{Type: kind}); err != nil {
		t.Fatal(err)
	}
}

func TestAppRole(t *testing.T) {
	v := serve(t)
	enableAuth(t, v.client, "approle")
	if err := v.client.Sys().PutPolicy("reader", `path "secret/data/mine" { capabilities = ["read"] }`); err != nil {
		t.Fatal(err)
	}
	write(t, v.client, "auth/approle/role/worker", map[string]any{"token_policies": "reader", "token_no_default_policy": true})
	role := must[*vault.Secret](t)(v.client.Logical().Read("auth/approle/role/worker/role-id")).Data["role_id"]
	id := write(t, v.client, "auth/approle/role/worker/secret-id", nil).Data["secret_id"]
	write(t, v.client, "secret/data/mine", map[string]any{"data": map[string]any{"k": "v"}})

	_, err := v.client.Logical().Write("auth/approle/login", map[string]any{"role_id": role, "secret_id": "wrong"})
	if status(err) != http.StatusBadRequest {
		t.Errorf("a wrong secret id: %v, want 400", err)
	}
	login := write(t, v.client, "auth/approle/login", map[string]any{"role_id": role, "secret_id": id})
	worker := newClient(t, v.ready.Address, login.Auth.ClientToken)
	must[*vault.Secret](t)(worker.Logical().Read("secret/data/mine"))
	if _, err := worker.Logical().Read("secret/data/other"); status(err) != http.StatusForbidden {
		t.Errorf("a path beyond the policy: %v, want 403", err)
	}
	if _, err := newClient(t, v.ready.Address, "invalid").Logical().Read("secret/data/mine"); status(err) != http.StatusForbidden {
		t.Errorf("an invalid token: %v, want 403", err)
	}
}

func TestOtherAuthMethods(t *testing.T) {
	v := serve(t)
	for _, kind := range []string{"userpass", "cert", "jwt", "kubernetes"} {
		enableAuth(t, v.client, kind)
	}
	write(t, v.client, "auth/userpass/users/eve", map[string]any{"password": "pw"})
	if _, err := v.client.Logical().Write("auth/userpass/login/eve", map[string]any{"password": "no"}); status(err) != http.StatusBadRequest {
		t.Errorf("a wrong password: %v, want 400", err)
	}
	if got := write(t, v.client, "auth/userpass/login/eve", map[string]any{"password": "pw"}); got.Auth.ClientToken == "" {
		t.Error("no token")
	}
}
