package testkit

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"holdfast/internal/devproc"
)

// Vault is a real Vault server of a test's own: unsealed, with KV version 2 at secret/. Its data are on disk,
// so it can be killed and restarted.
type Vault struct {
	Address   string
	RootToken string
	UnsealKey string

	data string
	proc *devproc.Process
}

// StartVault starts a Vault and stops it when the test ends. The first call on a machine builds it.
func StartVault(tb testing.TB) *Vault {
	tb.Helper()
	v := &Vault{data: tb.TempDir()}
	v.run(tb, "127.0.0.1:0")
	return v
}

func (v *Vault) run(tb testing.TB, listen string) {
	tb.Helper()
	v.proc = startProgram(tb, "devvault", "--listen", listen, "--storage", "file", "--data", v.data)
	var ready struct {
		Address   string `json:"address"`
		RootToken string `json:"root_token"`
		UnsealKey string `json:"unseal_key"`
	}
	if err := v.proc.Decode(&ready); err != nil {
		tb.Fatal(err)
	}
	v.Address, v.RootToken, v.UnsealKey = ready.Address, ready.RootToken, ready.UnsealKey
}

// Kill ends Vault with SIGKILL.
func (v *Vault) Kill() { v.proc.Kill() }

// Restart starts a killed Vault again: same address, same data, unsealed.
func (v *Vault) Restart(tb testing.TB) {
	tb.Helper()
	u, err := url.Parse(v.Address)
	if err != nil {
		tb.Fatal(err)
	}
	v.Kill()
	v.run(tb, u.Host)
}

// PID is the server's process id.
func (v *Vault) PID() int { return v.proc.PID() }

// Do calls Vault's API as root: path without /v1, body and out as JSON or nil. It gives the status.
func (v *Vault) Do(tb testing.TB, method, path string, body, out any) int {
	tb.Helper()
	return v.api().do(tb, method, path, body, out)
}

// Set calls Vault's API as root to write body at path, and fails the test where Vault refuses.
func (v *Vault) Set(tb testing.TB, path string, body any) {
	tb.Helper()
	v.must(tb, http.MethodPost, path, body, nil)
}

func (v *Vault) api() jsonAPI {
	return jsonAPI{base: v.Address + "/v1/", header: http.Header{"X-Vault-Token": {v.RootToken}}}
}

func (v *Vault) must(tb testing.TB, method, path string, body, out any) {
	tb.Helper()
	v.api().must(tb, method, path, body, out)
}

// Put writes a secret below secret/, as `vault kv put secret/<path>` does, and gives its new version.
func (v *Vault) Put(tb testing.TB, path string, fields map[string]any) int {
	tb.Helper()
	version, err := v.TryPut(context.WithoutCancel(tb.Context()), path, fields)
	if err != nil {
		tb.Fatalf("put %s: %v", path, err)
	}
	return version
}

// TryPut is Put at a Vault that may be away: an error means that the secret may be written, or not.
func (v *Vault) TryPut(ctx context.Context, path string, fields map[string]any) (version int, err error) {
	var out struct {
		Data struct {
			Version int `json:"version"`
		} `json:"data"`
	}
	status, err := v.api().try(ctx, http.MethodPost, "secret/data/"+path, map[string]any{"data": fields}, &out)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("status %d", status)
	}
	return out.Data.Version, err
}

// Delete deletes the current version of a secret below secret/; it can be undeleted.
func (v *Vault) Delete(tb testing.TB, path string) {
	tb.Helper()
	v.must(tb, http.MethodDelete, "secret/data/"+path, nil, nil)
}

// Destroy destroys one version of a secret below secret/ for good.
func (v *Vault) Destroy(tb testing.TB, path string, version int) {
	tb.Helper()
	v.must(tb, http.MethodPost, "secret/destroy/"+path, map[string]any{"versions": []int{version}}, nil)
}

// Seal seals Vault: it answers, and refuses everything.
func (v *Vault) Seal(tb testing.TB) {
	tb.Helper()
	v.must(tb, http.MethodPost, "sys/seal", nil, nil)
}

// Unseal opens a sealed Vault again.
func (v *Vault) Unseal(tb testing.TB) {
	tb.Helper()
	v.must(tb, http.MethodPost, "sys/unseal", map[string]string{"key": v.UnsealKey}, nil)
}

// Policy writes a policy.
func (v *Vault) Policy(tb testing.TB, name, hcl string) {
	tb.Helper()
	v.must(tb, http.MethodPut, "sys/policies/acl/"+name, map[string]string{"policy": hcl}, nil)
}

// AppRole makes a role with exactly the policies given (no default policy) and gives what to log in with.
// Tokens live for an hour unless settings (token_ttl, token_max_ttl, …) say otherwise.
func (v *Vault) AppRole(tb testing.TB, role string, policies []string, settings ...map[string]any) (roleID, secretID string) {
	tb.Helper()
	v.EnableAuth(tb, "approle")
	body := map[string]any{"token_policies": policies, "token_no_default_policy": true, "token_ttl": "1h"}
	for _, more := range settings {
		for k, val := range more {
			body[k] = val
		}
	}
	v.must(tb, http.MethodPost, "auth/approle/role/"+role, body, nil)
	var id, secret struct {
		Data struct {
			RoleID   string `json:"role_id"`
			SecretID string `json:"secret_id"`
		} `json:"data"`
	}
	v.must(tb, http.MethodGet, "auth/approle/role/"+role+"/role-id", nil, &id)
	v.must(tb, http.MethodPost, "auth/approle/role/"+role+"/secret-id", map[string]any{}, &secret)
	return id.Data.RoleID, secret.Data.SecretID
}

// EnableAuth enables an auth method at the path of its own name, if it is not yet.
func (v *Vault) EnableAuth(tb testing.TB, method string) {
	tb.Helper()
	var enabled struct {
		Data map[string]any `json:"data"`
	}
	v.must(tb, http.MethodGet, "sys/auth", nil, &enabled)
	if _, there := enabled.Data[method+"/"]; !there {
		v.must(tb, http.MethodPost, "sys/auth/"+method, map[string]string{"type": method}, nil)
	}
}

// Token makes a token with the policies given and no other; settings (ttl, explicit_max_ttl, …) are those of
// auth/token/create.
func (v *Vault) Token(tb testing.TB, policies []string, settings ...map[string]any) string {
	tb.Helper()
	body := map[string]any{"policies": policies, "no_default_policy": true, "no_parent": true}
	for _, more := range settings {
		for k, val := range more {
			body[k] = val
		}
	}
	var out struct {
		Auth struct {
			ClientToken string `json:"client_token"`
		} `json:"auth"`
	}
	v.must(tb, http.MethodPost, "auth/token/create", body, &out)
	return out.Auth.ClientToken
}

// Revoke revokes a token.
func (v *Vault) Revoke(tb testing.TB, token string) {
	tb.Helper()
	v.must(tb, http.MethodPost, "auth/token/revoke", map[string]string{"token": token}, nil)
}

// RevokeLogins revokes all tokens that came from an auth method's mount.
func (v *Vault) RevokeLogins(tb testing.TB, mount string) {
	tb.Helper()
	v.must(tb, http.MethodPut, "sys/leases/revoke-prefix/auth/"+mount, map[string]any{"sync": true}, nil)
}
