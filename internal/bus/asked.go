package bus

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"holdfast/internal/dispatch"
)

// mostAsked is how many questions may wait for their answer; more are not answered, and whoever asked asks again.
const mostAsked = 4096

// Answer answers questions on a subject, one after another, as one of those who do: each question goes to one of them.
// From when it returns, none is without an answerer. stop ends it, and gives what was asked before time to be answered. A
// question without a reply subject is passed over.
func (b *Bus) Answer(subject, group string, answer func(dispatch.Delivery) []byte) (stop func(), err error) {
	began := time.Now()
	sub, err := b.publish.QueueSubscribe(subject, group, func(m *nats.Msg) {
		if m.Reply == "" {
			return
		}
		raw := answer(dispatch.Delivery{Subject: m.Subject, Deliveries: 1, Time: b.clock.Now(), Header: m.Header, Data: m.Data})
		if err := m.Respond(raw); err != nil {
			b.log.Debug().Str("subject", subject).Str("problem", inWords(err)).Msg("an answer could not be sent")
		}
	})
	if err != nil {
		return nil, b.failed("subscribe to "+subject, began, err)
	}
	// The server has heard of it once it has answered what was sent behind it.
	if err := errors.Join(sub.SetPendingLimits(mostAsked, -1), b.publish.FlushTimeout(b.cfg.RequestTimeout)); err != nil {
		_ = sub.Unsubscribe()
		return nil, b.failed("subscribe to "+subject, began, err)
	}
	return func() { _ = sub.Drain() }, nil // it may have ended with the connection
}

// Ask asks a question and gives the answer.
func (b *Bus) Ask(subject string, question []byte, wait time.Duration) ([]byte, error) {
	began := time.Now()
	m, err := b.publish.Request(subject, question, wait)
	if err != nil {
		return nil, b.failed("ask on "+subject, began, err)
	}
	return m.Data, nil
}
