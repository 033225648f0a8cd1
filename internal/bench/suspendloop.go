package bench

import (
	"context"
	"strconv"
	"sync"
	"sync/atomic"
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

// loopRound makes the worker's writes: ledger mark, suspended and timer for each request; then resumed, the
// timer's purge and the outcome for each run.
func (p *suspending) loopRound(ctx context.Context) (h halves, err error) {
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
	runs := make(chan waiting, p.n)
	h.suspended, err = p.spanOf(ctx, p.n, func() (func() error, error) {
		return l.run(ctx, events.StreamActions, bus.DurableActions, func(ctx context.Context, m jetstream.Msg) error {
			w, err := p.suspendOne(ctx, l, m)
			runs <- w
			return err
		})
	})
	if err != nil {
		return h, err
	}
	close(runs)
	before := p.cpu()
	h.resumed.began = time.Now()
	err = p.resumeEach(ctx, l, runs)
	h.resumed.ended, h.resumed.cpu = time.Now(), p.cpu()-before
	return h, err
}

func (p *suspending) suspendOne(ctx context.Context, l *loop, m jetstream.Msg) (w waiting, err error) {
	at, err := m.Metadata()
	if err != nil {
		return w, err
	}
	w.n = at.Sequence.Stream
	c := chainOf(suspendConnection, w.n)
	if w.mark, err = l.append(ctx, events.LedgerSubject(tenant, c.Request), "mark-"+c.Request, 0, p.samples.mark); err != nil {
		return w, err
	}
	if w.chain, err = l.append(ctx, c.Subject(), "suspended-"+c.Request, 0, p.samples.suspended); err != nil {
		return w, err
	}
	_, err = l.out.PublishMsg(ctx, &nats.Msg{Subject: timerSubject(c, w.chain)}, jetstream.WithMsgTTL(timerLife),
		jetstream.WithMsgID("timer-"+c.Request), jetstream.WithExpectLastSequencePerSubject(0))
	return w, err
}

func timerSubject(c events.Chain, sequence uint64) string {
	return "$KV." + events.BucketTimers + "." + c.Tenant + "." + c.Connection + "." + c.Run + "." + c.Request + "." +
		strconv.FormatUint(sequence, 10)
}

// resumeEach has a pool resume all runs; it gives the first failure.
func (p *suspending) resumeEach(ctx context.Context, l *loop, runs <-chan waiting) error {
	var pool sync.WaitGroup
	var failed atomic.Pointer[error]
	for range inParallel {
		pool.Go(func() {
			for w := range runs {
				if err := p.resumeOne(ctx, l, w); err != nil {
					failed.CompareAndSwap(nil, &err)
				}
			}
		})
	}
	pool.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (p *suspending) resumeOne(ctx context.Context, l *loop, w waiting) error {
	c := chainOf(suspendConnection, w.n)
	if _, err := l.append(ctx, c.Subject(), "resumed-"+c.Request, w.chain, p.samples.resumed); err != nil {
		return err
	}
	purge := &nats.Msg{Subject: timerSubject(c, w.chain), Header: nats.Header{
		"KV-Operation": {"PURGE"}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}}}
	if _, err := l.out.PublishMsg(ctx, purge, jetstream.WithMsgTTL(time.Minute), jetstream.WithMsgID("purge-"+c.Request)); err != nil {
		return err
	}
	_, err := l.append(ctx, events.LedgerSubject(tenant, c.Request), "end-"+c.Request, w.mark, p.samples.outcome)
	return err
}
