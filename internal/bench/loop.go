package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
)

// loop is a hand-written consumer: a pool that does what it is told for each message of a durable, and
// acknowledges. It uses two connections, as the worker does, since that is faster than one.
type loop struct {
	consume, publish *nats.Conn
	in, out          jetstream.JetStream
	outcomes         jetstream.Stream

	failed atomic.Pointer[error]
}

func (s *stand) newLoop(ctx context.Context) (l *loop, err error) {
	l = new(loop)
	if l.consume, l.in, err = connect(s.url); err != nil {
		return nil, err
	}
	if l.publish, l.out, err = connect(s.url); err == nil {
		l.outcomes, err = l.out.Stream(ctx, events.StreamOutcomes)
	}
	if err != nil {
		l.close()
		return nil, err
	}
	return l, nil
}

func (l *loop) close() {
	for _, nc := range []*nats.Conn{l.consume, l.publish} {
		if nc != nil {
			nc.Close()
		}
	}
}

// run has a pool do work for each message of a durable until stop is called, which tells the first failure.
func (l *loop) run(ctx context.Context, stream, durable string, work func(context.Context, jetstream.Msg) error) (stop func() error, err error) {
	c, err := l.in.Consumer(ctx, stream, durable)
	if err != nil {
		return nil, err
	}
	messages := make(chan jetstream.Msg, heldAhead)
	var pool sync.WaitGroup
	for range inParallel {
		pool.Go(func() {
			for m := range messages {
				l.note(l.one(ctx, m, work))
			}
		})
	}
	pulls, err := c.Consume(func(m jetstream.Msg) { messages <- m }, jetstream.PullMaxMessages(heldAhead))
	if err != nil {
		close(messages)
		pool.Wait()
		return nil, err
	}
	return func() error {
		pulls.Drain()
		<-pulls.Closed()
		close(messages)
		pool.Wait()
		return l.problem()
	}, nil
}

func (l *loop) one(ctx context.Context, m jetstream.Msg, work func(context.Context, jetstream.Msg) error) error {
	if err := work(ctx, m); err != nil {
		return err
	}
	return m.Ack()
}

func (l *loop) note(err error) {
	if err != nil {
		l.failed.CompareAndSwap(nil, &err)
	}
}

func (l *loop) problem() error {
	if err := l.failed.Load(); err != nil {
		return fmt.Errorf("the hand-written loop: %w", *err)
	}
	return nil
}

// look is a leader's read of a ledger; 0 where it has no message yet.
func (l *loop) look(ctx context.Context, subject string) (sequence uint64, err error) {
	m, err := l.outcomes.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return m.Sequence, nil
}

// append is a publish that lands where after is the subject's last sequence, confirmed.
func (l *loop) append(ctx context.Context, subject string, t events.Type, id string, after uint64, data []byte) (uint64, error) {
	m := &nats.Msg{Subject: subject, Data: data, Header: nats.Header{events.HeaderType: {string(t)}}}
	ack, err := l.out.PublishMsg(ctx, m,
		jetstream.WithMsgID(t.What()+"-"+id), jetstream.WithExpectLastSequencePerSubject(after))
	if err != nil {
		return 0, err
	}
	return ack.Sequence, nil
}

// ledgerLoop is the pipeline's other side: consume, look at the ledger, publish an outcome, acknowledge.
func (s *stand) ledgerLoop(ctx context.Context, n int, outcome []byte, look bool) (span, error) {
	l, err := s.newLoop(ctx)
	if err != nil {
		return span{}, err
	}
	defer l.close()
	work := func(ctx context.Context, m jetstream.Msg) error {
		at, err := m.Metadata()
		if err != nil {
			return err
		}
		id := requestID(pipelineConnection, at.Sequence.Stream)
		subject := events.LedgerSubject(tenant, id)
		if look {
			if _, err := l.look(ctx, subject); err != nil {
				return err
			}
		}
		_, err = l.append(ctx, subject, events.ActionCompleted, id, 0, outcome)
		return err
	}
	return s.spanOf(ctx, n, func() (func() error, error) {
		return l.run(ctx, events.StreamActions, bus.DurableActions, work)
	})
}
