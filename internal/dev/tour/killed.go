package tour

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/events"
	"holdfast/internal/dev/witness"
	"holdfast/internal/devtarget"
)

const (
	burst           = 300
	burstPublishers = 8
	burstOnce       = 3   // each third request is at-most-once
	burstEnded      = 60  // ends seen before the worker is killed
	burstOpen       = 8   // effects without an end then, at least
	burstDelay      = 200 // milliseconds between an effect and its answer: room to die in
)

// killed kills the worker while effects are under way.
func killed(ctx context.Context, s *stage) error {
	err := s.connect(ctx, s.basicConnection("busy"), s.basicSecret())
	if err != nil {
		return err
	}
	s.Target.SetFault(&devtarget.Fault{Resource: "basic", AfterEffect: true, DelayMS: burstDelay})
	defer s.Target.SetFault(nil)
	requests, err := s.burst(ctx)
	if err != nil {
		return err
	}
	if err := s.killMidway(ctx, requests); err != nil {
		return err
	}
	if err := s.Worker.AwaitReady(ctx); err != nil {
		return err
	}
	s.did("the worker started again (process %d)", s.Worker.PID())
	began := time.Now()
	if err := s.await(ctx, "every request of the burst ends", func(records []witness.Record) bool {
		return s.ended(records, requests) == len(requests)
	}); err != nil {
		return err
	}
	if err := s.w.CatchUp(ctx); err != nil {
		return err
	}
	s.saw("the last request ended %s after the restart", took(time.Since(began)))
	return s.judge(requests)
}

// burst publishes everything as fast as it goes, so that there is a queue for the worker to be killed in.
func (s *stage) burst(ctx context.Context) ([]events.Request, error) {
	requests := make([]events.Request, burst)
	g, publishing := errgroup.WithContext(ctx)
	g.SetLimit(burstPublishers)
	once := 0
	for i := range requests {
		r := s.request("busy")
		if i%burstOnce == 0 {
			r.Delivery = events.AtMostOnce
			once++
		}
		requests[i] = r
		g.Go(func() error { return s.ask(publishing, r) })
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	s.did("%d actions, %d of them at-most-once; the target answers %d ms after each effect", burst, once, burstDelay)
	return requests, nil
}

// killMidway waits until some requests have ended and others are between effect and answer.
func (s *stage) killMidway(ctx context.Context, requests []events.Request) error {
	if err := s.until(ctx, "the worker is in the middle of the burst", func(context.Context) (bool, string) {
		n, open := s.halfway(requests)
		return n >= burstEnded && open >= burstOpen, fmt.Sprintf("%d ended, %d under way", n, open)
	}); err != nil {
		return err
	}
	pid, err := s.Worker.Kill()
	if err != nil {
		return err
	}
	if err := s.w.CatchUp(ctx); err != nil {
		return err
	}
	n, open := s.halfway(requests)
	s.did("SIGKILL to the worker (process %d): %d requests had ended, %d had taken effect at the target and had not ended", pid, n, open)
	s.fact("ended_before_kill", n)
	s.fact("effects_under_way_at_kill", open)
	return nil
}

// ended is how many of the requests have an end.
func (s *stage) ended(records []witness.Record, requests []events.Request) int {
	subjects := make(map[string]bool, len(requests))
	for _, r := range requests {
		subjects[events.LedgerSubject(s.tenant, r.ID)] = true
	}
	n := 0
	for _, r := range records {
		if r.Type.Ends() && subjects[r.Subject] {
			delete(subjects, r.Subject)
			n++
		}
	}
	return n
}

// halfway is how many requests have ended, and how many took effect at the target and have no end yet.
func (s *stage) halfway(requests []events.Request) (ended, open int) {
	ended = s.ended(s.w.Records(), requests)
	effects := s.Target.Effects()
	for _, r := range requests {
		if effects[r.ID] > 0 {
			open++
		}
	}
	return ended, open - ended
}

// verdict is what became of the burst.
type verdict struct{ completed, unknown, repeated int }

// judge holds each request's end against what the target applied under its Idempotency-Key.
func (s *stage) judge(requests []events.Request) error {
	records, effects := s.w.Records(), s.Target.Effects()
	var v verdict
	for _, r := range requests {
		found := ends(ledger(records, s.tenant, r.ID))
		if len(found) != 1 {
			return s.wrong(r.ID+" has one end", fmt.Sprintf("%d: %s", len(found), types(found)))
		}
		if err := s.judgeOne(r, found[0], effects[r.ID], &v); err != nil {
			return err
		}
	}
	s.saw("%d requests, one end each: %d completed, %d unknown (at-most-once, killed between effect and answer)",
		len(requests), v.completed, v.unknown)
	s.saw("at the target: no at-most-once effect twice; %d at-least-once effects came again under the same Idempotency-Key", v.repeated)
	s.fact("completed", v.completed)
	s.fact("unknown", v.unknown)
	s.fact("repeated_with_same_key", v.repeated)
	s.fact("more_than_one_end", 0)
	s.fact("at_most_once_repeated", 0)
	return nil
}

func (s *stage) judgeOne(r events.Request, end witness.Record, effects int, v *verdict) error {
	once := r.Delivery == events.AtMostOnce
	switch {
	case once && effects > 1:
		return s.wrong("the at-most-once effect of "+r.ID+" happens once at most", fmt.Sprintf("%d times", effects))
	case end.Type == events.ActionCompleted && effects < 1:
		return s.wrong(r.ID+" is completed because its effect happened", "it never did")
	case end.Type == events.ActionUnknown && !once:
		return s.wrong("an at-least-once request is repeated, not given up", r.ID+" ended as unknown")
	case end.Type == events.ActionUnknown:
		v.unknown++
	case end.Type == events.ActionCompleted:
		v.completed++
	default:
		return s.wrong(r.ID+" completes", describe(end))
	}
	if effects > 1 {
		v.repeated++
	}
	return nil
}
