package vaultclient

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// rights are the capabilities by path of a policy file.
type rights map[string][]string

func parsePolicy(t *testing.T, name string) rights {
	t.Helper()
	var file struct {
		Path map[string]struct {
			Capabilities []string `hcl:"capabilities"`
		} `hcl:"path"`
	}
	if err := hcl.Decode(&file, policyFile(t, name)); err != nil {
		t.Fatal(err)
	}
	out := rights{}
	for path, p := range file.Path {
		out[path] = p.Capabilities
	}
	if len(out) == 0 {
		t.Fatalf("%s grants nothing", name)
	}
	return out
}

func (r rights) hcl() string {
	var b strings.Builder
	for path, caps := range r {
		fmt.Fprintf(&b, "path %q { capabilities = [%s] }\n", path, quoted(caps))
	}
	return b.String()
}

func quoted(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(out, ", ")
}

// less is each policy with one capability taken away, by what is missing.
func (r rights) less() map[string]rights {
	out := map[string]rights{}
	for path, caps := range r {
		for i, c := range caps {
			fewer := maps.Clone(r)
			fewer[path] = slices.Delete(slices.Clone(caps), i, i+1)
			if len(fewer[path]) == 0 {
				fewer[path] = []string{"deny"}
			}
			out[c+" "+path] = fewer
		}
	}
	return out
}

// work is all that a role does at Vault, on a connection of its own.
type work func(t *testing.T, r *rig, c *Client, connection string) error

// TestC2_EachPolicyIsEnoughAndNothingInItIsTooMuch lets each role do all its work with its own policy alone,
// and then with each capability taken away in turn: something must fail then, as the operator's matter.
func TestC2_EachPolicyIsEnoughAndNothingInItIsTooMuch(t *testing.T) {
	r := newRig(t)
	roles := map[string]work{
		"worker.hcl": worksAsWorker, "rotator.hcl": worksAsRotator, "console.hcl": worksAsConsole,
	}
	n := 0
	try := func(t *testing.T, policy rights, do work) error {
		n++
		name := fmt.Sprintf("case-%d", n)
		r.vault.Policy(t, name, policy.hcl())
		role, id := r.vault.AppRole(t, name, []string{name})
		c := r.newClient(t, func(c *Config) {
			c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New(id)}
		})
		if err := c.Start(t.Context()); err != nil {
			return err
		}
		return do(t, r, c, name)
	}
	for file, do := range roles {
		policy := parsePolicy(t, file)
		t.Run(file, func(t *testing.T) {
			if err := try(t, policy, do); err != nil {
				t.Fatalf("with the whole policy: %v", err)
			}
			for missing, fewer := range policy.less() {
				t.Run("without "+missing, func(t *testing.T) { wantReason(t, try(t, fewer, do), fault.VaultForbidden) })
			}
		})
	}
}

func worksAsWorker(t *testing.T, r *rig, c *Client, connection string) error {
	ctx := t.Context()
	r.vault.Put(t, "holdfast/acme/conn/"+connection+"/config", map[string]any{"password": "p"})
	if _, err := c.Config(ctx, "acme", connection, true); err != nil {
		return err
	}
	if _, err := c.ConfigVersion(ctx, "acme", connection); err != nil {
		return err
	}
	if _, err := c.Token(ctx, "acme", connection); err != nil {
		return err
	}
	fields := map[string]secret.Value{"refresh_token": secret.New("r")}
	n, err := c.PutToken(ctx, "acme", connection, 0, fields)
	if err != nil {
		return err
	}
	if _, err := c.PutToken(ctx, "acme", connection, n, fields); err != nil {
		return err
	}
	r.vault.Delete(t, "holdfast/acme/conn/"+connection+"/token")
	if _, err := c.PutToken(ctx, "acme", connection, 0, fields); err != nil {
		return err
	}
	_, err = c.renew(ctx, c.session.peek().lease)
	return err
}

func worksAsRotator(t *testing.T, _ *rig, c *Client, connection string) error {
	ctx := t.Context()
	fields := map[string]secret.Value{"password": secret.New("p")}
	for range 2 {
		if _, err := c.PutConfig(ctx, "acme", connection, fields); err != nil {
			return err
		}
	}
	if _, err := c.Config(ctx, "acme", connection, true); fault.From(err).Reason != fault.VaultForbidden {
		return fmt.Errorf("it can read what it writes: %w", err)
	}
	_, err := c.renew(ctx, c.session.peek().lease)
	return err
}

func worksAsConsole(t *testing.T, r *rig, c *Client, connection string) error {
	ctx := t.Context()
	store := func(token string) error {
		_, err := c.StoreConfig(ctx, "acme", connection, map[string]secret.Value{"refresh_token": secret.New(token)}, true)
		return err
	}
	for _, token := range []string{"first", "second"} {
		if err := store(token); err != nil {
			return err
		}
	}
	if _, err := c.Config(ctx, "acme", connection, true); err != nil {
		return err
	}
	r.vault.Delete(t, "holdfast/acme/conn/"+connection+"/config")
	if err := store("third"); err != nil {
		return err
	}
	_, err := c.renew(ctx, c.session.peek().lease)
	return err
}
