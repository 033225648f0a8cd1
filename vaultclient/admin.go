package vaultclient

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// What an administrator does, once, so that workers can work: the mount, the policies, the login. Workers
// have none of these rights.

// opAdminister is the operation that an Observer would see. Workers never do it, so Operations leaves it out.
const opAdminister = "administer"

// upgradePause is between two looks at a mount that upgrades itself after it was made.
const upgradePause = 100 * time.Millisecond

// EnsureMount makes sure that the configured mount is a KV version 2 engine, and tells whether it made it. What
// is mounted there already is never changed: vault_no_mount where it is something else.
func (c *Client) EnsureMount(ctx context.Context) (made bool, err error) {
	var mounts map[string]struct {
		Type    string            `json:"type"`
		Options map[string]string `json:"options"`
	}
	if err := c.look(ctx, "sys/mounts", &mounts); err != nil {
		return false, err
	}
	m, there := mounts[c.cfg.Mount+"/"]
	switch {
	case there && m.Type == "kv" && m.Options["version"] == "2":
		return false, nil
	case there:
		return false, fault.New(fault.VaultNoMount, "what is mounted at "+c.cfg.Mount+"/ is no KV version 2 engine").
			WithHint("choose another path with --vault-mount, or vault kv enable-versioning " + c.cfg.Mount)
	}
	body := map[string]any{"type": "kv", "options": map[string]string{"version": "2"}}
	if err := c.set(ctx, "sys/mounts/"+c.cfg.Mount, body); err != nil {
		return false, err
	}
	return true, c.awaitMount(ctx)
}

// awaitMount waits for a new mount, which refuses requests until it has upgraded itself.
func (c *Client) awaitMount(ctx context.Context) error {
	tick := time.NewTicker(upgradePause)
	defer tick.Stop()
	for {
		err := c.look(ctx, c.cfg.Mount+"/config", nil)
		if !fault.Is(err, fault.VaultUnavailable) {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// WritePolicy makes an ACL policy what hcl says, and tells whether it was something else before.
func (c *Client) WritePolicy(ctx context.Context, name, hcl string) (changed bool, err error) {
	path := "sys/policies/acl/" + name
	var now struct {
		Policy string `json:"policy"`
	}
	err = c.look(ctx, path, &now)
	switch {
	case err != nil && !fault.Is(err, fault.SecretMissing): // Vault's word for "nothing there", whatever it is
		return false, err
	case now.Policy == hcl:
		return false, nil
	}
	return true, c.set(ctx, path, map[string]string{"policy": hcl})
}

// AppRole is a login for workers. Its tokens carry the policies alone, not Vault's default one.
type AppRole struct {
	Name     string
	Policies []string
	// ID is the role id to have; empty leaves it to Vault.
	ID string
	// TokenTTL and TokenMaxTTL are the lives of tokens, in whole seconds.
	TokenTTL, TokenMaxTTL time.Duration
}

// EnsureAppRole enables the AppRole method at mount if it is not yet,
// writes the role, and gives its role id.
func (c *Client) EnsureAppRole(ctx context.Context, mount string, r AppRole) (roleID string, err error) {
	if err := c.enableAppRole(ctx, mount); err != nil {
		return "", err
	}
	path := "auth/" + mount + "/role/" + r.Name
	err = c.set(ctx, path, map[string]any{
		"token_policies": r.Policies, "token_no_default_policy": true,
		"token_ttl": int(r.TokenTTL.Seconds()), "token_max_ttl": int(r.TokenMaxTTL.Seconds()),
	})
	if err == nil && r.ID != "" {
		err = c.set(ctx, path+"/role-id", map[string]string{"role_id": r.ID})
	}
	if err != nil {
		return "", err
	}
	var id struct {
		RoleID string `json:"role_id"`
	}
	err = c.look(ctx, path+"/role-id", &id)
	return id.RoleID, err
}

func (c *Client) enableAppRole(ctx context.Context, mount string) error {
	var enabled map[string]struct {
		Type string `json:"type"`
	}
	if err := c.look(ctx, "sys/auth", &enabled); err != nil {
		return err
	}
	m, there := enabled[mount+"/"]
	switch {
	case there && m.Type == "approle":
		return nil
	case there:
		return fault.New(fault.VaultLogin, "the auth method at "+mount+"/ is no AppRole").
			WithHint("choose another path with --vault-auth-mount; vault auth list")
	}
	return c.set(ctx, "sys/auth/"+mount, map[string]string{"type": "approle"})
}

// NewSecretID makes a secret id for a role.
func (c *Client) NewSecretID(ctx context.Context, mount, role string) (secret.Value, error) {
	a, err := c.write(ctx, "auth/"+mount+"/role/"+role+"/secret-id", map[string]string{})
	if err != nil {
		return secret.Value{}, err
	}
	var made struct {
		SecretID string `json:"secret_id"`
	}
	if json.Unmarshal(a.body.Data, &made) != nil || made.SecretID == "" {
		return secret.Value{}, notVault()
	}
	return secret.New(made.SecretID), nil
}

// KnowsSecretID tells whether a secret id is one of the role's that still works.
func (c *Client) KnowsSecretID(ctx context.Context, mount, role string, id secret.Value) (bool, error) {
	a, err := c.write(ctx, "auth/"+mount+"/role/"+role+"/secret-id/lookup", map[string]string{"secret_id": id.Reveal()})
	// 204, 404 and 400 are what versions of Vault say of one that is unknown or has ended.
	if slices.Contains([]int{http.StatusNoContent, http.StatusNotFound, http.StatusBadRequest}, a.status) {
		return false, nil
	}
	return err == nil && len(a.body.Data) > 0, err
}

// look reads a path; out may be nil.
func (c *Client) look(ctx context.Context, path string, out any) error {
	a, err := c.call(ctx, request{op: opAdminister, method: http.MethodGet, path: path})
	if err != nil {
		return asAdministrator(err)
	}
	if out != nil && json.Unmarshal(a.body.Data, out) != nil {
		return notVault()
	}
	return nil
}

func (c *Client) set(ctx context.Context, path string, body any) error {
	_, err := c.write(ctx, path, body)
	return err
}

func (c *Client) write(ctx context.Context, path string, body any) (answer, error) {
	a, err := c.call(ctx, request{op: opAdminister, method: http.MethodPost, path: path, body: body})
	return a, asAdministrator(err)
}

// asAdministrator gives a refusal the hint that fits: it is not the worker's policy that is too small.
func asAdministrator(err error) error {
	if !fault.Is(err, fault.VaultForbidden) {
		return err
	}
	f := *fault.From(err)
	return f.WithHint("use an administrator's token: VAULT_TOKEN or --vault-auth-token-file")
}
