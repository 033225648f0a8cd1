package app_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/testkit"
)

func TestW5_FormStepWithAConnectionIsDenied(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	id := w.request("crm", func(r *events.Request) { r.StepKind = events.FormStep })
	if o := w.ends(id, events.ActionDenied); o.Reason != "form_step" || o.Rule != "form_step" {
		t.Errorf("reason %q, rule %q", o.Reason, o.Rule)
	}
	if n := w.target.Effects()[id]; n != 0 {
		t.Errorf("the target was asked %d times", n)
	}
}

func TestO1_TheSameRequestAgainHasTheSameOutcomeAndNoSecondEffect(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	r := w.action("crm")
	for range 20 {
		w.publish(events.ActionRequested, r)
	}
	w.ends(r.ID, events.ActionCompleted)
	w.ends(w.request("crm"), events.ActionCompleted) // what came before it is handled by now, or will be
	testkit.Eventually(t, patient, "all copies to be handled", func() bool { return w.unanswered("actions") == 0 })
	if n := w.target.Effects()[r.ID]; n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
	if got := types(w.read(events.StreamOutcomes, events.LedgerSubject(tenant, r.ID))); len(got) != 1 {
		t.Errorf("ledger %v, want one end", got)
	}
}

// unanswered is how many messages of the actions stream are neither acked nor given up.
func (w *world) unanswered(durable string) uint64 {
	c, err := w.js.Consumer(w.Context(), events.StreamActions, durable)
	if err != nil {
		w.Fatal(err)
	}
	i, err := c.Info(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return i.NumPending + uint64(i.NumAckPending)
}

func TestO1_WhatCanNotBeHandledIsToldWithFieldAndReason(t *testing.T) {
	w := newWorld(t)
	w.worker()
	good := func(change func(map[string]any, map[string]any)) []byte {
		r := w.action("crm")
		data := map[string]any{}
		raw, _ := json.Marshal(r)
		_ = json.Unmarshal(raw, &data)
		e := map[string]any{
			"specversion": "1.0", "id": r.ID, "source": "test", "type": string(events.ActionRequested),
			"time": time.Now().UTC().Format(time.RFC3339), "datacontenttype": "application/json", "data": data,
		}
		change(e, data)
		out, _ := json.Marshal(e)
		return out
	}
	for name, c := range map[string]struct {
		raw           []byte
		reason, field string
	}{
		"not JSON":        {[]byte("not json"), "not_json", ""},
		"not CloudEvents": {[]byte(`{"hello":"world"}`), "not_cloudevents", ""},
		"schema version":  {good(func(e, _ map[string]any) { e["type"] = "holdfast.action.requested.v9" }), "schema_version", "/type"},
		"unknown type":    {good(func(e, _ map[string]any) { e["type"] = "acme.something" }), "unknown_type", "/type"},
		"field missing":   {good(func(_, d map[string]any) { delete(d, "step_id") }), "schema_violation", "/data/step_id"},
		"field wrong":     {good(func(_, d map[string]any) { d["delivery"] = "maybe" }), "schema_violation", "/data/delivery"},
		"unsafe id":       {good(func(_, d map[string]any) { d["run_id"] = "a.b" }), "bad_id", "/data/run_id"},
		"long id":         {good(func(_, d map[string]any) { d["request_id"] = strings.Repeat("x", 129) }), "bad_id", "/data/request_id"},
		"another tenant":  {good(func(_, d map[string]any) { d["tenant"] = "globex" }), "tenant_mismatch", "/data/tenant"},
		"from the future": {good(func(e, _ map[string]any) { e["time"] = time.Now().Add(time.Hour).UTC().Format(time.RFC3339) }), "from_the_future", "/time"},
		"stale":           {good(func(e, _ map[string]any) { e["time"] = "2001-01-01T00:00:00Z" }), "stale", ""},
		"duplicate keys":  {[]byte(`{"id":"a","id":"b"}`), "duplicate_key", "/id"},
		"invalid UTF-8":   {[]byte("{\"id\":\"\xff\"}"), "invalid_utf8", ""},
		"10,000 levels":   {[]byte(strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)), "too_deep", ""},
		"8 MiB":           {[]byte(`{"data":"` + strings.Repeat("x", 8<<20-100) + `"}`), "too_large", ""},
		"secret in a field": {good(func(_, d map[string]any) {
			d["action"] = map[string]any{"connector": "http", "operation": "request", "input": map[string]any{
				"method": "GET", "path": "/", "headers": map[string]any{"Authorization": "Bearer c4n4ry-t0ken"},
			}}
		}), "secret_in_event", ""},
	} {
		t.Run(name, func(t *testing.T) {
			seq := w.send(events.SubjectOf(tenant, events.ActionRequested), c.raw)
			dl := w.deadLetter(c.reason, seq)
			if c.field != "" && dl.Field != c.field {
				t.Errorf("field %q, want %q (%s)", dl.Field, c.field, dl.Detail)
			}
			if len(dl.Original) > 64<<10 || (dl.OriginalBytes != len(c.raw)) {
				t.Errorf("original of %d bytes kept as %d", dl.OriginalBytes, len(dl.Original))
			}
			if c.reason == "secret_in_event" {
				w.forgotten(seq, dl)
			}
		})
	}
	if got := w.read(events.StreamOutcomes, "hf.*.outcome.*"); len(got) != 0 {
		t.Errorf("%d outcomes of requests that can not be handled", len(got))
	}
}

