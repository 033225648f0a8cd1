package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
)

// samples are the worker's events about one run, for the loop to write as many bytes.
type samples struct {
	mark, suspended, resumed, outcome []byte

	why string
}

func chainOf(connection string, n uint64) events.Chain {
	return events.Chain{Tenant: tenant, Connection: connection, Run: runID(connection, n), Request: requestID(connection, n)}
}

// collect reads the samples off the first request's subjects.
func (s *stand) collect(ctx context.Context, connection string) (all samples, err error) {
	c := chainOf(connection, 1)
	err = s.each(ctx, events.StreamSuspensions, c.Subject(), func(_ string, r events.Record) error {
		raw, err := r.Encode()
		if r.Type == events.SuspensionSuspended {
			all.suspended = raw
			p, perr := events.Payload[events.Suspension](r.Event)
			all.why = p.Reason
			return perr
		}
		all.resumed = raw
		return err
	})
	if err != nil {
		return all, err
	}
	err = s.each(ctx, events.StreamOutcomes, events.LedgerSubject(tenant, c.Request), func(_ string, r events.Record) error {
		raw, err := r.Encode()
		if r.Type == events.ActionSuspended {
			all.mark = raw
		} else {
			all.outcome = raw
		}
		return err
	})
	return all, err
}

// timerLife is as long as the worker's timers live by default: nine days and a day's notice.
const timerLife = 216 * time.Hour

// waiting is what the loop remembers of a suspended run: where its subjects stand.
type waiting struct{ n, mark, chain uint64 }

// side is a hand-written loop that suspends and resumes. The writes alone are ledger mark, suspended and timer
// for each request, then resumed, the timer's purge and the outcome for each run. With everything, it also looks at
// the ledger before either, as the worker does, takes the deliveries that the writes cause on the two other
// durables, and acknowledges them.
type side struct {
	*suspending
	*loop

	everything bool
	runs       chan waiting
}

func (p *suspending) loopRound(ctx context.Context, everything bool) (h halves, err error) {
	if err := p.fresh(ctx); err != nil {
		return h, err
	}
	if err := p.preload(ctx, suspendConnection, p.n); err != nil {
		return h, err
	}
	l, err := p.newLoop(ctx)
	if err != nil {
		return h, err
	}
	defer l.close()
	s := &side{suspending: p, loop: l, everything: everything, runs: make(chan waiting, p.n)}
	stop, err := s.listen(ctx)
	if err != nil {
		return h, err
	}
	h, err = s.round(ctx)
	return h, errors.Join(err, stop())
}

func (s *side) round(ctx context.Context) (h halves, err error) {
	h.suspended, err = s.spanOf(ctx, s.n, func() (func() error, error) {
		return s.run(ctx, events.StreamActions, bus.DurableActions, s.suspendOne)
	})
	if err != nil {
		return h, err
	}
	close(s.runs)
	before := s.cpu()
	h.resumed.began = time.Now()
	if err = s.resumeEach(ctx); err == nil && s.everything {
		_, err = s.settled(ctx, events.StreamSuspensions, bus.DurableChains, 2*s.n)
	}
	h.resumed.ended, h.resumed.cpu = time.Now(), s.cpu()-before
	return h, err
}

// listen takes what the two other durables deliver, where everything is to be done.
func (s *side) listen(ctx context.Context) (stop func() error, err error) {
	if !s.everything {
		return func() error { return nil }, nil
	}
	chains, err := s.run(ctx, events.StreamSuspensions, bus.DurableChains, s.chainMoved)
	if err != nil {
		return nil, err
	}
	alarms, err := s.run(ctx, events.StreamTimers, bus.DurableAlarms, func(context.Context, jetstream.Msg) error { return nil })
	if err != nil {
		return nil, errors.Join(err, chains())
	}
	return func() error { return errors.Join(alarms(), chains()) }, nil
}

func (s *side) suspendOne(ctx context.Context, m jetstream.Msg) error {
	at, err := m.Metadata()
	if err != nil {
		return err
	}
	w := waiting{n: at.Sequence.Stream}
	defer func() { s.runs <- w }()
	c := chainOf(suspendConnection, w.n)
	ledger := events.LedgerSubject(tenant, c.Request)
	if s.everything {
		if _, err = s.look(ctx, ledger); err != nil {
			return err
		}
	}
	if w.mark, err = s.append(ctx, ledger, events.ActionSuspended, "mark-"+c.Request, 0, s.samples.mark); err != nil {
		return err
	}
	if w.chain, err = s.append(ctx, c.Subject(), events.SuspensionSuspended, c.Request, 0, s.samples.suspended); err != nil {
		return err
	}
	_, err = s.out.PublishMsg(ctx, &nats.Msg{Subject: timerSubject(c, w.chain)}, jetstream.WithMsgTTL(timerLife),
		jetstream.WithMsgID("timer-"+c.Request), jetstream.WithExpectLastSequencePerSubject(0))
	return err
}

func timerSubject(c events.Chain, sequence uint64) string {
	return "$KV." + events.BucketTimers + "." + c.Tenant + "." + c.Connection + "." + c.Run + "." + c.Request + "." +
		strconv.FormatUint(sequence, 10)
}

// resumeEach has a pool resume all runs; it gives the first failure.
func (s *side) resumeEach(ctx context.Context) error {
	var pool sync.WaitGroup
	for range inParallel {
		pool.Go(func() {
			for w := range s.runs {
				s.note(s.resumeOne(ctx, w))
			}
		})
	}
	pool.Wait()
	return s.problem()
}

func (s *side) resumeOne(ctx context.Context, w waiting) error {
	c := chainOf(suspendConnection, w.n)
	if _, err := s.append(ctx, c.Subject(), events.SuspensionResumed, c.Request, w.chain, s.samples.resumed); err != nil {
		return err
	}
	purge := &nats.Msg{Subject: timerSubject(c, w.chain), Header: nats.Header{
		"KV-Operation": {"PURGE"}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}}}
	if _, err := s.out.PublishMsg(ctx, purge, jetstream.WithMsgTTL(time.Minute), jetstream.WithMsgID("purge-"+c.Request)); err != nil {
		return err
	}
	if s.everything {
		return nil // the outcome follows when the chain's event is delivered
	}
	return s.end(ctx, c, w.mark)
}

// chainMoved ends a run when it hears that it was resumed.
func (s *side) chainMoved(ctx context.Context, m jetstream.Msg) error {
	if events.Type(m.Headers().Get(events.HeaderType)).Waits() {
		return nil
	}
	c, ok := events.ParseChain(m.Subject())
	if !ok {
		return fmt.Errorf("no chain has the subject %s", m.Subject())
	}
	mark, err := s.look(ctx, events.LedgerSubject(tenant, c.Request))
	if err != nil {
		return err
	}
	return s.end(ctx, c, mark)
}

func (s *side) end(ctx context.Context, c events.Chain, mark uint64) error {
	_, err := s.append(ctx, events.LedgerSubject(tenant, c.Request), events.ActionCompleted, "end-"+c.Request, mark, s.samples.outcome)
	return err
}
