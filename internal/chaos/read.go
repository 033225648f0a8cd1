package chaos

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// Read reads everything that the bus keeps of requests, and the bus's time. What follows from something is
// read before it, so that nothing looks unfinished merely because it ended while this was reading.
func Read(ctx context.Context, js jetstream.JetStream) (*History, error) {
	h := new(History)
	for _, name := range []string{
		events.StreamTimers, events.StreamSuspensions, events.StreamActions, events.StreamOutcomes, events.StreamDeadLetters,
	} {
		s, err := js.Stream(ctx, name)
		if err != nil {
			return nil, fmt.Errorf("look up %s: %w", name, err)
		}
		if name == events.StreamTimers {
			h.Now = s.CachedInfo().TimeStamp
		}
		if err := readAll(ctx, s, h.Add); err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
	return h, nil
}

var errIncomplete = errors.New("the stream has more than was read")

// readAll gives every message of a stream, in order, as far as it went when it was asked.
func readAll(ctx context.Context, s jetstream.Stream, take func(Message)) error {
	state := s.CachedInfo().State
	if state.Msgs == 0 {
		return nil
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	it, err := c.Messages()
	if err != nil {
		return err
	}
	defer it.Stop()
	for {
		m, err := it.Next(jetstream.NextContext(ctx))
		if err != nil {
			return errors.Join(errIncomplete, err)
		}
		at, err := m.Metadata()
		if err != nil {
			return err
		}
		take(Message{Stream: at.Stream, Subject: m.Subject(), Sequence: at.Sequence.Stream, Stored: at.Timestamp,
			Header: m.Headers(), Data: m.Data()})
		if at.NumPending == 0 || at.Sequence.Stream >= state.LastSeq {
			return nil
		}
	}
}