// deadLetter waits for the dead letter of a message.
func (w *world) deadLetter(reason string, seq uint64) events.DeadLetterData {
	w.Helper()
	var found events.DeadLetterData
	testkit.Eventually(w, patient, "a dead letter "+reason, func() bool {
		return slices.ContainsFunc(w.read(events.StreamDeadLetters, "hf."+tenant+".deadletter."+reason), func(r events.Record) bool {
			dl, err := events.Payload[events.DeadLetterData](r.Event)
			found = dl
			return err == nil && dl.Origin.Sequence == seq
		})
	})
	return found
}

// forgotten checks that a message with a secret is gone and repeated nowhere.
func (w *world) forgotten(seq uint64, dl events.DeadLetterData) {
	w.Helper()
	raw, _ := json.Marshal(dl)
	if !dl.Withheld || len(dl.Original) != 0 || strings.Contains(string(raw), "c4n4ry") {
		w.Errorf("the dead letter repeats the secret: %s", raw)
	}
	s, err := w.js.Stream(w.Context(), events.StreamActions)
	if err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, "the message to be deleted", func() bool {
		_, err = s.GetMsg(w.Context(), seq)
		return errors.Is(err, jetstream.ErrMsgNotFound)
	})
}

func TestC1_WrongSettingsAreRejectedWithTheFieldNamed(t *testing.T) {
	w := newWorld(t)
	w.worker()
	seq := w.sendConnection(func(c *events.Connection) { c.Settings = json.RawMessage(`{"base_url":"ftp://x"}`) })
	if dl := w.deadLetter("schema_violation", seq); !strings.HasPrefix(dl.Field, "/data/settings/base_url") {
		t.Errorf("field %q (%s)", dl.Field, dl.Detail)
	}
	w.sendConnection(func(c *events.Connection) { c.Settings = json.RawMessage(`{"base_url":"` + w.base + `/../x"}`) })
	testkit.Eventually(t, patient, "connection.rejected", func() bool {
		n := w.notices(events.ConnectionRejected)
		if len(n) != 1 {
			return false
		}
		p, err := events.Payload[events.ConnectionNotice](n[0].Event)
		return err == nil && p.Field == "/data/settings/base_url" && p.Reason == "settings_invalid"
	})
	if e, _, _ := w.registry.Fresh(t.Context(), tenant, "crm"); e != nil {
		t.Errorf("a rejected connection is in the registry: %+v", e)
	}
}

func (w *world) sendConnection(change func(*events.Connection)) uint64 {
	w.Helper()
	e, err := events.New(events.ConnectionCreated, time.Now(), w.basic("crm", change))
	if err != nil {
		w.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		w.Fatal(err)
	}
	return w.send(events.SubjectOf(tenant, events.ConnectionCreated), raw)
}
