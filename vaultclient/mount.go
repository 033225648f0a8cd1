package vaultclient

import (
	"context"
	"encoding/json"
	"net/http"

	"holdfast/internal/fault"
)

// checkMount makes sure that the configured mount is a KV version 2 engine. A version 1 engine answers reads of
// version 2 paths with "nothing there": runs would be suspended for secrets that are in place.
//
// sys/internal/ui/mounts/<path> needs no policy of its own: Vault answers whoever has a right below the mount, and
// says the same of a mount that does not exist and of one that the token has no right in.
func (c *Client) checkMount(ctx context.Context) error {
	a, err := c.call(ctx, request{op: opReadMount, method: http.MethodGet, path: "sys/internal/ui/mounts/" + c.cfg.Mount})
	switch {
	case fault.Is(err, fault.VaultForbidden):
		return c.unseenMount(ctx)
	case err != nil:
		return err
	}
	var m struct {
		Path    string            `json:"path"`
		Type    string            `json:"type"`
		Options map[string]string `json:"options"`
	}
	switch {
	case json.Unmarshal(a.body.Data, &m) != nil:
		return notVault()
	case m.Path != c.cfg.Mount+"/": // a mount above answers for what is below it
		return c.unseenMount(ctx)
	case m.Type == "kv" && m.Options["version"] == "2":
		return nil
	case m.Type == "kv":
		return fault.New(fault.VaultNoMount, "the KV mount at "+c.cfg.Mount+"/ is version 1: version 2 is needed").
			WithHint("vault kv enable-versioning " + c.cfg.Mount + "   # or another mount: --vault-mount")
	default:
		return fault.New(fault.VaultNoMount, "what is mounted at "+c.cfg.Mount+"/ is no KV version 2 engine").
			WithHint("choose another mount: --vault-mount; vault secrets list -detailed")
	}
}

// unseenMount lets only those go on who may look at all mounts: administrators, who are going to make the mount
// (EnsureMount).
func (c *Client) unseenMount(ctx context.Context) error {
	_, err := c.call(ctx, request{op: opReadMount, method: http.MethodGet, path: "sys/mounts"})
	if !fault.Is(err, fault.VaultForbidden) {
		return err
	}
	return fault.New(fault.VaultNoMount, "there is no mount at "+c.cfg.Mount+"/, or no policy of this login names a path below it").
		WithHint("vault secrets enable -version=2 -path=" + c.cfg.Mount + " kv   # policies: deploy/vault/worker.hcl")
}
