package vaultclient

import (
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// A version 1 engine answers as if secrets were missing, which would suspend runs whose secrets are in place.
func TestO4_StartRefusesWhatIsNoKVVersion2(t *testing.T) {
	r := newRig(t) // with worker.hcl alone it starts
	v := r.vault
	v.Set(t, "sys/mounts/oldkv", map[string]any{"type": "kv", "options": map[string]string{"version": "1"}})
	v.Set(t, "sys/mounts/team/kv", map[string]any{"type": "kv", "options": map[string]string{"version": "2"}})
	policy := func(mount string) string {
		return strings.ReplaceAll(policyFile(t, "worker.hcl"), `"secret/`, `"`+mount+`/`)
	}
	tests := []struct{ name, mount, policy, detail, hint string }{
		{"version 2 at another path", "team/kv", policy("team/kv"), "", ""},
		{"version 1", "oldkv", policy("oldkv"), "version 1", "vault kv enable-versioning oldkv"},
		{"no mount", "nowhere", policy("nowhere"), "no mount at nowhere/", "vault secrets enable -version=2 -path=nowhere kv"},
		{"a path below a mount", "secret/below", policy("secret/below"), "no mount at secret/below/", "-path=secret/below"},
		{"another engine", "cubbyhole", policy("cubbyhole"), "no KV version 2", "--vault-mount"},
		{"a policy for another mount", "secret", policy("nowhere"), "no policy of this login", "deploy/vault/worker.hcl"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			v.Policy(t, "mounted", tt.policy)
			role, id := v.AppRole(t, "mounted", []string{"mounted"})
			c := r.newClient(t, func(c *Config) {
				c.Mount, c.Auth = tt.mount, AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
			})
			err := c.Start(t.Context())
			if tt.detail == "" {
				if err != nil {
					t.Fatalf("%v (%s)", err, fault.From(err).Hint)
				}
				return
			}
			wantReason(t, err, fault.VaultNoMount)
			f := fault.From(err)
			if !strings.Contains(f.Detail, tt.detail) || !strings.Contains(f.Hint, tt.hint) {
				t.Errorf("%s; hint %s", f.Detail, f.Hint)
			}
			wantReason(t, c.Start(t.Context()), fault.VaultNoMount) // a failed start may be repeated
		})
	}
	t.Run("upgraded meanwhile", func(t *testing.T) {
		c := r.newClient(t, func(c *Config) { c.Mount = "oldkv" })
		wantReason(t, c.Start(t.Context()), fault.VaultNoMount)
		v.Set(t, "sys/mounts/oldkv/tune", map[string]any{"options": map[string]string{"version": "2"}})
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
	t.Run("administrators make the mount", func(t *testing.T) {
		c := r.newClient(t, func(c *Config) { c.Mount = "fresh" })
		if err := c.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		made, err := c.EnsureMount(t.Context())
		if err != nil || !made {
			t.Fatal(made, err)
		}
	})
}
