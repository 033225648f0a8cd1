package authn

import (
	"context"
	"errors"
	"sync"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/pause"
	"holdfast/internal/secret"
)

// renewing renews a lease until it is stopped. Should it be lost all the same, the mark's end stands between
// a refresh token and the next holder.
func (a *Authenticator) renewing(ctx context.Context, l Lease) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		for pause.For(ctx, leaseTTL/3) {
			// Not cut off by stop: the lease has to know its last revision.
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
			_ = l.Renew(ctx, leaseTTL)
			cancel()
		}
	})
	return func() { cancel(); wg.Wait() }
}

// mark also says when the requests that follow must have ended, answered or not.
func (t *transaction) mark(ctx context.Context) error {
	secrets, err := clientSecrets(t.config)
	if err != nil {
		return err
	}
	now := t.o.Clock.Now()
	most := t.o.OAuth.Timeout() * time.Duration(max(1, len(usable(secrets, now))))
	fields, by := mark(t.spend, now.Add(most))
	version, err := t.put(ctx, t.family.version, fields)
	if err == nil {
		t.family.version, t.by = version, by
	}
	return err
}

func (t *transaction) put(ctx context.Context, cas int, fields map[string]secret.Value) (int, error) {
	return t.o.Tokens.PutToken(ctx, t.entry.Tenant, t.entry.ID, cas, fields)
}

// ask spends the token, renewing the lease while the provider takes its time.
func (t *transaction) ask(ctx context.Context) (oauth.Token, error) {
	if err := t.lease.Renew(ctx, leaseTTL); err != nil {
		return oauth.Token{}, err
	}
	defer t.renewing(ctx, t.lease)()
	return t.asClient(t.order, t.config, t.counted(ctx, t.method, func(e oauth.Endpoint) (oauth.Token, error) {
		return t.o.OAuth.Refresh(ctx, e, t.spend)
	}))
}

// refusedBy says what follows from the provider's error: once more, or the error to give.
func (t *transaction) refusedBy(ctx context.Context, err error) (again bool, _ error) {
	f := fault.From(err)
	switch {
	case errors.Is(err, oauth.ErrTimedOut):
		// The provider may be at it still: a second request could be the one that it takes for theft.
		return t.verdict(ctx, lost("the provider did not answer in time, and may have spent the refresh token"))
	case errors.Is(err, oauth.ErrNoAnswer) && t.lost == 0 && ctx.Err() == nil:
		// The connection broke. If the provider has spent the token, its successor is lost already, and asking
		// again costs nothing; else it works. Many honour a token for a few seconds more, for just this case.
		t.lost++
		return true, nil
	case errors.Is(err, oauth.ErrAmbiguous):
		t.note(ctx, values(fieldAttemptBy, "")) // the mark stays, but nobody is at it
		return false, err
	case f.Class() != fault.Auth && f.Class() != fault.Settings:
		t.note(ctx, unmarked())
		return false, err
	case f.Reason == fault.InvalidGrant:
		if t.doubt {
			return t.verdict(ctx, lost("a refresh token was spent, and the next one never stored"))
		}
		return t.verdict(ctx, f)
	}
	t.close(ctx, f.Reason)
	return false, err
}

func lost(detail string) *fault.Fault {
	return fault.New(fault.RefreshTokenLost, detail).WithHint("authorize the connection again")
}

// verdict reads again before it says that a token is no good: somebody may have rotated it, or authorized anew.
func (t *transaction) verdict(ctx context.Context, refusal *fault.Fault) (again bool, _ error) {
	e := t.entry
	s, err := t.o.Tokens.Token(ctx, e.Tenant, e.ID)
	if err != nil {
		return false, err
	}
	config, err := t.o.Tokens.Config(ctx, e.Tenant, e.ID, true)
	if err != nil {
		return false, err
	}
	if s.Version != t.family.version || config.Version != t.config.Version {
		return true, nil
	}
	if refusal.Reason == fault.RefreshTokenLost { // the mark stays: so it is
		fields := refused(refusal.Reason, t.fence(), t.o.Clock.Now())
		fields[fieldAttemptBy] = secret.Value{}
		t.note(ctx, fields)
		return false, refusal
	}
	t.close(ctx, refusal.Reason)
	return false, refusal
}

// close notes a refusal, and that the attempt is over.
func (t *transaction) close(ctx context.Context, reason fault.Reason) {
	fields := refused(reason, t.fence(), t.o.Clock.Now())
	for name, v := range unmarked() {
		fields[name] = v
	}
	t.note(ctx, fields)
}

// note writes what spares others work. Where it can not be written, they do that work.
func (t *transaction) note(ctx context.Context, fields map[string]secret.Value) {
	if version, err := t.put(ctx, t.family.version, fields); err == nil {
		t.family.version = version
	}
}
