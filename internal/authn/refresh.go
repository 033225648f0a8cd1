package authn

import (
	"context"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

const (
	// rounds bounds how often a transaction begins anew because a secret moved under it.
	rounds = 4
	// grace is what the owner of a mark gets to store its result: more than its pause between two tries.
	grace = 3 * time.Second
	// releaseTimeout bounds what a stopping worker waits for the bus.
	releaseTimeout = 2 * time.Second
	// heldPause is the delay asked for when another worker takes too long.
	heldPause = 2 * time.Second
)

// refresh is the transaction that the package's documentation tells of.
func (a *Authenticator) refresh(ctx context.Context, o order) (held, error) {
	if a.storing.has(leaseKey(o.entry)) {
		return held{}, notStored()
	}
	h, done, err := a.look(ctx, o, o.secret)
	if done || err != nil {
		return h, err
	}
	lease, h, err := a.await(ctx, o)
	if lease == nil {
		return h, err
	}
	t := &transaction{Authenticator: a, order: o, lease: lease}
	h, err = t.run(ctx)
	if !t.handedOn {
		a.release(ctx, lease)
	}
	return h, err
}

func notStored() error {
	return fault.New(fault.VaultUnavailable, "the refreshed token is not stored yet").WithRetryAfter(storePauseMost)
}

// look sees whether another worker has answered the question already. done: with h, or with an error.
func (a *Authenticator) look(ctx context.Context, o order, config vaultclient.Secret) (h held, done bool, err error) {
	if minted(o.entry) {
		h, done = a.present(o)
		return h, done, nil
	}
	s, err := a.o.Tokens.Token(ctx, o.entry.Tenant, o.entry.ID)
	if err != nil {
		return held{}, true, err
	}
	f := parseFamily(s)
	if h, ok := a.adopt(o, f, config); ok {
		return h, true, nil
	}
	if err := f.refusal(fenceOf(o.entry, config), o.asked, a.o.Clock.Now()); err != nil {
		return held{}, true, err
	}
	return held{}, false, nil
}

// adopt takes the family's access token if it was made with these very credentials (a new client secret has
// to prove itself), is still good, and is not the one that brought us here.
func (a *Authenticator) adopt(o order, f family, config vaultclient.Secret) (held, bool) {
	if f.access.Empty() || f.fence != fenceOf(o.entry, config) || o.passed(f.made) {
		return held{}, false
	}
	h := newHeld(f.access, f.made, f.expires, a.o.RenewAhead)
	h.version, h.adopted = config.Version, true
	h.secrets = append(sensitive(config), f.refresh)
	present, rejected := a.slotFor(o, config.Version).current()
	switch {
	case !h.good(a.o.Clock.Now()) || fingerprint(f.access) == rejected:
		return held{}, false
	case o.renew && present != nil && !h.expires.After(present.expires):
		return held{}, false
	}
	return h, true
}

// await gets the lease, or the result of whoever has it. Who has a token that still works does not wait, nor does who
// replaces one that was refused: what the holder finds out about the credentials is to be looked at first.
func (a *Authenticator) await(ctx context.Context, o order) (Lease, held, error) {
	giveUp := time.Now().Add(leaseTTL * 4 / 3) // a dead worker's lease has ended by then
	replaces := minted(o.entry) && a.slotFor(o, o.secret.Version).refused()
	for pauses := newPauses(50*time.Millisecond, time.Second); ; {
		lease, err := a.o.Leases.Acquire(ctx, leaseKey(o.entry), leaseTTL)
		if err == nil {
			return lease, held{}, nil
		}
		if fault.From(err).Reason != fault.LeaseHeld {
			return nil, held{}, err
		}
		if o.renew || replaces || time.Now().After(giveUp) || !pauses.wait(ctx) {
			return nil, held{}, fault.New(fault.LeaseHeld, "another worker is getting an access token").WithRetryAfter(heldPause)
		}
		if h, done, err := a.look(ctx, o, o.secret); done {
			return nil, h, err
		}
	}
}

// release gives the lease back, also when ctx has ended. Where that fails, the lease ends by itself.
func (a *Authenticator) release(ctx context.Context, l Lease) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_ = l.Release(ctx)
}

// transaction is one refresh under its lease.
type transaction struct {
	*Authenticator
	order

	lease Lease
	// config and family are as last read, under the lease.
	config vaultclient.Secret
	family family
	// origin is the config secret's refresh token, spend the one to spend.
	origin, spend secret.Value
	// by is our mark, doubt tells that the token may have been spent before, by somebody or by us.
	by    string
	doubt bool
	// lost counts our own requests without an answer.
	lost int
	// waited tells that the owner of a foreign mark had its moment.
	waited bool
	// handedOn tells that the lease belongs to the storing now.
	handedOn bool
}

func (t *transaction) run(ctx context.Context) (held, error) {
	for range rounds {
		h, done, err := t.read(ctx)
		if done || err != nil {
			return h, err
		}
		if err := t.mark(ctx); err != nil {
			if fault.Is(err, fault.Conflict) {
				continue
			}
			return held{}, err
		}
		token, err := t.ask(ctx)
		if err == nil {
			return t.keep(ctx, token), nil
		}
		if again, err := t.refusedBy(ctx, err); !again {
			return held{}, err
		}
	}
	return held{}, fault.New(fault.Conflict, "the connection's secrets keep changing")
}

// read reads both secrets under the lease and settles which token to spend. done: with h, or with an error.
func (t *transaction) read(ctx context.Context) (held, bool, error) {
	e := t.entry
	if t.storing.has(leaseKey(e)) {
		return held{}, true, notStored()
	}
	var err error
	if t.config, err = t.o.Tokens.Config(ctx, e.Tenant, e.ID, true); err != nil {
		return held{}, true, err
	}
	if t.origin, err = field(t.config, fieldRefresh); err != nil {
		return held{}, true, err
	}
	s, err := t.o.Tokens.Token(ctx, e.Tenant, e.ID)
	if err != nil {
		return held{}, true, err
	}
	t.family = parseFamily(s)
	if h, ok := t.adopt(t.order, t.family, t.config); ok {
		return h, true, nil
	}
	if err := t.family.refusal(t.fence(), t.asked, t.o.Clock.Now()); err != nil {
		return held{}, true, err
	}
	t.spend = t.family.next(t.origin)
	return t.heed(ctx)
}

// heed looks for a mark of somebody else's on the token. Until its owner's requests must have ended, nobody
// else sends the token; after that, the owner gets a moment to store what came.
func (t *transaction) heed(ctx context.Context) (held, bool, error) {
	t.doubt = t.family.unfinished(t.spend)
	if owner := t.family.attemptBy; !t.doubt || t.waited || owner == "" || owner == t.by {
		return held{}, false, nil
	}
	if left := t.family.attemptUntil.Sub(t.o.Clock.Now()); left > 0 {
		return held{}, true, fault.New(fault.LeaseHeld, "a worker that lost its lease may be refreshing the token").
			WithRetryAfter(min(left, heldPause))
	}
	t.waited = true
	if !pause.For(ctx, grace) {
		return held{}, true, fault.New(fault.Draining, "the worker is stopping")
	}
	if err := t.lease.Renew(ctx, leaseTTL); err != nil {
		return held{}, true, err
	}
	return t.read(ctx)
}

func (t *transaction) fence() fence { return fenceOf(t.entry, t.config) }
