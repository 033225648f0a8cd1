package ops

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/rs/zerolog"

	policies "holdfast/deploy/vault"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
	"holdfast/vaultclient"
)

// VaultSetup says what workers are to find in Vault.
type VaultSetup struct {
	// Role is the AppRole's name, AuthMount where the method is mounted, RoleID the role id to have (empty: Vault
	// chooses).
	Role, AuthMount, RoleID string
	// Folder is where role-id and secret-id are written, readable by the owner alone; empty writes none.
	Folder string
	// Patience is how long to wait for a Vault that does not answer yet.
	Patience time.Duration
}

// VaultReport lists what was done, by kind and name (`policy holdfast-worker`), and what to log in with.
type VaultReport struct {
	Created   []string `json:"created"`
	Changed   []string `json:"changed"`
	Unchanged []string `json:"unchanged"`
	RoleID    string   `json:"role_id"`
	// SecretIDFile holds the secret id; empty where none was asked for.
	SecretIDFile string `json:"secret_id_file,omitempty"`
}

// policyPrefix begins the names that Holdfast's policies have in Vault.
const policyPrefix = "holdfast-"

// How long a worker's token lives: renewed at two thirds, and replaced near the end.
const (
	workerTokenTTL    = time.Hour
	workerTokenMaxTTL = 24 * time.Hour
	vaultRetry        = 500 * time.Millisecond
)

// SetUpVault makes what workers need: the KV mount, the three policies, an AppRole that has the worker's alone,
// and, where a folder is named, the files to log in with. Doing it again changes nothing: a secret id that still
// works is kept. cfg logs in as an administrator.
func SetUpVault(ctx context.Context, cfg vaultclient.Config, s VaultSetup, log zerolog.Logger) (VaultReport, error) {
	c, err := vaultclient.New(cfg, log, nil)
	if err != nil {
		return VaultReport{}, err
	}
	defer c.Close()
	v := &vaultSetup{VaultSetup: s, client: c, cfg: cfg,
		report: VaultReport{Created: []string{}, Changed: []string{}, Unchanged: []string{}}}
	for _, step := range []func(context.Context) error{v.logIn, v.mount, v.policies, v.role, v.login} {
		if err := step(ctx); err != nil {
			return v.report, fmt.Errorf("set up Vault: %w", err)
		}
	}
	return v.report, nil
}

type vaultSetup struct {
	VaultSetup

	client *vaultclient.Client
	cfg    vaultclient.Config
	report VaultReport
}

// logIn waits for a Vault that is only just starting.
func (v *vaultSetup) logIn(ctx context.Context) error {
	var last error
	waiting, cancel := context.WithTimeout(ctx, v.Patience)
	defer cancel()
	err := pause.Until(waiting, vaultRetry, func() (bool, error) {
		last = v.client.Start(ctx)
		if last != nil && fault.From(last).Class() != fault.Transient {
			return false, last
		}
		return last == nil, nil
	})
	if err != nil && last != nil {
		return last
	}
	return err
}

func (v *vaultSetup) mount(ctx context.Context) error {
	made, err := v.client.EnsureMount(ctx)
	if err == nil {
		v.note("mount "+v.cfg.Mount+"/", made, false)
	}
	return err
}

func (v *vaultSetup) policies(ctx context.Context) error {
	for _, name := range []string{policies.Worker, policies.Rotator, policies.Console} {
		hcl, err := policies.Policy(name)
		if err != nil {
			return err
		}
		changed, err := v.client.WritePolicy(ctx, policyPrefix+name, v.here(hcl))
		if err != nil {
			return err
		}
		v.note("policy "+policyPrefix+name, false, changed)
	}
	return nil
}

// here writes a policy for the mount and the prefix that are configured, instead of the usual ones.
func (v *vaultSetup) here(hcl string) string {
	usual := vaultclient.Default()
	var pairs []string
	for _, kind := range []string{"data", "metadata"} {
		pairs = append(pairs, `"`+usual.Mount+"/"+kind+"/"+usual.Prefix+"/", `"`+v.cfg.Mount+"/"+kind+"/"+v.cfg.Prefix+"/")
	}
	return strings.NewReplacer(pairs...).Replace(hcl)
}

func (v *vaultSetup) role(ctx context.Context) (err error) {
	v.report.RoleID, err = v.client.EnsureAppRole(ctx, v.AuthMount, vaultclient.AppRole{
		Name: v.Role, ID: v.RoleID, Policies: []string{policyPrefix + policies.Worker},
		TokenTTL: workerTokenTTL, TokenMaxTTL: workerTokenMaxTTL,
	})
	return err
}

func (v *vaultSetup) login(ctx context.Context) error {
	if v.Folder == "" {
		return nil
	}
	f := loginFiles(v.Folder)
	if err := f.writeRoleID(v.report.RoleID); err != nil {
		return err
	}
	v.report.SecretIDFile = f.secretID()
	if id, there := f.readSecretID(); there {
		good, err := v.client.KnowsSecretID(ctx, v.AuthMount, v.Role, id)
		if err != nil {
			return err
		}
		if good {
			v.note("secret id", false, false)
			return nil
		}
	}
	id, err := v.client.NewSecretID(ctx, v.AuthMount, v.Role)
	if err != nil {
		return err
	}
	v.note("secret id", true, false)
	return f.writeSecretID(id)
}

func (v *vaultSetup) note(what string, made, changed bool) {
	switch {
	case made:
		v.report.Created = append(v.report.Created, what)
	case changed:
		v.report.Changed = append(v.report.Changed, what)
	default:
		v.report.Unchanged = append(v.report.Unchanged, what)
	}
}
