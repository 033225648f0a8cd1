package bus

import (
	"context"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Message is one message as a stream keeps it, not decoded: whoever goes through millions decodes what it needs.
type Message struct {
	Subject  string
	Sequence uint64
	Stored   time.Time           // by the bus's clock
	Header   map[string][]string // canonical as on the wire
	Raw      []byte              // empty where headers only were asked for
	// Left is how many that match came behind it in the stream, when the server sent it.
	Left uint64
}

// Get is the first value of a header, "" when there is none. Names are matched exactly.
func (m Message) Get(header string) string {
	if v := m.Header[header]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// Stored is a Message, decoded as an event.
type Stored struct {
	// Record is the message as an event; Type is empty where it is none. Of a message without its payload there is
	// the type alone, by its header.
	events.Record

	Subject string
	Header  map[string][]string
	Raw     []byte
	Left    uint64
}

// Decoded reads the message as an event.
func (m Message) Decoded() Stored {
	s := Stored{Record: events.Record{Stored: m.Stored, Sequence: m.Sequence}, Subject: m.Subject, Header: m.Header, Raw: m.Raw, Left: m.Left}
	if e, err := events.Decode(m.Raw); err == nil {
		s.Event = e
	} else if len(m.Raw) == 0 {
		s.Type = events.Type(m.Get(events.HeaderType))
	}
	return s
}

// messageOf is a delivery as a Message.
func messageOf(m jetstream.Msg) (Message, error) {
	at, err := m.Metadata()
	if err != nil {
		return Message{}, fault.Wrap(fault.Internal, "a delivery without metadata", err)
	}
	return Message{Subject: m.Subject(), Sequence: at.Sequence.Stream, Stored: at.Timestamp, Header: m.Headers(), Raw: m.Data(),
		Left: at.NumPending}, nil
}

// MessageAt is the message at a sequence of a stream, as its leader has it; ok is false where there is none, or none any
// more. It does not tell how many are left.
func (b *Bus) MessageAt(ctx context.Context, stream string, sequence uint64) (m Message, ok bool, err error) {
	s, err := b.stream(ctx, stream)
	if err != nil || sequence == 0 {
		return m, false, err
	}
	var raw *jetstream.RawStreamMsg
	err = b.try(ctx, "read from "+stream, func(ctx context.Context) error {
		raw, err = s.GetMsg(ctx, sequence)
		return err
	})
	if missing(err) {
		return m, false, nil
	}
	if err != nil {
		return m, false, err
	}
	return Message{Subject: raw.Subject, Sequence: raw.Sequence, Stored: raw.Time, Header: raw.Header, Raw: raw.Data}, true, nil
}
