package bus

import (
	"context"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/internal/fault"
)

// Copy is a message to be published again.
type Copy struct {
	Subject string
	// ID is its message id. The same again within the stream's duplicate window stores nothing more.
	ID     string
	Header map[string][]string // as it was; what the bus puts there is left out
	Raw    []byte
	// Stream is where it has to be stored; empty: whichever stream keeps the subject.
	Stream string
	// Next demands that nothing was stored in Stream after sequence After: what was decided by all that the stream
	// holds is still so when the copy lands.
	Next  bool
	After uint64
}

// Republish publishes a copy and waits until it is stored, for as long as one attempt takes also when ctx ends meanwhile:
// whoever is interrupted knows what was published. Faults: Conflict (Next, and something was stored), TooLarge,
// BusUnavailable.
func (b *Bus) Republish(ctx context.Context, c Copy) (sequence uint64, err error) {
	began := time.Now()
	for i := range attempts {
		if !mayTry(ctx, i) {
			break
		}
		sequence, err = b.republishOnce(ctx, c)
		if err == nil {
			return sequence, nil
		}
		if tooLarge(err) {
			return 0, fault.Wrap(fault.TooLarge, "the message is larger than the bus takes", err)
		}
		if _, denied := b.denials.since(began); denied || final(err) || ctx.Err() != nil {
			break
		}
	}
	return 0, b.failed("publish to "+c.Subject, began, err)
}

func (b *Bus) republishOnce(ctx context.Context, c Copy) (sequence uint64, err error) {
	if ctx.Err() != nil {
		return 0, ctx.Err()
	}
	ctx = context.WithoutCancel(ctx)
	opts := []jetstream.PublishOpt{jetstream.WithMsgID(c.ID), jetstream.WithRetryAttempts(0)}
	if c.Stream != "" {
		opts = append(opts, jetstream.WithExpectStream(c.Stream))
	}
	if c.Next {
		opts = append(opts, jetstream.WithExpectLastSequence(c.After))
	}
	err = b.once(ctx, func(ctx context.Context) error {
		ack, err := b.js.PublishMsg(ctx, c.message(), opts...)
		if err == nil {
			sequence = ack.Sequence
		}
		return err
	})
	if !c.Next || err == nil || !wrongLast(err) {
		return sequence, err
	}
	return b.wonAfterAll(ctx, c, err)
}

// wonAfterAll looks whether the message that took the copy's place is the copy: an earlier attempt whose answer was
// lost.
func (b *Bus) wonAfterAll(ctx context.Context, c Copy, lost error) (uint64, error) {
	s, err := b.stream(ctx, c.Stream)
	if err != nil {
		return 0, err
	}
	var m *jetstream.RawStreamMsg
	err = b.once(ctx, func(ctx context.Context) error {
		m, err = s.GetMsg(ctx, c.After+1)
		return err
	})
	if err == nil && m.Header.Get(jetstream.MsgIDHeader) == c.ID {
		return m.Sequence, nil
	}
	return 0, fault.Wrap(fault.Conflict, "something else was stored first", lost)
}

func (c Copy) message() *nats.Msg {
	m := &nats.Msg{Subject: c.Subject, Header: make(nats.Header, len(c.Header)+2), Data: c.Raw}
	for name, values := range c.Header {
		if !strings.HasPrefix(strings.ToLower(name), "nats-") {
			m.Header[name] = values
		}
	}
	return m
}
