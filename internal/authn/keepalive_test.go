package authn_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/internal/authn"
	"holdfast/internal/connection"
	"holdfast/internal/testkit"
)

const month = 30 * 24 * time.Hour

// livesFor says how long refresh tokens live, as a connection type does.
func livesFor(d time.Duration) func(*authn.Options) {
	return func(o *authn.Options) { o.RefreshLife = func(*connection.Entry) time.Duration { return d } }
}

func TestC12_AnUnusedConnectionIsRefreshedBeforeItsRefreshTokenEnds(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	workers := []*worker{s.worker(t, livesFor(month)), s.worker(t, livesFor(month)), s.worker(t, livesFor(month))}
	var due time.Time
	for want := range 4 { // nobody uses it for months
		var wg sync.WaitGroup
		for _, w := range workers {
			wg.Go(func() {
				if _, err := w.KeepAlive(t.Context(), e); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := s.refreshes(t); n != want {
			t.Fatalf("%d refresh requests, want %d", n, want)
		}
		var err error
		if due, err = workers[0].KeepAlive(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		left := due.Sub(s.clock.Now())
		if left < month/2-time.Hour || left > month*3/4 {
			t.Fatalf("due in %s", left)
		}
		s.clock.advance(left + time.Minute)
	}
}

func TestC12_ConnectionsThatWereSetUpTogetherAreNotRefreshedTogether(t *testing.T) {
	s := newStack(t)
	w := s.worker(t, livesFor(month))
	const many = 40
	early := 0
	for i := range many {
		due, err := w.KeepAlive(t.Context(), s.authorize(t, fmt.Sprintf("c%d", i)))
		if err != nil {
			t.Fatal(err)
		}
		if due.Sub(s.clock.Now()) < month*5/8 {
			early++
		}
	}
	if early < many/5 || early > many*4/5 {
		t.Errorf("%d of %d in the first half", early, many)
	}
}

func TestC12_WithoutAKnownEndNobodyIsAsked(t *testing.T) {
	s := newStack(t)
	e := s.authorize(t, "crm")
	w := s.worker(t)
	before := len(s.front.Calls())
	if due, err := w.KeepAlive(t.Context(), e); err != nil || !due.IsZero() {
		t.Errorf("due %s, %v", due, err)
	}
	if n := len(s.front.Calls()) - before; n != 0 {
		t.Errorf("Vault was asked %d times", n)
	}
}

// learned collects what a worker learns of ends.
type learned struct {
	mu   sync.Mutex
	ends []connection.End
	n    int
}

func (l *learned) option(o *authn.Options) {
	o.LearnEnds = func(_ context.Context, _, _ string, _ uint64, ends []connection.End) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.ends, l.n = ends, l.n+1
		return nil
	}
}

func (l *learned) get() ([]connection.End, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ends, l.n
}

// TestC12_TheEndsOfCredentialsAreLearned: from the provider's answer, and from the list of client secrets.
func TestC12_TheEndsOfCredentialsAreLearned(t *testing.T) {
	s := newStack(t)
	s.behind(t).AddMember("refresh_token_expires_in", 86400)
	e := s.authorize(t, "crm")
	s.put(t, "crm", s.secrets(t, fmt.Sprintf(`[{"value":%q,"expires_at":"2999-01-02T00:00:00Z"}]`, canarySecret)))
	var l learned
	w := s.worker(t, l.option)
	if _, err := w.auth(t.Context(), e); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 5*time.Second, "the ends", func() bool { _, n := l.get(); return n == 1 })
	ends, _ := l.get()
	if len(ends) != 2 || ends[0].What != connection.EndingRefreshToken || ends[1].What != connection.EndingClientSecret {
		t.Fatalf("got %v", ends)
	}
	if left := ends[0].At.Sub(s.clock.Now()); left < 23*time.Hour || left > 24*time.Hour {
		t.Errorf("the refresh token ends in %s", left)
	}
	known := *e
	known.Ends = ends
	s.clock.advance(time.Hour)
	if _, err := w.auth(t.Context(), &known); err != nil {
		t.Fatal(err)
	}
	if due, err := w.KeepAlive(t.Context(), &known); err != nil || due.Sub(s.clock.Now()) < 11*time.Hour {
		t.Errorf("due %s, %v", due, err)
	}
	if _, n := l.get(); n != 1 {
		t.Errorf("told %d times of ends that hardly moved", n)
	}
}
