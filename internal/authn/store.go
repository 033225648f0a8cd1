package authn

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/pause"
	"holdfast/internal/secret"
)

const (
	storePauseLeast = 50 * time.Millisecond
	storePauseMost  = time.Second
)

// keep stores the new token. Where that fails at first it goes on in the background, holding the lease, while
// the access token is used from memory already.
func (t *transaction) keep(ctx context.Context, token oauth.Token) held {
	h := t.hold(t.config, token)
	if life := t.refreshLife(t.entry); token.RefreshExpires.IsZero() && life > 0 {
		token.RefreshExpires = h.made.Add(life)
	}
	t.learn(ctx, t.order, t.config, token.RefreshExpires)
	w := &write{transaction: t, token: token, cas: t.family.version, fields: refreshed(token, h, t.fence(), t.origin)}
	if w.try(ctx) {
		return h
	}
	t.handedOn = true
	name := leaseKey(t.entry)
	t.storing.add(name)
	t.life.follow(ctx, func(ctx context.Context) {
		defer t.storing.remove(name)
		ctx, cancel := context.WithTimeout(ctx, storeFor)
		defer cancel()
		w.insist(ctx)
		t.release(ctx, t.lease)
	})
	return h
}

// write is a new member of the family on its way into Vault.
type write struct {
	*transaction

	token  oauth.Token
	cas    int
	fields map[string]secret.Value
}

// try writes once. It is done when the token is stored, or when there is one that goes before it.
func (w *write) try(ctx context.Context) (done bool) {
	_, err := w.put(ctx, w.cas, w.fields)
	if err == nil {
		return true
	}
	reason := fault.From(err).Reason
	w.o.Observer.TokenStoreFailed(reason)
	return reason == fault.Conflict && w.settle(ctx)
}

// settle finds out who wrote meanwhile: we, when an answer was lost; somebody who was authorized later, who
// goes before us; or somebody who only marked the token that we have spent: then ours is the one that works.
func (w *write) settle(ctx context.Context) (done bool) {
	s, err := w.o.Tokens.Token(ctx, w.entry.Tenant, w.entry.ID)
	if err != nil {
		return false
	}
	f := parseFamily(s)
	switch {
	case f.access == w.token.Access, f.fence.version > w.config.Version:
		return true
	case f.fence.version < w.config.Version, f.refresh.Empty(), f.refresh == w.spend:
		w.cas = f.version
		return false
	}
	return true
}

// insist tries until it is done or ctx ends, renewing the lease meanwhile. Should the lease be lost, the
// check-and-set and the mark still stand between us and another worker.
func (w *write) insist(ctx context.Context) {
	renewed := time.Now()
	for pauses := newPauses(storePauseLeast, storePauseMost); pauses.wait(ctx); {
		if w.try(ctx) {
			return
		}
		if time.Since(renewed) > leaseTTL/3 {
			_ = w.lease.Renew(ctx, leaseTTL)
			renewed = time.Now()
		}
	}
}

// storing names the connections whose new refresh token is in this process alone.
type storing struct {
	mu    sync.Mutex
	names map[string]struct{}
}

func newStoring() *storing { return &storing{names: map[string]struct{}{}} }

func (s *storing) add(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.names[name] = struct{}{}
}

func (s *storing) remove(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.names, name)
}

func (s *storing) has(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, ok := s.names[name]
	return ok
}

// pauses grow by half, with jitter, from the least to the most.
type pauses struct{ next, most time.Duration }

func newPauses(least, most time.Duration) *pauses { return &pauses{least, most} }

// wait is one pause; false when ctx ends first.
func (p *pauses) wait(ctx context.Context) bool {
	d := p.next/2 + rand.N(p.next/2+1) //nolint:gosec // no secret, only spread
	p.next = min(p.next*3/2, p.most)
	return pause.For(ctx, d)
}
