package vaultclient

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// The two secrets of a connection.
const (
	config = "config"
	token  = "token"
)

// Config is the connection's config secret. It comes from the cache where that is young enough, unless fresh
// is set: then from a read that begins after the call. While Vault can not be reached (no answer, not a
// sealed or denying one), a secret read up to StaleFor ago serves, but never as a fresh one.
//
// Faults: secret_missing, secret_deleted, secret_destroyed, secret_malformed for the connection; vault_… for
// all else; bad_id.
func (c *Client) Config(ctx context.Context, tenant, connection string, fresh bool) (Secret, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return Secret{}, err
	}
	if fresh {
		return c.cache.fresh(ctx, k)
	}
	s, hit, err := c.cache.get(ctx, k)
	c.obs.CacheLookup(hit)
	return s, err
}

// Forget drops a connection's config secret from the cache, and with it what reads under way will bring.
func (c *Client) Forget(tenant, connection string) { c.cache.forget(key{tenant, connection}) }

// ConfigVersion reads the metadata of the connection's config secret, no secret data. A secret that was
// never written is the zero Version.
func (c *Client) ConfigVersion(ctx context.Context, tenant, connection string) (Version, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return Version{}, err
	}
	return c.version(ctx, k, config)
}

// Token is the connection's worker-owned secret, always read from Vault. Where there is nothing (never
// written, deleted or destroyed), it is the zero Secret, and PutToken with cas 0 writes the next version.
func (c *Client) Token(ctx context.Context, tenant, connection string) (Secret, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return Secret{}, err
	}
	s, err := c.read(ctx, k, token, opReadToken)
	if fault.Is(err, fault.SecretMissing) || fault.Is(err, fault.SecretDeleted) || fault.Is(err, fault.SecretDestroyed) {
		return Secret{}, nil
	}
	return s, err
}

// PutToken writes fields into the worker-owned secret if its version still is cas, as Token gave it, and
// gives the new version. Fields that are not named keep their values. cas 0 demands that nothing is there; a
// deleted or destroyed version is nothing. Conflict: somebody else wrote or deleted it; look again.
func (c *Client) PutToken(ctx context.Context, tenant, connection string, cas int, fields map[string]secret.Value) (int, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return 0, err
	}
	if cas == 0 {
		return c.createToken(ctx, k, fields)
	}
	return c.patchToken(ctx, k, cas, fields)
}

func (c *Client) createToken(ctx context.Context, k key, fields map[string]secret.Value) (int, error) {
	n, err := c.writeToken(ctx, k, 0, fields)
	if !fault.Is(err, fault.Conflict) {
		return n, err
	}
	// Vault counts deleted versions too, so its number is what to expect when nothing is left.
	v, lookErr := c.version(ctx, k, token)
	switch {
	case lookErr != nil:
		return 0, lookErr
	case !v.gone():
		return 0, err
	}
	return c.writeToken(ctx, k, v.Current, fields)
}

func (c *Client) writeToken(ctx context.Context, k key, cas int, fields map[string]secret.Value) (int, error) {
	a, err := c.call(ctx, request{op: opWriteToken, method: http.MethodPut, path: c.path("data", k, token), body: write(fields, &cas)})
	if err != nil {
		return 0, err
	}
	return written(a)
}

func (c *Client) patchToken(ctx context.Context, k key, cas int, fields map[string]secret.Value) (int, error) {
	a, err := c.call(ctx, request{op: opPatchToken, method: http.MethodPatch, path: c.path("data", k, token), body: write(fields, &cas)})
	switch {
	case err == nil:
		return written(a)
	case a.status == http.StatusNotFound && !fault.Is(err, fault.VaultNoMount):
		return 0, c.vanished(ctx, k, err)
	default:
		return 0, err
	}
}

// vanished explains a patch's 404. Vault gives none of its words when a secret's metadata are gone too, which
// looks like an intermediary's 404: the metadata tell.
func (c *Client) vanished(ctx context.Context, k key, patchErr error) error {
	v, err := c.version(ctx, k, token)
	switch {
	case err != nil:
		return err
	case v.Current == 0 || v.gone():
		return fault.New(fault.Conflict, "the secret was deleted meanwhile")
	default:
		return patchErr
	}
}

