package tour

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/dev/witness"
	"holdfast/internal/fault"
)

const (
	sealedRequests = 10
	// sealedFor is the least time for which Vault stays sealed.
	sealedFor = 3 * time.Second
)

// sealed seals Vault under a connection whose secret no cache has.
func sealed(ctx context.Context, s *stage) error {
	if !s.Vault.Own {
		s.result.Skipped = "this Vault is not the stack's own, and is not sealed"
		return errSkipped
	}
	if err := s.connect(ctx, s.basicConnection("untouched"), s.basicSecret()); err != nil {
		return err
	}
	before, err := s.retries(ctx)
	if err != nil {
		return err
	}
	if err := s.Vault.Seal(ctx); err != nil {
		return err
	}
	began := time.Now()
	requests, err := s.askNew(ctx, "untouched", sealedRequests)
	if err == nil {
		s.did("Vault sealed, then %d actions as a connection whose secret nobody has read yet", len(requests))
		err = s.holdOut(ctx, requests, before, began)
	}
	// Whatever was seen, Vault does not stay sealed.
	if err := errors.Join(err, s.Vault.Unseal(context.WithoutCancel(ctx))); err != nil {
		return err
	}
	return s.goOn(ctx, requests, time.Since(began))
}

// retries is how many deliveries the worker has asked to have again.
func (s *stage) retries(ctx context.Context) (float64, error) {
	return s.Worker.Metric(ctx, "holdfast_deliveries_total", `verb="retry"`)
}

// holdOut watches the worker try again and again, and nothing else happen.
func (s *stage) holdOut(ctx context.Context, requests []events.Request, before float64, began time.Time) error {
	var retries float64
	var said string
	if err := s.until(ctx, "the worker retries, and says that Vault is sealed", func(ctx context.Context) (bool, string) {
		now, err := s.retries(ctx)
		if err != nil {
			return false, err.Error()
		}
		_, why, err := s.Worker.Readiness(ctx)
		if err != nil {
			return false, err.Error()
		}
		retries, said = now-before, why
		enough := retries >= 1 && time.Since(began) >= sealedFor
		return enough && strings.HasPrefix(why, string(fault.VaultSealed)), fmt.Sprintf("%.0f retries; readyz: %s", retries, why)
	}); err != nil {
		return err
	}
	backlog, err := s.w.Backlog(ctx, events.StreamActions, "actions")
	if err != nil {
		return err
	}
	if n := s.touched(requests); n > 0 {
		return s.wrong("nothing is suspended and nothing ends while Vault is sealed", fmt.Sprintf("%d of the requests moved", n))
	}
	if held := int(backlog.Waiting) + backlog.Unanswered; held < len(requests) {
		return s.wrong("the bus keeps every request", fmt.Sprintf("it keeps %d of %d", held, len(requests)))
	}
	s.saw("sealed for %s: %.0f retries, /readyz 503 (%s)", took(time.Since(began)), retries, said)
	s.saw("no suspension, no outcome; the bus keeps all %d (%d delivered, %d of them again and again, %d held back)",
		len(requests), backlog.Unanswered, backlog.Repeated, backlog.Waiting)
	s.fact("retries", int(retries))
	s.fact("suspended_while_sealed", 0)
	return nil
}

// touched is how many of the requests have anything on their ledger or chain.
func (s *stage) touched(requests []events.Request) int {
	records, n := s.w.Records(), 0
	for _, r := range requests {
		if len(ledger(records, s.tenant, r.ID))+len(chain(records, r)) > 0 {
			n++
		}
	}
	return n
}

// goOn watches everything complete.
func (s *stage) goOn(ctx context.Context, requests []events.Request, closed time.Duration) error {
	began := time.Now()
	s.did("Vault unsealed after %s", took(closed))
	if err := s.awaitEnds(ctx, requests, events.ActionCompleted); err != nil {
		return err
	}
	suspended := func(records []witness.Record) (n int) {
		for _, r := range requests {
			n += len(chain(records, r))
		}
		return n
	}
	if n := suspended(s.w.Records()); n > 0 {
		return s.wrong("a sealed Vault suspends no run", fmt.Sprintf("%d events on their chains", n))
	}
	s.saw("all %d completed %s later, none was suspended", len(requests), took(time.Since(began)))
	s.fact("unsealed_to_completion_ms", time.Since(began).Milliseconds())
	return nil
}
