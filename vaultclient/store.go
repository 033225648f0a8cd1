package vaultclient

import (
	"context"
	"maps"
	"net/http"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// What people do who set connections up: write a secret once, however often they are interrupted.

// Stored is what StoreConfig left behind.
type Stored struct {
	// Version is the secret's current version, and Written whether it is a new one.
	Version int
	Written bool
}

// StoreConfig makes the connection's config secret hold fields. With keep, fields that are there and not
// named stay as they are; without it they go. What is there already as it should be is not written again, so
// whoever was interrupted may repeat it. A write names the version that it replaces: Conflict, where somebody
// else wrote meanwhile.
//
// A policy that may not read (the rotator's) can neither compare nor keep: then every call writes a new
// version, and with keep it is vault_forbidden.
func (c *Client) StoreConfig(ctx context.Context, tenant, connection string, fields map[string]secret.Value, keep bool) (Stored, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return Stored{}, err
	}
	now, err := c.readConfig(ctx, k)
	switch {
	case fault.Is(err, fault.VaultForbidden) && !keep:
		return c.storeUnseen(ctx, tenant, connection, fields)
	case fault.Is(err, fault.VaultForbidden):
		return Stored{}, fault.Wrap(fault.VaultForbidden, "this login may not read the secret, so it can not change a part of it", err).
			WithHint("give all fields of the secret, or use a login that may read it")
	case fault.Is(err, fault.SecretDeleted), fault.Is(err, fault.SecretDestroyed), fault.Is(err, fault.SecretMalformed) && !keep:
		v, err := c.version(ctx, k, config)
		if err != nil {
			return Stored{}, err
		}
		return c.storeAfter(ctx, k, v.Current, fields)
	case err != nil && !fault.Is(err, fault.SecretMissing):
		return Stored{}, err
	}
	wanted := fields
	if keep {
		wanted = maps.Clone(now.fields)
		if wanted == nil {
			wanted = make(map[string]secret.Value, len(fields))
		}
		maps.Copy(wanted, fields)
	}
	if now.Version > 0 && maps.Equal(wanted, now.fields) {
		return Stored{Version: now.Version}, nil
	}
	return c.storeAfter(ctx, k, now.Version, wanted)
}

// storeAfter writes the version that follows after; 0: there is none.
func (c *Client) storeAfter(ctx context.Context, k key, after int, fields map[string]secret.Value) (Stored, error) {
	a, err := c.call(ctx, request{op: opWriteConfig, method: http.MethodPut, path: c.path("data", k, config), body: write(fields, &after)})
	if err != nil {
		return Stored{}, err
	}
	c.cache.forget(k)
	n, err := written(a)
	return Stored{Version: n, Written: err == nil}, err
}

func (c *Client) storeUnseen(ctx context.Context, tenant, connection string, fields map[string]secret.Value) (Stored, error) {
	n, err := c.PutConfig(ctx, tenant, connection, fields)
	return Stored{Version: n, Written: err == nil}, err
}