// PutConfig writes the config secret anew, all fields replaced, and gives the new version. It is for those
// who set connections up and rotate them, and needs no right to read.
func (c *Client) PutConfig(ctx context.Context, tenant, connection string, fields map[string]secret.Value) (int, error) {
	k, err := newKey(tenant, connection)
	if err != nil {
		return 0, err
	}
	a, err := c.call(ctx, request{op: opWriteConfig, method: http.MethodPut, path: c.path("data", k, config), body: write(fields, nil)})
	if err != nil {
		return 0, err
	}
	c.cache.forget(k)
	return written(a)
}

// call sends a request as whoever is logged in. On a 403 that the token is to blame for, it logs in and
// repeats it once: Vault did nothing the first time.
func (c *Client) call(ctx context.Context, r request) (answer, error) {
	h, err := c.session.token(ctx)
	if err != nil {
		return answer{}, err
	}
	r.token = h.token
	a, err := c.do(ctx, r)
	if a.status != http.StatusForbidden || !fault.Is(err, fault.VaultForbidden) {
		return a, err
	}
	again, doubtErr := c.session.doubt(ctx, h)
	switch {
	case doubtErr != nil:
		return answer{}, doubtErr
	case again.gen == h.gen:
		return a, err
	}
	r.token = again.token
	return c.do(ctx, r)
}

func (c *Client) read(ctx context.Context, k key, name, op string) (Secret, error) {
	a, err := c.call(ctx, request{op: op, method: http.MethodGet, path: c.path("data", k, name)})
	if err != nil {
		return Secret{}, err
	}
	return parseSecret(a.body.Data)
}

func (c *Client) readConfig(ctx context.Context, k key) (Secret, error) {
	return c.read(ctx, k, config, opReadConfig)
}

func (c *Client) version(ctx context.Context, k key, name string) (Version, error) {
	a, err := c.call(ctx, request{op: opReadMetadata, method: http.MethodGet, path: c.path("metadata", k, name)})
	switch {
	case fault.Is(err, fault.SecretMissing):
		return Version{}, nil
	case err != nil:
		return Version{}, err
	}
	var meta struct {
		Current  int                     `json:"current_version"`
		Versions map[string]versionState `json:"versions"`
	}
	if json.Unmarshal(a.body.Data, &meta) != nil {
		return Version{}, notVault()
	}
	state := meta.Versions[strconv.Itoa(meta.Current)]
	return Version{
		Current: meta.Current, Created: state.CreatedTime,
		Deleted: state.past(a.date(c.now())), Destroyed: state.Destroyed,
	}, nil
}

// past tells whether the deletion time has come: Vault notes planned deletions too.
func (v versionState) past(now time.Time) bool {
	t, err := time.Parse(time.RFC3339Nano, v.DeletionTime)
	return err == nil && !t.After(now)
}

// path is <mount>/<kind>/<prefix>/<tenant>/conn/<connection>/<name>.
func (c *Client) path(kind string, k key, name string) string {
	return c.cfg.Mount + "/" + kind + "/" + c.cfg.Prefix + "/" + k.tenant + "/conn/" + k.connection + "/" + name
}

// newKey refuses what must not become a part of a path.
func newKey(tenant, connection string) (key, error) {
	switch {
	case !events.ValidID(tenant):
		return key{}, fault.Wrap(fault.BadID, "the tenant is no valid id", events.ErrBadID).WithField("/tenant")
	case !events.ValidID(connection):
		return key{}, fault.Wrap(fault.BadID, "the connection is no valid id", events.ErrBadID).WithField("/connection")
	}
	return key{tenant, connection}, nil
}

// write is the body of a KV v2 write; this and the login are where secrets go on the wire.
func write(fields map[string]secret.Value, cas *int) map[string]any {
	data := make(map[string]string, len(fields))
	for name, v := range fields {
		data[name] = v.Reveal()
	}
	body := map[string]any{"data": data}
	if cas != nil {
		body["options"] = map[string]int{"cas": *cas}
	}
	return body
}

// written is the version that a write made.
func written(a answer) (int, error) {
	var data struct {
		Version int `json:"version"`
	}
	if json.Unmarshal(a.body.Data, &data) != nil || data.Version < 1 {
		return 0, notVault()
	}
	return data.Version, nil
}
