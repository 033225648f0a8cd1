package bus

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// write is one publish that decides: it lands only where after is the subject's last sequence (0: none).
type write struct {
	stream  string
	subject string
	id      string // the same on every attempt: how a publish whose answer was lost is recognised
	after   uint64
	header  nats.Header // may be nil
	data    []byte
}

// inFlight is a conflict whose winner is not stored yet: on a replicated stream another publish, or an
// earlier attempt of this one, may still be on its way.
type inFlight struct{ error }

// cas writes and waits until it is stored. When somebody else was first it gives their message with a
// fault Conflict; winner is nil where the bus could not say who.
//
// The server compares the expected sequence before it looks for a repeated id (on one replica), so a
// publish repeated after a lost answer is told that it lost although it won. The message that follows
// `after` on the subject is the one that won; when it carries our id, we did.
func (b *Bus) cas(ctx context.Context, w write) (sequence uint64, winner *jetstream.RawStreamMsg, err error) {
	began := time.Now()
	for i := range attempts {
		if !mayTry(ctx, i) {
			break
		}
		sequence, winner, err = b.casOnce(ctx, w)
		if err == nil {
			return sequence, nil, nil
		}
		if winner != nil {
			return 0, winner, fault.Wrap(fault.Conflict, "somebody else was first", err)
		}
		if tooLarge(err) {
			return 0, nil, fault.Wrap(fault.TooLarge, "the record is larger than the bus takes", err)
		}
		if _, denied := b.denials.since(began); denied || ctx.Err() != nil {
			break
		}
	}
	if _, waiting := errors.AsType[inFlight](err); waiting {
		return 0, nil, fault.Wrap(fault.Conflict, "another sequence was expected", err)
	}
	return 0, nil, b.failed("publish to "+w.stream, began, err)
}

func (b *Bus) casOnce(ctx context.Context, w write) (sequence uint64, winner *jetstream.RawStreamMsg, err error) {
	err = b.once(ctx, func(ctx context.Context) error {
		ack, err := b.js.PublishMsg(ctx, w.message(ctx), jetstream.WithMsgID(w.id),
			jetstream.WithExpectLastSequencePerSubject(w.after), jetstream.WithExpectStream(w.stream),
			jetstream.WithRetryAttempts(0))
		if err == nil {
			sequence = ack.Sequence
		}
		return err
	})
	if err == nil || !wrongLast(err) {
		return sequence, nil, err
	}
	lost := err
	winner, err = b.following(ctx, w)
	switch {
	case missing(err):
		return 0, nil, inFlight{lost}
	case err != nil:
		return 0, nil, err
	case winner.Header.Get(jetstream.MsgIDHeader) == w.id:
		return winner.Sequence, nil, nil
	default:
		return 0, winner, lost
	}
}

func (w write) message(ctx context.Context) *nats.Msg {
	m := &nats.Msg{Subject: w.subject, Header: make(nats.Header, len(w.header)+4), Data: w.data}
	for k, v := range w.header {
		m.Header[k] = v
	}
	inject(ctx, m.Header)
	return m
}

// following is the subject's first message after the expected one, as the leader has it.
func (b *Bus) following(ctx context.Context, w write) (m *jetstream.RawStreamMsg, err error) {
	s, err := b.stream(ctx, w.stream)
	if err != nil {
		return nil, err
	}
	err = b.once(ctx, func(ctx context.Context) error {
		m, err = s.GetMsg(ctx, w.after+1, jetstream.WithGetMsgSubject(w.subject))
		return err
	})
	return m, err
}

// last is the subject's last message as the leader has it; missing(err) where there is none.
func (b *Bus) last(ctx context.Context, stream, subject string) (m *jetstream.RawStreamMsg, err error) {
	s, err := b.stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	err = b.try(ctx, "read from "+stream, func(ctx context.Context) error {
		m, err = s.GetLastMsgForSubject(ctx, subject)
		return err
	})
	return m, err
}

// PublishEvent publishes raw bytes as upstream systems do and waits until they are stored. A publish
// repeated with the same id within the stream's duplicate window gives the first one's sequence.
func (b *Bus) PublishEvent(ctx context.Context, subject, id string, raw []byte) (sequence uint64, err error) {
	return b.PublishMessage(ctx, subject, id, nil, raw)
}

// PublishMessage is PublishEvent with headers.
func (b *Bus) PublishMessage(ctx context.Context, subject, id string, header map[string][]string, raw []byte) (sequence uint64, err error) {
	err = b.try(ctx, "publish to "+subject, func(ctx context.Context) error {
		ack, err := b.js.PublishMsg(ctx, (write{subject: subject, header: header, data: raw}).message(ctx),
			jetstream.WithMsgID(id), jetstream.WithRetryAttempts(0))
		if err == nil {
			sequence = ack.Sequence
		}
		return err
	})
	if tooLarge(err) {
		return 0, fault.Wrap(fault.TooLarge, "the event is larger than the bus takes", err)
	}
	return sequence, err
}
