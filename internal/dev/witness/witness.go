// Package witness watches what Holdfast stores on the bus, from the moment it is called, and says what it
// saw. It reads the streams with a plain NATS client, not with the code that it bears witness of.
package witness

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
)

// Record is one message as a stream holds it.
type Record struct {
	events.Event // empty where the message is no event

	Stream   string
	Subject  string
	Sequence uint64
	Stored   time.Time // by the bus's clock
	Raw      []byte
}

// registryStream holds the entries of connections, which are no events.
const registryStream = "KV_" + events.BucketConnections

// watched are the streams to which Holdfast publishes, and its registry.
var watched = []string{
	events.StreamOutcomes, events.StreamSuspensions, events.StreamNotices, events.StreamDeadLetters, registryStream,
}

// RegistrySubject is where a connection's entry is.
func RegistrySubject(tenant, connection string) string {
	return "$KV." + events.BucketConnections + "." + tenant + "." + connection
}

// Witness has seen every message since Start, in the order of each stream. Close it.
type Witness struct {
	conn *nats.Conn
	js   jetstream.JetStream
	subs []jetstream.ConsumeContext
	// began is each stream's last sequence before the first that is watched.
	began map[string]uint64

	mu      sync.Mutex
	records []Record
	moved   chan struct{} // closed and made anew with each record
}

// Start begins to watch: what is stored from now on.
func Start(ctx context.Context, url string) (*Witness, error) {
	conn, err := nats.Connect(url, nats.Name("holdfast witness"), nats.MaxReconnects(-1))
	if err != nil {
		return nil, fmt.Errorf("the witness can not connect: %w", err)
	}
	w := &Witness{conn: conn, moved: make(chan struct{}), began: make(map[string]uint64)}
	if w.js, err = jetstream.New(conn); err == nil {
		err = w.watchAll(ctx)
	}
	if err != nil {
		w.Close()
		return nil, fmt.Errorf("the witness can not watch: %w", err)
	}
	return w, nil
}

func (w *Witness) watchAll(ctx context.Context) error {
	for _, stream := range watched {
		s, err := w.js.Stream(ctx, stream)
		if err != nil {
			return fmt.Errorf("%s: %w", stream, err)
		}
		w.began[stream] = s.CachedInfo().State.LastSeq
		cons, err := s.OrderedConsumer(ctx, jetstream.OrderedConsumerConfig{
			DeliverPolicy: jetstream.DeliverByStartSequencePolicy, OptStartSeq: w.began[stream] + 1,
		})
		if err != nil {
			return fmt.Errorf("%s: %w", stream, err)
		}
		sub, err := cons.Consume(func(m jetstream.Msg) { w.take(stream, m) })
		if err != nil {
			return fmt.Errorf("%s: %w", stream, err)
		}
		w.subs = append(w.subs, sub)
	}
	return nil
}

func (w *Witness) take(stream string, m jetstream.Msg) {
	at, err := m.Metadata()
	if err != nil {
		return // no JetStream message: nothing that a stream holds
	}
	r := Record{Stream: stream, Subject: m.Subject(), Sequence: at.Sequence.Stream, Stored: at.Timestamp, Raw: m.Data()}
	if e, err := events.Decode(m.Data()); err == nil && stream != registryStream {
		r.Event = e
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, r)
	close(w.moved)
	w.moved = make(chan struct{})
}

// Records are all that were seen so far. Do not change them.
func (w *Witness) Records() []Record {
	records, _ := w.look()
	return records
}

func (w *Witness) look() ([]Record, <-chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.records[:len(w.records):len(w.records)], w.moved
}

// Await waits until so is true of what was seen, and ends with the context's error.
func (w *Witness) Await(ctx context.Context, so func([]Record) bool) error {
	for {
		records, moved := w.look()
		if so(records) {
			return nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// CatchUp waits until everything was seen that the streams hold now.
func (w *Witness) CatchUp(ctx context.Context) error {
	for _, stream := range watched {
		s, err := w.js.Stream(ctx, stream)
		if err != nil {
			return fmt.Errorf("%s: %w", stream, err)
		}
		last := s.CachedInfo().State.LastSeq
		err = w.Await(ctx, func(records []Record) bool { return max(w.began[stream], seen(records, stream)) >= last })
		if err != nil {
			return fmt.Errorf("%s: %w", stream, err)
		}
	}
	return nil
}

func seen(records []Record, stream string) uint64 {
	for i := len(records) - 1; i >= 0; i-- {
		if records[i].Stream == stream {
			return records[i].Sequence
		}
	}
	return 0
}

// Holds tells whether a stream still holds the message of a sequence.
func (w *Witness) Holds(ctx context.Context, stream string, sequence uint64) (bool, error) {
	s, err := w.js.Stream(ctx, stream)
	if err != nil {
		return false, err
	}
	_, err = s.GetMsg(ctx, sequence)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	return err == nil, err
}

// Backlog is what a durable consumer has before it.
type Backlog struct {
	Waiting    uint64 // never delivered
	Unanswered int    // delivered, and not acknowledged
	Repeated   int    // of these, delivered more than once
}

// Backlog asks the server.
func (w *Witness) Backlog(ctx context.Context, stream, durable string) (Backlog, error) {
	c, err := w.js.Consumer(ctx, stream, durable)
	if err != nil {
		return Backlog{}, err
	}
	i := c.CachedInfo()
	return Backlog{i.NumPending, i.NumAckPending, i.NumRedelivered}, nil
}

// Close stops watching.
func (w *Witness) Close() {
	for _, sub := range w.subs {
		sub.Stop()
		<-sub.Closed()
	}
	w.conn.Close()
}
