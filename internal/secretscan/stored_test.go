package secretscan_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/dispatch/strictjson"
	"holdfast/internal/secretscan"
)

func read(t testing.TB, text string) any {
	t.Helper()
	doc, err := strictjson.Parse([]byte(text), 64, "")
	if err != nil {
		t.Fatal(err)
	}
	return doc.Root
}

// What Holdfast publishes holds no secret, and tells a customer's own business from one.
func TestC2_InStored(t *testing.T) {
	for name, tt := range map[string]struct {
		is      events.Type
		data    string
		pointer string // empty: nothing is found
	}{
		"an outcome":                 {events.ActionCompleted, `{"detail":"fine","secret_version":3,"idempotency_key":"r"}`, ""},
		"an outcome's detail":        {events.ActionFailed, `{"detail":"Bearer abcdef123456"}`, "/data/detail"},
		"a member of an outcome":     {events.ActionFailed, `{"access_token":"x"}`, "/data/access_token"},
		"a target's answer":          {events.ActionCompleted, `{"response":{"body":{"password":"x","headers":{"Cookie":"a"}}}}`, ""},
		"a key in a target's answer": {events.ActionCompleted, `{"response":{"body":` + quoted(t, pemKey) + `}}`, "/data/response/body"},
		"an original's body":         {events.SuspensionSuspended, `{"original":{"action":{"input":{"body":{"password":"x"}}}}}`, ""},
		"an original's headers":      {events.SuspensionResumed, `{"original":{"action":{"input":{"headers":{"Cookie":"a"}}}}}`, "/data/original/action/input/headers/Cookie"},
		"beside an original's input": {events.SuspensionEndingSoon, `{"original":{"token":"x"}}`, "/data/original/token"},
		"beside an original":         {events.SuspensionSuspended, `{"token":"x"}`, "/data/token"},
		"a dead letter's original":   {events.DeadLetter, `{"original":` + quoted(t, vaultToken) + `}`, ""},
		"beside it":                  {events.DeadLetter, `{"detail":` + quoted(t, vaultToken) + `}`, "/data/detail"},
		"a notice":                   {events.ConnectionApplied, `{"settings":{"headers":{"Private-Token":"x"}}}`, "/data/settings/headers/Private-Token"},
	} {
		t.Run(name, func(t *testing.T) {
			text := `{"type":"` + string(tt.is) + `","data":` + tt.data + `}`
			pointer, found := secretscan.InStored(tt.is, read(t, text))
			if found != (tt.pointer != "") || pointer != tt.pointer {
				t.Errorf("found %t at %q, want %q", found, pointer, tt.pointer)
			}
			if found && !secretscan.Suspicious([]byte(text)) {
				t.Error("not suspicious")
			}
		})
	}
}

func quoted(t *testing.T, s string) string {
	t.Helper()
	raw, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestC2_FoundKept(t *testing.T) {
	request := `{"type":"` + string(events.ActionRequested) + `","data":{"action":{"input":{"body":{"password":"x"}}}}}`
	for name, tt := range map[string]struct {
		raw      string
		searched bool
		want     bool
	}{
		"readable":                 {request, true, false},
		"readable, not searched":   {request, false, false},
		"cut":                      {request[:len(request)-2], true, false},
		"no event":                 {request[:len(request)-2], false, true},
		"cut, with a key":          {request[:len(request)-2] + pemKey, true, true},
		"readable, with a secret":  {strings.Replace(request, `"data":{`, `"data":{"token":"x",`, 1), true, true},
		"cut, with an escaped key": {`{"x":"\u002d` + pemKey[1:], true, true},
	} {
		if got := secretscan.FoundKept([]byte(tt.raw), tt.searched); got != tt.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A document that is not suspicious holds nothing that a closer look would find, as any type.
func FuzzC2_NothingIsFoundWhereNothingIsSuspicious(f *testing.F) {
	for _, seed := range []string{
		`{"data":{"a":"b"}}`, `{"data":{"password":"x"}}`, `{"data":{"x":"Bearer abcdef123456"}}`, `{"data":{"p\u0061ssword":1}}`,
		`{"data":{"settings":{"headers":{"X-Auth-Key" : "x"}}}}`, `{"data":{"action":{"input":{"query":"a"}}}}`,
		`{"data":{"u":"https://u:p@h"}}`, `{"data":{"u":"/a?token=b"}}`, `{"data":["` + jwt + `"]}`, `{"data":{"` + oldVault + `":1}}`, `["` + vaultToken + `"]`,
		`{"data":{"original":{"action":{"input":{"headers":{"Cookie":"a"}}}}}}`, `{"data":{"x":"` + oldVault + `"}}`,
	} {
		f.Add([]byte(seed))
	}
	types := slices.Concat(events.Inbound(), events.Outbound(), []events.Type{"other"})
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := strictjson.Parse(raw, 64, "")
		if err != nil || secretscan.Suspicious(raw) {
			return
		}
		for _, is := range types {
			if pointer, found := secretscan.InEvent(is, doc.Root); found {
				t.Fatalf("%s: %s in %s", is, pointer, raw)
			}
			if pointer, found := secretscan.InStored(is, doc.Root); found {
				t.Fatalf("stored %s: %s in %s", is, pointer, raw)
			}
		}
	})
}

func BenchmarkSuspicious(b *testing.B) {
	raw := []byte(`{"specversion":"1.0","id":"0b7e","source":"holdfast/worker","type":"holdfast.action.completed.v1","datacontenttype":"application/json",` +
		`"time":"2026-01-01T00:00:00Z","data":{"tenant":"acme","request_id":"req-1","workflow_id":"wf","run_id":"run-1","step_id":"s","connection_id":"crm",` +
		`"acting_user":"ann","rule":"shared_tenant","response":{"status":201,"body":{"id":1,"name":"x"}},"generation":1,"secret_version":2,` +
		`"origin":{"stream":"HF_ACTIONS","sequence":1},"idempotency_key":"req-1"}}`)
	b.ReportAllocs()
	for b.Loop() {
		if secretscan.Suspicious(raw) {
			b.Fatal("suspicious")
		}
	}
}
