package vaultclient

import (
	"context"
	"sync"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const (
	// loginPause and loginPauseMax bound the pause after a refused login: Vault locks accounts out that try
	// a wrong secret again and again.
	loginPause    = 500 * time.Millisecond
	loginPauseMax = 30 * time.Second
)

// session is the process's login at Vault. At most one look into it (a login, or asking whether a token is
// still good) is under way; whoever needs one while it is joins it.
type session struct {
	vault interface {
		logIn(ctx context.Context) (lease, error)
		renew(ctx context.Context, l lease) (lease, error)
		lookup(ctx context.Context, token secret.Value) (answer, error)
	}
	method Method
	spawn  func(func(context.Context)) bool
	now    func() time.Time
	log    zerolog.Logger

	mu      sync.Mutex
	current lease
	gen     uint64 // raised with each new login
	look    *look
	started bool
	// refused is why the last login failed; no other is tried before refusedUntil.
	refused      error
	refusedUntil time.Time
	logged       fault.Reason // why logins fail, as far as it is in the log
	pauses       *backoff.ExponentialBackOff
	changed      chan struct{} // tells keep that current is another one
}

// look is one look into the session, for all who wait for it.
type look struct {
	done chan struct{}
	err  error
}

func newSession(c *Client) *session {
	return &session{
		vault: c, method: c.cfg.Auth.Method, spawn: c.life.spawn, now: c.now, log: c.log,
		pauses: newPauses(), changed: make(chan struct{}, 1),
	}
}

func newPauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = loginPause, 2, loginPauseMax
	return b
}

// start makes the first login, whatever was refused a moment ago, and makes sure that the token may look
// itself up: without that, a 403 could not be told from a token that has ended.
func (s *session) start(ctx context.Context) error {
	s.mu.Lock()
	if s.started {
		s.mu.Unlock()
		return fault.New(fault.Internal, "the Vault client was started twice")
	}
	s.started, s.refused = true, nil
	s.mu.Unlock()
	err := s.first(ctx)
	if err != nil {
		s.startOver()
	}
	return err
}

// startOver lets start be called again.
func (s *session) startOver() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.started = false
}

func (s *session) first(ctx context.Context) error {
	if _, err := s.join(ctx, s.peek(), s.enter); err != nil {
		return err
	}
	if _, err := s.vault.lookup(ctx, s.peek().token); err != nil {
		if fault.Is(err, fault.VaultForbidden) {
			return fault.New(fault.VaultForbidden, "the token's policy does not allow auth/token/lookup-self").WithHint(hintPolicy)
		}
		return err
	}
	return nil
}

// token is a held lease, from a login if there is none.
func (s *session) token(ctx context.Context) (held, error) {
	h := s.peek()
	if h.live(s.now()) {
		return h, nil
	}
	return s.join(ctx, h, s.enter)
}

// doubt is for a 403: it finds out whether the token that got it is to blame, and if so logs in again. The
// result is another lease, or the same one when the token is good.
func (s *session) doubt(ctx context.Context, h held) (held, error) { return s.join(ctx, h, s.examine) }

// valid is nil while a token of ours is within its life.
func (s *session) valid() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.current.live(s.now()):
		return nil
	case s.refused != nil:
		return own(s.refused)
	default:
		return fault.New(fault.VaultLogin, "not logged in to Vault").WithHint(hintLogin)
	}
}

// held is a lease with the login that it comes from.
type held struct {
	lease
	gen uint64
}

func (s *session) peek() held {
	s.mu.Lock()
	defer s.mu.Unlock()
	return held{s.current, s.gen}
}

// join runs one look in the background, or waits for the one under way; callers may leave early. Whoever
// comes with a lease that was replaced meanwhile gets the new one.
func (s *session) join(ctx context.Context, h held, what func(context.Context, lease) error) (held, error) {
	s.mu.Lock()
	if s.gen != h.gen && s.current.live(s.now()) {
		defer s.mu.Unlock()
		return held{s.current, s.gen}, nil
	}
	l := s.look
	if l == nil {
		l = &look{done: make(chan struct{})}
		s.look = l
		if !s.spawn(func(life context.Context) { s.finish(l, what(life, h.lease)) }) {
			s.look = nil
			s.mu.Unlock()
			return held{}, closed()
		}
	}
	s.mu.Unlock()
	select {
	case <-l.done:
		return s.peek(), own(l.err)
	case <-ctx.Done():
		return held{}, gaveUp(ctx.Err())
	}
}

func (s *session) finish(l *look, err error) {
	s.mu.Lock()
	s.look = nil
	s.mu.Unlock()
	l.err = err
	close(l.done)
}

// examine asks Vault about a token that got a 403, and logs in again where it has ended; for a token file
// that means to read it again.
func (s *session) examine(ctx context.Context, l lease) error {
	_, err := s.vault.lookup(ctx, l.token)
	if !fault.Is(err, fault.VaultForbidden) {
		return err
	}
	s.mu.Lock()
	s.current = lease{} // not to be sent again, whether or not another one can be had
	s.notify()
	s.mu.Unlock()
	return s.enter(ctx, l)
}

// enter logs in, unless a login was refused a moment ago.
func (s *session) enter(ctx context.Context, _ lease) error {
	s.mu.Lock()
	refused := s.refused
	if !s.now().Before(s.refusedUntil) {
		refused = nil
	}
	s.mu.Unlock()
	if refused != nil {
		return refused
	}
	l, err := s.vault.logIn(ctx)
	s.record(l, err)
	return err
}

func (s *session) record(l lease, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		s.refuse(err)
		return
	}
	s.current, s.refused, s.logged = l, nil, ""
	s.gen++
	s.pauses.Reset()
	s.log.Info().Str("method", string(s.method)).Dur("ttl_ms", l.ttl).Bool("renewable", l.renewable).Msg("logged in to Vault")
	s.notify()
}

// refuse notes a failed login; only a refusal, not an absent Vault, makes later logins wait.
func (s *session) refuse(err error) {
	f := fault.From(err)
	if f.Reason != s.logged { // requests may bring about many of the same kind
		s.logged = f.Reason
		s.log.Warn().Str("method", string(s.method)).Str("reason", string(f.Reason)).Msg("login to Vault failed")
	}
	if f.Class() == fault.Operator {
		s.refused, s.refusedUntil = err, s.now().Add(s.pauses.NextBackOff())
	}
}

func (s *session) notify() {
	select {
	case s.changed <- struct{}{}:
	default:
	}
}

func closed() error { return fault.New(fault.VaultUnavailable, "the Vault client is closed") }
