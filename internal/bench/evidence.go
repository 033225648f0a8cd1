package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// readAhead is how many messages are fetched at a time when a stream is read.
const readAhead = 1000

// readWait bounds the wait for the next messages of a stream that has more.
const readWait = 10 * time.Second

// each reads a stream in order: everything on subjects that match filter ("": all).
func (s *stand) each(ctx context.Context, stream, filter string, see func(subject string, r events.Record) error) error {
	cfg := jetstream.OrderedConsumerConfig{}
	if filter != "" {
		cfg.FilterSubjects = []string{filter}
	}
	c, err := s.js.OrderedConsumer(ctx, stream, cfg)
	if err != nil {
		return err
	}
	left := int(c.CachedInfo().NumPending)
	for left > 0 {
		batch, err := c.Fetch(min(left, readAhead), jetstream.FetchMaxWait(readWait))
		if err != nil {
			return err
		}
		got := 0
		for m := range batch.Messages() {
			got++
			if err := record(m, see); err != nil {
				return err
			}
		}
		if batch.Error() != nil || got == 0 {
			return errors.Join(fmt.Errorf("%s ended early", stream), batch.Error())
		}
		left -= got
	}
	return nil
}

func record(m jetstream.Msg, see func(string, events.Record) error) error {
	at, err := m.Metadata()
	if err != nil {
		return err
	}
	e, err := events.Decode(m.Data())
	if err != nil {
		return err
	}
	return see(m.Subject(), events.Record{Event: e, Stored: at.Timestamp, Sequence: at.Sequence.Stream})
}

// ends counts the types on all ledgers; a ledger with two ends is an error.
func (s *stand) ends(ctx context.Context) (map[events.Type]int, error) {
	counts, ended := make(map[events.Type]int), make(map[string]bool)
	err := s.each(ctx, events.StreamOutcomes, "", func(subject string, r events.Record) error {
		counts[r.Type]++
		if r.Type.Ends() && ended[subject] {
			return fmt.Errorf("two ends on %s", subject)
		}
		ended[subject] = ended[subject] || r.Type.Ends()
		return nil
	})
	return counts, err
}

// sample is the last message on a subject.
func (s *stand) sample(ctx context.Context, stream, subject string) ([]byte, error) {
	st, err := s.js.Stream(ctx, stream)
	if err != nil {
		return nil, err
	}
	m, err := st.GetLastMsgForSubject(ctx, subject)
	if err != nil {
		return nil, err
	}
	return m.Data, nil
}
