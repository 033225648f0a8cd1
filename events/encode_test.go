package events_test

import (
	"encoding/json"
	"testing"
	"time"

	ce "github.com/cloudevents/sdk-go/v2/event"
	"pgregory.net/rapid"

	"holdfast/events"
)

// What Encode writes by hand is what the CloudEvents SDK reads, whatever is in the attributes.
func TestEncodeIsWhatTheSDKReads(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := events.Event{
			ID: "id" + rapid.String().Draw(t, "id"), Source: "urn:test", Type: events.ActionCompleted,
			Subject: rapid.String().Draw(t, "subject"), Time: time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), 5).UTC(),
		}
		var err error
		if e.Data, err = json.Marshal(rapid.String().Draw(t, "data")); err != nil {
			t.Fatal(err)
		}
		raw, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		var got ce.Event
		if err := got.UnmarshalJSON(raw); err != nil {
			t.Fatalf("%v: %s", err, raw)
		}
		if got.ID() != e.ID || got.Subject() != e.Subject || !got.Time().Equal(e.Time) || string(got.Data()) != string(e.Data) ||
			got.SpecVersion() != "1.0" || got.DataContentType() != ce.ApplicationJSON {
			t.Fatalf("%s is read as %v", raw, got)
		}
	})
}

func TestEncodeRefusesWhatIsNoEvent(t *testing.T) {
	good := events.Event{ID: "1", Source: "s", Type: events.ActionCompleted, Data: json.RawMessage(`{}`)}
	for name, change := range map[string]func(*events.Event){
		"no id":      func(e *events.Event) { e.ID = "" },
		"no source":  func(e *events.Event) { e.Source = "" },
		"no type":    func(e *events.Event) { e.Type = "" },
		"no data":    func(e *events.Event) { e.Data = nil },
		"not JSON":   func(e *events.Event) { e.Data = json.RawMessage(`{"a":1},"b":2`) },
		"not UTF-8":  func(e *events.Event) { e.Subject = "\xff" },
		"id not UTF": func(e *events.Event) { e.ID = "\xff" },
	} {
		e := good
		change(&e)
		if raw, err := e.Encode(); err == nil {
			t.Errorf("%s: %s", name, raw)
		}
	}
}
