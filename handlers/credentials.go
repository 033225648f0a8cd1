package handlers

import (
	"context"
	"sync"
	"time"

	"holdfast/internal/connection"
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
}

// credentials looks up connection and secret, from the caches or, fresh, past them.
func (h *Handlers) credentials(ctx context.Context, j *job, fresh bool) credentials {
	look := h.Registry.Get
	if fresh {
		look = h.Registry.Fresh
	}
	e, _, err := look(ctx, j.Tenant, j.req.Connection)
	if err != nil {
		return credentials{entry: connection.Missed(j.Tenant, j.req.Connection), fault: fault.From(err)}
	}
	if e == nil {
		e = connection.Missed(j.Tenant, j.req.Connection)
	}
	return h.secretOf(ctx, e, fresh)
}

// secretOf adds the secret to a connection. A cached one that is older than what the registry has seen is
// fetched again: another worker knows more than our cache.
func (h *Handlers) secretOf(ctx context.Context, e *connection.Entry, fresh bool) credentials {
	c := credentials{entry: e, fence: connection.Fence{Generation: e.Generation}}
	if c.fault = e.Unusable(h.Clock.Now()); c.fault != nil {
		return c
	}
	var err error
	if c.secret, err = h.readSecret(ctx, e, fresh); err == nil && !fresh && c.secret.Version < e.SeenVersion() {
		c.secret, err = h.readSecret(ctx, e, true)
	}
	c.fence.SecretVersion = c.secret.Version
	c.fault = fault.From(err)
	return c
}

// readSecret is the connection's secret; where there is none to read, it names the version that is gone.
func (h *Handlers) readSecret(ctx context.Context, e *connection.Entry, fresh bool) (vaultclient.Secret, error) {
	defer h.stage("vault", time.Now())
	key := e.Tenant + "/" + e.ID
	if !fresh {
		if s, f := h.gone.get(key); f != nil {
			return s, f
		}
	}
	s, err := h.Secrets.Config(ctx, e.Tenant, e.ID, fresh)
	f := fault.From(err)
	if f == nil || !f.Class().Suspends() {
		return s, err
	}
	v, err := h.Secrets.ConfigVersion(ctx, e.Tenant, e.ID)
	if err != nil {
		return s, err
	}
	s.Version = v.Current
	h.gone.put(key, s, f, h.opts.ForgetFailure)
	return s, f
}

func (h *Handlers) stage(name string, since time.Time) { h.Observer.Stage(name, time.Since(since)) }

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

func (c *goneCache) put(key string, s vaultclient.Secret, f *fault.Fault, life time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.m == nil {
		c.m = make(map[string]goneSecret)
	}
	c.m[key] = goneSecret{secret: s, fault: f, until: time.Now().Add(life)}
}
