package handlers

import (
	"context"
	"sync"
	"time"

	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/vaultclient"
)

// credentials are a connection and its secret as they were at one moment, and the fence that names them.
// fault is why they can not be tried; the fence is good all the same where the fault suspends.
type credentials struct {
	entry  *connection.Entry
	secret vaultclient.Secret
	fence  connection.Fence
	fault  *fault.Fault
	fresh  bool // looked up past the caches
	// asked is when somebody asked for another try; zero when nobody did.
	asked time.Time
}

// credentials looks up connection and secret, from the caches or, fresh, past them.
func (h *Handlers) credentials(ctx context.Context, j *job, fresh bool) credentials {
	e, f := h.entry(ctx, j, fresh)
	if f != nil {
		return credentials{entry: e, fault: f, fresh: fresh}
	}
	return h.secretOf(ctx, e, fresh)
}

// believed is credentials with the connection as it is now. The secret may still come from the cache: where
// somebody has seen a newer one, the connection says so.
func (h *Handlers) believed(ctx context.Context, j *job) credentials {
	e, f := h.entry(ctx, j, true)
	if f != nil {
		return credentials{entry: e, fault: f}
	}
	return h.secretOf(ctx, e, false)
}

// entry is the job's connection; one that nobody has created is an entry that says so.
func (h *Handlers) entry(ctx context.Context, j *job, fresh bool) (*connection.Entry, *fault.Fault) {
	look := h.Registry.Get
	if fresh {
		look = h.Registry.Fresh
	}
	e, _, err := look(ctx, j.Tenant, j.req.Connection)
	if err != nil || e == nil {
		e = connection.Missed(j.Tenant, j.req.Connection)
	}
	return e, fault.From(err)
}

// secretOf adds the secret to a connection. A cached one that is older than what the registry has seen is
// fetched again: another worker knows more than our cache.
func (h *Handlers) secretOf(ctx context.Context, e *connection.Entry, fresh bool) credentials {
	c := credentials{entry: e, fence: connection.Fence{Generation: e.Generation}, fresh: fresh}
	if c.fault = e.Unusable(h.Clock.Now()); c.fault != nil || !e.NeedsSecret() {
		return c
	}
	var err error
	if c.secret, err = h.readSecret(ctx, e, fresh); err == nil && !fresh && created(c.secret.Created) < e.SecretSeen() {
		c.secret, err = h.readSecret(ctx, e, true)
	}
	c.fence.SecretVersion, c.fence.SecretCreated = c.secret.Version, created(c.secret.Created)
	c.fault = fault.From(err)
	return c
}

// readSecret is the connection's secret; where there is none to read, it names the version that is gone.
func (h *Handlers) readSecret(ctx context.Context, e *connection.Entry, fresh bool) (_ vaultclient.Secret, err error) {
	ctx, end := h.Observer.Begin(ctx, dispatch.StageVault)
	defer func() { end(fault.From(err)) }()
	key := e.Tenant + "/" + e.ID
	if !fresh {
		if s, f := h.gone.get(key); f != nil {
			return s, f
		}
	}
	s, err := h.Secrets.Config(ctx, e.Tenant, e.ID, fresh)
	f := fault.From(err)
	if f == nil {
		h.gone.drop(key)
		return s, nil
	}
	if !f.Class().Suspends() {
		return s, f
	}
	v, err := h.Secrets.ConfigVersion(ctx, e.Tenant, e.ID)
	if err != nil {
		return s, err
	}
	s.Version, s.Created = v.Current, v.Created
	h.gone.put(key, s, f, h.opts.ForgetFailure)
	return s, f
}

// created is a version's time in a fence; 0 for none.
func created(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

// goneCache remembers for a moment that a secret is missing, deleted or malformed, so that ten thousand
// requests on one such connection do not ask Vault ten thousand times.
type goneCache struct {
	mu sync.Mutex
	m  map[string]goneSecret
}

type goneSecret struct {
	secret vaultclient.Secret
	fault  *fault.Fault
	until  time.Time
}

func (c *goneCache) get(key string) (vaultclient.Secret, *fault.Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g, ok := c.m[key]
	if !ok || time.Now().After(g.until) {
		delete(c.m, key)
		return vaultclient.Secret{}, nil
	}
	return g.secret, g.fault
}

func (c *goneCache) drop(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.m, key)
}

func (c *goneCache) put(key string, s vaultclient.Secret, f *fault.Fault, life time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[string]goneSecret)
	}
	c.m[key] = goneSecret{secret: s, fault: f, until: time.Now().Add(life)}
}
