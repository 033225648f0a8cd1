package events_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
)

func TestEncodeDecodeRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		payload := map[string]string{"text": rapid.String().Draw(t, "text")}
		at := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nano"))
		e, err := events.New(rapid.SampledFrom(events.Outbound()).Draw(t, "type"), at, payload)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := events.Decode(raw)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != e.ID || got.Source != events.Source || got.Type != e.Type || !got.Time.Equal(at) || !bytes.Equal(got.Data, e.Data) {
			t.Fatalf("%+v, want %+v", got, e)
		}
	})
}

func TestPayloadDecodesData(t *testing.T) {
	e, err := events.New(events.ConnectionBroken, time.Now(), events.ConnectionNotice{Tenant: "t", ID: "c", Generation: 3})
	if err != nil {
		t.Fatal(err)
	}
	got, err := events.Payload[events.ConnectionNotice](e)
	if err != nil || got.ID != "c" || got.Generation != 3 {
		t.Errorf("%+v %v", got, err)
	}
	e.Data = json.RawMessage(`[]`)
	if _, err := events.Payload[events.ConnectionNotice](e); err == nil {
		t.Error("a list is no notice")
	}
}

func TestDecodeRefusesWhatIsNoEvent(t *testing.T) {
	for _, raw := range []string{"", "{}", "[]", `{"specversion":"9"}`, "null"} {
		if e, err := events.Decode([]byte(raw)); err == nil {
			t.Errorf("%q is %+v", raw, e)
		}
	}
}

// FuzzDecode holds that what decodes is an event: it has what every event must have. Decode is for what workers
// wrote themselves; what others send goes through internal/dispatch, which is strict about its JSON, too.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","data":{}}`))
	f.Add([]byte(`{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":"e30="}`))
	f.Add([]byte(`{`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if e, err := events.Decode(raw); err == nil && (e.ID == "" || e.Source == "" || e.Type == "") {
			t.Errorf("%q is %+v", raw, e)
		}
	})
}
