package vaultclient

import (
	"context"
	"time"

	"holdfast/internal/fault"
)

// keep keeps the session logged in until ctx ends. It sleeps until something is due; a login that a request
// brought about wakes it, because the due time is another one then.
func (s *session) keep(ctx context.Context) {
	failures := newPauses()
	var retry time.Time
	for ctx.Err() == nil {
		timer, due := s.timer(retry)
		select {
		case <-ctx.Done():
		case <-s.changed:
			failures.Reset()
			retry = time.Time{}
		case <-due:
			if err := s.upkeep(ctx); err != nil {
				retry = s.now().Add(failures.NextBackOff())
			} else {
				failures.Reset()
				retry = time.Time{}
			}
		}
		timer.Stop()
	}
}

// timer rings when the lease is to be renewed, or at retry when that is later. A token without end never
// needs it.
func (s *session) timer(retry time.Time) (*time.Timer, <-chan time.Time) {
	l := s.peek().lease
	if l.held() && l.ttl == 0 {
		t := time.NewTimer(time.Hour)
		return t, nil
	}
	at := l.renewAt()
	if retry.After(at) {
		at = retry
	}
	t := time.NewTimer(max(0, at.Sub(s.now())))
	return t, t.C
}

// upkeep renews the lease, or logs in where renewing is not possible, not enough, or refused.
func (s *session) upkeep(ctx context.Context) error {
	h := s.peek()
	if !h.renewable || h.nearMax || !h.live(s.now()) {
		return s.replace(ctx, h)
	}
	l, err := s.vault.renew(ctx, h.lease)
	switch {
	case err == nil:
		s.prolong(h.gen, l)
		return nil
	case fault.Is(err, fault.VaultForbidden), fault.Is(err, fault.Internal):
		return s.replace(ctx, h)
	default:
		s.log.Warn().Str("reason", string(fault.From(err).Reason)).Msg("Vault token not renewed; trying again")
		return err
	}
}

// replace logs in whether or not the present token still works.
func (s *session) replace(ctx context.Context, h held) error {
	_, err := s.join(ctx, h, s.enter)
	return err
}

func (s *session) prolong(gen uint64, l lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gen == gen {
		s.current = l
	}
}
