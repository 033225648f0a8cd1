package vaultclient

import (
	"time"

	"holdfast/internal/fault"
)

// rule is one line of the table: answers of a status (0 is any) that a condition (nil is always) holds for
// have a reason.
type rule struct {
	status int
	when   func(answer) bool
	reason fault.Reason
	detail string
	hint   string
}

func says(words string) func(answer) bool { return func(a answer) bool { return a.says(words) } }
func foreign(a answer) bool               { return !a.ours }
func login(a answer) bool                 { return a.login }

const (
	hintPolicy = "compare the worker's policy with deploy/vault/worker.hcl: vault policy read holdfast-worker"
	hintMount  = "vault secrets list -detailed; vault secrets enable -path=secret -version=2 kv"
	hintUnseal = "vault status; vault operator unseal"
	hintLogin  = "check role, secret and mount of the login: vault auth list; vault read auth/<mount>/role/<role>"
)

// table says what every answer but a success of Vault's own means; the first line that fits counts.
// Sources: Vault's HTTP API documentation on status codes, and the answers of servers 1.14 and later.
var table = []rule{
	// A load limiter on the way may throttle in its own words, so this comes before foreign bodies.
	{429, nil, fault.VaultThrottled, "Vault or a limiter before it throttles requests", ""},
	{472, nil, fault.VaultUnavailable, "the Vault node is a disaster recovery secondary", ""},
	{473, nil, fault.VaultUnavailable, "the Vault node is a performance standby", ""},
	{474, nil, fault.VaultUnavailable, "the Vault standby node can not reach the active one", ""},
	{301, nil, fault.VaultUnavailable, "Vault's address redirects elsewhere, which is not followed", "use the address of the active node or the load balancer"},
	{302, nil, fault.VaultUnavailable, "Vault's address redirects elsewhere, which is not followed", "use the address of the active node or the load balancer"},
	{303, nil, fault.VaultUnavailable, "Vault's address redirects elsewhere, which is not followed", "use the address of the active node or the load balancer"},
	{307, nil, fault.VaultUnavailable, "Vault's address redirects elsewhere, which is not followed", "use the address of the active node or the load balancer"},
	{308, nil, fault.VaultUnavailable, "Vault's address redirects elsewhere, which is not followed", "use the address of the active node or the load balancer"},
	{0, foreign, fault.VaultUnavailable, "something else than Vault answers at its address", ""},

	{0, says("Vault is sealed"), fault.VaultSealed, "Vault is sealed", hintUnseal},
	{503, func(a answer) bool { return a.body.Sealed != nil && *a.body.Sealed }, fault.VaultSealed, "Vault is sealed", hintUnseal},

	{400, login, fault.VaultLogin, "Vault refuses the worker's own login", hintLogin}, // a wrong AppRole secret id, for one
	{403, login, fault.VaultLogin, "Vault refuses the worker's own login", hintLogin},

	{400, says("Upgrading from non-versioned"), fault.VaultUnavailable, "the KV mount is being upgraded to version 2", ""},
	{400, says("check-and-set parameter did not match"), fault.Conflict, "another version of the secret was written first", ""},
	{400, says("check-and-set parameter required"), fault.VaultForbidden, "the KV mount or the key demands check-and-set for this write", "vault kv metadata put -cas-required=false …"},
	{400, nil, fault.Internal, "Vault did not understand the request", ""},
	{403, nil, fault.VaultForbidden, "Vault's policies forbid the request", hintPolicy},
	{404, says("no handler for route"), fault.VaultNoMount, "nothing is mounted at the path", hintMount},
	{404, says("unsupported path"), fault.VaultNoMount, "what is mounted at the path is no KV version 2", hintMount},
	{404, answer.destroyed, fault.SecretDestroyed, "the secret's current version is destroyed", ""},
	{404, answer.deleted, fault.SecretDeleted, "the secret's current version is deleted", ""},
	{404, answer.bare, fault.SecretMissing, "the secret was never written", ""},
	{404, nil, fault.VaultUnavailable, "Vault answers 404 in a way that says nothing about the secret", ""},
	{405, nil, fault.VaultNoMount, "what is mounted at the path does not support the operation", hintMount},
	{412, nil, fault.VaultUnavailable, "the Vault node is behind the cluster", ""},
	{500, nil, fault.VaultUnavailable, "Vault has an internal error", ""},
	{501, nil, fault.VaultUnavailable, "Vault is not initialized", "vault operator init"},
	{502, nil, fault.VaultUnavailable, "Vault could not reach another system", ""},
	{503, nil, fault.VaultUnavailable, "Vault is down for maintenance or has no active node", ""},
	{530, nil, fault.VaultUnavailable, "the Vault node is no longer a part of the cluster", ""},
	{0, nil, fault.VaultUnavailable, "Vault answers with an unexpected status", ""},
}

// maxRetryAfter bounds what an answer may ask for.
const maxRetryAfter = time.Hour

// classify is nil for a success of Vault's own, else the fault that the table gives.
func classify(a answer, now time.Time) error {
	if a.ok() {
		return nil
	}
	for _, r := range table {
		if (r.status == 0 || r.status == a.status) && (r.when == nil || r.when(a)) {
			return fault.New(r.reason, r.detail).WithHint(r.hint).WithRetryAfter(fault.ReadRetryAfter(a.header, a.date(now), maxRetryAfter))
		}
	}
	return notVault()
}

// notVault is for a body that should be Vault's and is not.
func notVault() *fault.Fault {
	return fault.New(fault.VaultUnavailable, "something else than Vault answers at its address")
}

// own gives each of several callers a fault of its own, since whoever gets one may add to it.
func own(err error) error {
	if err == nil {
		return nil
	}
	f := *fault.From(err)
	return &f
}
