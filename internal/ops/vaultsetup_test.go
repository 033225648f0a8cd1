package ops_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
	"holdfast/vaultclient"
)

// TestC2_SetupGivesWorkersALoginThatReadsSecretsAndNoMore sets a real Vault up twice, at a mount and a prefix that
// are not the usual ones, and works as the worker that logs in with what it wrote.
func TestC2_SetupGivesWorkersALoginThatReadsSecretsAndNoMore(t *testing.T) {
	v := testkit.StartVault(t)
	admin := vaultclient.Default()
	admin.Address, admin.Mount, admin.Prefix = v.Address, "kv-two", "hf"
	admin.Auth = vaultclient.AuthConfig{Method: vaultclient.MethodToken, Token: secret.New(v.RootToken)}
	folder := filepath.Join(t.TempDir(), "login")
	s := ops.VaultSetup{Role: "workers", AuthMount: "roles", RoleID: "one-role", Folder: folder, Patience: 10 * time.Second}
	setUp := func() ops.VaultReport {
		t.Helper()
		r, err := ops.SetUpVault(t.Context(), admin, s, zerolog.Nop())
		if err != nil {
			t.Fatalf("%v (%s)", err, fault.From(err).Hint)
		}
		return r
	}
	first := setUp()
	if !slices.Equal(first.Created, []string{"mount kv-two/", "secret id"}) || len(first.Changed) != 3 || first.RoleID != "one-role" {
		t.Errorf("first: %+v", first)
	}
	id := readLogin(t, folder)
	if second := setUp(); len(second.Created)+len(second.Changed) != 0 || readLogin(t, folder) != id {
		t.Errorf("doing it again changed something: %+v", second)
	}

	worker := admin
	worker.Auth = vaultclient.AuthConfig{Method: vaultclient.MethodAppRole, Mount: "roles", RoleID: "one-role",
		SecretIDFile: filepath.Join(folder, "secret-id")}
	c, err := vaultclient.New(worker, zerolog.Nop(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	v.Set(t, "kv-two/data/hf/acme/conn/crm/config", map[string]any{"data": map[string]string{"password": "p"}})
	if _, err := c.Config(t.Context(), "acme", "crm", true); err != nil {
		t.Errorf("the worker can not read: %v", err)
	}
	if _, err := c.WritePolicy(t.Context(), "holdfast-worker", ""); err == nil || fault.From(err).Reason != fault.VaultForbidden {
		t.Errorf("the worker may write policies: %v", err)
	}

	v.Set(t, "auth/roles/role/workers/secret-id/destroy", map[string]string{"secret_id": id})
	if third := setUp(); !slices.Contains(third.Created, "secret id") || readLogin(t, folder) == id {
		t.Errorf("a secret id that no longer works was kept: %+v", third)
	}
}

func readLogin(t *testing.T, folder string) string {
	t.Helper()
	path := filepath.Join(folder, "secret-id")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v", info.Mode())
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

func TestSetupRefusesWhatIsMountedThereAlready(t *testing.T) {
	v := testkit.StartVault(t)
	v.Set(t, "sys/mounts/oldkv", map[string]any{"type": "kv", "options": map[string]string{"version": "1"}})
	cfg := vaultclient.Default()
	cfg.Address, cfg.Mount = v.Address, "oldkv"
	cfg.Auth = vaultclient.AuthConfig{Method: vaultclient.MethodToken, Token: secret.New(v.RootToken)}
	_, err := ops.SetUpVault(t.Context(), cfg, ops.VaultSetup{Role: "w", AuthMount: "approle"}, zerolog.Nop())
	if err == nil || fault.From(err).Reason != fault.VaultNoMount || fault.From(err).Hint == "" {
		t.Fatalf("%v", err)
	}
	v.Policy(t, "fenced", `path "auth/token/lookup-self" { capabilities = ["read"] }
		path "sys/mounts" { capabilities = ["read"] }`)
	cfg.Mount = "secret"
	cfg.Auth.Token = secret.New(v.Token(t, []string{"fenced"}))
	_, err = ops.SetUpVault(t.Context(), cfg, ops.VaultSetup{Role: "w", AuthMount: "approle"}, zerolog.Nop())
	if err == nil || fault.From(err).Reason != fault.VaultForbidden || !strings.Contains(fault.From(err).Hint, "administrator") {
		t.Fatalf("%v (%s)", err, fault.From(err).Hint)
	}
}
