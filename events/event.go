package events

import (
	"encoding/json"
	"fmt"
	"time"

	ce "github.com/cloudevents/sdk-go/v2/event"
	"github.com/google/uuid"
)

// Source is what Holdfast's own events name as their source.
const Source = "holdfast/worker"

// Event is one CloudEvents 1.0 event with its payload still raw.
type Event struct {
	ID      string
	Source  string
	Type    Type
	Subject string
	Time    time.Time
	Data    json.RawMessage
}

// New makes an event of Holdfast's own around a payload; at is its time, by the bus's clock.
func New(t Type, at time.Time, payload any) (Event, error) {
	data, err := json.Marshal(payload)
	if err != nil {
		return Event{}, fmt.Errorf("encode %s: %w", t, err)
	}
	return Event{ID: uuid.NewString(), Source: Source, Type: t, Time: at.UTC(), Data: data}, nil
}

// Encode is the event in structured JSON mode.
func (e Event) Encode() ([]byte, error) {
	out := ce.New()
	out.SetID(e.ID)
	out.SetSource(e.Source)
	out.SetType(string(e.Type))
	if e.Subject != "" {
		out.SetSubject(e.Subject)
	}
	if !e.Time.IsZero() {
		out.SetTime(e.Time)
	}
	if err := out.SetData(ce.ApplicationJSON, e.Data); err != nil {
		return nil, fmt.Errorf("encode %s: %w", e.Type, err)
	}
	return out.MarshalJSON()
}

// Decode reads an event in structured JSON mode.
func Decode(raw []byte) (Event, error) {
	var in ce.Event
	if err := in.UnmarshalJSON(raw); err != nil {
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	if err := in.Validate(); err != nil { // the reader above lets broken documents pass
		return Event{}, fmt.Errorf("decode event: %w", err)
	}
	return Event{
		ID: in.ID(), Source: in.Source(), Type: Type(in.Type()), Subject: in.Subject(),
		Time: in.Time(), Data: in.Data(),
	}, nil
}

// Record is an event as a stream keeps it. The zero Record stands for a subject without messages.
type Record struct {
	Event

	Stored   time.Time // by the bus's clock
	Sequence uint64    // in its stream; 0: there is none
}

// Payload decodes the data of an event as T.
func Payload[T any](e Event) (T, error) {
	var p T
	if err := json.Unmarshal(e.Data, &p); err != nil {
		return p, fmt.Errorf("decode %s: %w", e.Type, err)
	}
	return p, nil
}
