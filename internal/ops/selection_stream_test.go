package ops_test

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"holdfast/internal/ops"
)

var asked = time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)

// Every member of a selection leaves out what it does not name, and nothing else.
func TestO2_ASelectionNamesMessages(t *testing.T) {
	m := ops.Selected{Subject: "hf.acme.action.requested", Sequence: 7, Stored: asked.Add(-time.Hour),
		IDs: ops.IDs{Connection: "crm", Workflow: "w1", Run: "r1", Request: "q1"}}
	when := func(text string) ops.When {
		w, err := ops.ParseWhen(text)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	for name, c := range map[string]struct {
		s    ops.StreamSelection
		want bool
	}{
		"all":              {ops.StreamSelection{}, true},
		"from it on":       {ops.StreamSelection{From: 7}, true},
		"from the next":    {ops.StreamSelection{From: 8}, false},
		"up to it":         {ops.StreamSelection{To: 7}, true},
		"up to before":     {ops.StreamSelection{To: 6}, false},
		"since":            {ops.StreamSelection{Since: when("2h")}, true},
		"since later":      {ops.StreamSelection{Since: when("30m")}, false},
		"since a day":      {ops.StreamSelection{Since: when("2027-01-31")}, true},
		"until":            {ops.StreamSelection{Until: when("30m")}, true},
		"until itself":     {ops.StreamSelection{Until: when("2027-01-31T11:00:00Z")}, false},
		"days":             {ops.StreamSelection{Since: when("7d")}, true},
		"subject":          {ops.StreamSelection{Subject: "hf.*.action.>"}, true},
		"other subject":    {ops.StreamSelection{Subject: "hf.*.connection.>"}, false},
		"longer subject":   {ops.StreamSelection{Subject: "hf.acme.action.requested.>"}, false},
		"shorter subject":  {ops.StreamSelection{Subject: "hf.acme.action"}, false},
		"tenant":           {ops.StreamSelection{Tenant: "acme"}, true},
		"other tenant":     {ops.StreamSelection{Tenant: "acm"}, false},
		"connection":       {ops.StreamSelection{Connection: "crm"}, true},
		"other connection": {ops.StreamSelection{Connection: "erp"}, false},
		"other workflow":   {ops.StreamSelection{Workflow: "w2"}, false},
		"other run":        {ops.StreamSelection{Run: "r2"}, false},
		"other request":    {ops.StreamSelection{Request: "q2"}, false},
	} {
		if got := c.s.Matches(m, asked); got != c.want {
			t.Errorf("%s: matches is %t", name, got)
		}
	}
}

// What would select something else than it says is refused before anything is read.
func TestO2_ASelectionThatMakesNoSenseIsRefused(t *testing.T) {
	for name, s := range map[string]ops.StreamSelection{
		"no stream":           {},
		"a stream of ours":    {Stream: "HF_ACTIONS"},
		"an id with wildcard": {Stream: ops.SelectActions, Tenant: "*"},
		"an empty range":      {Stream: ops.SelectActions, From: 9, To: 8},
		"half a wildcard":     {Stream: ops.SelectActions, Subject: "hf.acme*.action.requested"},
		"> in the middle":     {Stream: ops.SelectActions, Subject: "hf.>.requested"},
		"no such reason":      {Stream: ops.SelectDeadLetters, Reason: "forbidden"},
		"a reason of none":    {Stream: ops.SelectConnections, Reason: "stale"},
	} {
		if err := s.Check(); err == nil {
			t.Errorf("%s: was taken", name)
		}
	}
	for _, text := range []string{"", "yesterday", "-2h", "0s", "-7d"} {
		if _, err := ops.ParseWhen(text); err == nil {
			t.Errorf("%q was taken for a time", text)
		}
	}
}

// Ids are found in both content modes of CloudEvents; what can not be read has none.
func TestO2_IDsOfAMessageAreRead(t *testing.T) {
	payload := `{"request_id":"q1","run_id":"r1","workflow_id":"w1","connection_id":"crm","action":{"input":{"request_id":"no"}}}`
	want := ops.IDs{Connection: "crm", Workflow: "w1", Run: "r1", Request: "q1"}
	if got := ops.ReadIDs([]byte(`{"specversion":"1.0","data":`+payload+`}`), false); got != want {
		t.Errorf("structured: %+v", got)
	}
	if got := ops.ReadIDs([]byte(payload), true); got != want {
		t.Errorf("binary: %+v", got)
	}
	if got := ops.ReadIDs([]byte(`{"data":{"request_id":"q1"}`), false); got != (ops.IDs{}) {
		t.Errorf("broken: %+v", got)
	}
}

// Whatever an event looks like, its ids are what a decoder reads, wherever that can read it.
func FuzzReadIDs(f *testing.F) {
	for _, raw := range []string{
		`{"specversion":"1.0","data":{"request_id":"q1","run_id":"r1","action":{"input":["}",{"request_id":"no"}]}},"id":"x"}`,
		`{ "data" : { "request_id" : "q\u0031" , "connection_id":"crm"} }`, `{"d\u0061ta":{"request_id":"q1"}}`,
		`{"data":{"request_id":"a\\\"b","workflow_id":"w"}}`, `{"data":{"request_id":7}}`, `{"data":[{"request_id":"q1"}]}`,
		`{"data":{}}`, `{}`, `[]`, `{"data":{"request_id":"q1"}`, `{"data":{"request_id":null,"run_id":"r"}}`, `{"data": 1 , "x":[1,2]}`,
	} {
		f.Add([]byte(raw))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		var event struct {
			Data ops.IDs `json:"data"`
		}
		if json.Unmarshal(raw, &event) != nil {
			return // whoever handles it refuses it
		}
		if got := ops.ReadIDs(raw, false); got != event.Data {
			t.Errorf("%q: %+v, want %+v", raw, got, event.Data)
		}
	})
}
