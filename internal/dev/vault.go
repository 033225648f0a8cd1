package dev

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/rs/zerolog"

	policies "holdfast/deploy/vault"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// Vault is the stack's Vault, as its administrator.
type Vault struct {
	Address string
	// Own tells whether the stack started it; only then may it be sealed.
	Own bool

	token  secret.Value // an administrator's
	unseal secret.Value
	api    *jsonAPI
}

// Names of what the stack makes in Vault, beside the secrets below secret/holdfast.
const (
	policyPrefix = "holdfast-"
	rolePrefix   = "holdfast-dev-"
	appRole      = "approle" // the auth method's mount
)

func newVault(address string, token, unseal secret.Value) *Vault {
	return &Vault{Address: address, Own: !unseal.Empty(), token: token, unseal: unseal,
		api: newAPI(address+"/v1/", http.Header{"X-Vault-Token": {token.Reveal()}})}
}

// Put writes a connection's secret as an administrator does, `vault kv put`, and gives its version.
func (v *Vault) Put(ctx context.Context, tenant, connection string, fields map[string]string) (int, error) {
	var out struct {
		Data struct {
			Version int `json:"version"`
		} `json:"data"`
	}
	err := v.api.do(ctx, http.MethodPut, "secret/data/"+SecretPath(tenant, connection), map[string]any{"data": fields}, &out)
	return out.Data.Version, err
}

// SecretPath is where a connection's secret is below the mount.
func SecretPath(tenant, connection string) string {
	return "holdfast/" + tenant + "/conn/" + connection + "/config"
}

// Seal seals the Vault: it answers, and refuses everything.
func (v *Vault) Seal(ctx context.Context) error {
	if !v.Own {
		return errors.New("a Vault that is not the stack's own is never sealed")
	}
	return v.api.do(ctx, http.MethodPut, "sys/seal", nil, nil)
}

// Unseal opens it again.
func (v *Vault) Unseal(ctx context.Context) error {
	return v.api.do(ctx, http.MethodPut, "sys/unseal", map[string]string{"key": v.unseal.Reveal()}, nil)
}

// login is what a worker or the console logs in with.
type login struct {
	roleID   string
	secretID secret.Value
}

// Lives of the worker's Vault tokens.
const (
	tokenTTL    = time.Hour
	tokenMaxTTL = 24 * time.Hour
)

// admit makes sure of all that a part with a policy of ours needs, least privilege: the mount, the policy, and a
// role of its own.
func (v *Vault) admit(ctx context.Context, policy string) (login, error) {
	cfg := vaultclient.Default()
	cfg.Address, cfg.Auth = v.Address, vaultclient.AuthConfig{Method: vaultclient.MethodToken, Token: v.token}
	client, err := vaultclient.New(cfg, zerolog.Nop(), nil)
	if err != nil {
		return login{}, err
	}
	defer client.Close()
	if err := client.Start(ctx); err != nil {
		return login{}, fmt.Errorf("log in to Vault at %s: %w", v.Address, err)
	}
	l, err := prepare(ctx, client, policy)
	if err != nil {
		return login{}, fmt.Errorf("set Vault up at %s: %w", v.Address, err)
	}
	return l, nil
}

func prepare(ctx context.Context, client *vaultclient.Client, policy string) (l login, err error) {
	if _, err = client.EnsureMount(ctx); err != nil {
		return l, err
	}
	hcl, err := policies.Policy(policy)
	if err != nil {
		return l, err
	}
	if _, err = client.WritePolicy(ctx, policyPrefix+policy, hcl); err != nil {
		return l, err
	}
	role := vaultclient.AppRole{Name: rolePrefix + policy, Policies: []string{policyPrefix + policy}, TokenTTL: tokenTTL, TokenMaxTTL: tokenMaxTTL}
	if l.roleID, err = client.EnsureAppRole(ctx, appRole, role); err != nil {
		return l, err
	}
	l.secretID, err = client.NewSecretID(ctx, appRole, role.Name)
	return l, err
}
