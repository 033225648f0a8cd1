package chaos

import (
	"context"
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

// readBatch is how many messages are asked for at a time.
const readBatch = 500

// readAll gives every message of a stream, in order. It asks for what is there, batch by batch: messages go
// away while it reads (a timer's marker ends, a key is purged), so neither the last sequence nor the number of
// pending messages that came with an earlier one tells where the end is.
func readAll(ctx context.Context, s jetstream.Stream, take func(Message)) error {
	if s.CachedInfo().State.Msgs == 0 {
		return nil
	}
	c, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{})
	if err != nil {
		return err
	}
	for {
		batch, err := c.FetchNoWait(readBatch)
		if err != nil {
			return err
		}
		n, err := takeAll(batch, take)
		if err != nil {
			return err
		}
		if n > 0 {
			continue
		}
		info, err := c.Info(ctx)
		if err != nil {
			return err
		}
		if info.NumPending == 0 {
			return nil
		}
	}
}

func takeAll(batch jetstream.MessageBatch, take func(Message)) (n int, err error) {
	for m := range batch.Messages() {
		at, err := m.Metadata()
		if err != nil {
			return n, err
		}
		n++
		take(Message{Stream: at.Stream, Subject: m.Subject(), Sequence: at.Sequence.Stream, Stored: at.Timestamp,
			Header: m.Headers(), Data: m.Data()})
	}
	return n, batch.Error()
}
