package dispatch_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

func TestEveryInboundTypeReachesItsHandler(t *testing.T) {
	for _, kind := range events.Inbound() {
		doc := example(t, kind)
		for mode, d := range map[string]dispatch.Delivery{
			"structured": delivery(kind, encode(t, doc)), "binary": binary(t, kind, doc),
		} {
			r, g := router(t)
			res := r.Route(t.Context(), d)
			if res.Verb != dispatch.Ack || len(g.payload) != 1 {
				t.Fatalf("%s %s: %+v %+v", mode, kind, res, res.Fault)
			}
			if res.EventType != string(kind) || res.EventID != doc["id"] || res.Label != "handled" {
				t.Errorf("%s %s: %+v", mode, kind, res)
			}
			m := g.meta[0]
			if m.Tenant != "acme" || m.EventID != doc["id"] || !m.EventTime.Equal(stored.Add(-time.Second)) {
				t.Errorf("%s %s: %+v", mode, kind, m)
			}
		}
	}
}

func TestPayloadIsDecodedWithTheSubjectsTenant(t *testing.T) {
	doc := example(t, events.ActionRequested)
	data := dataOf(t, doc)
	delete(data, "tenant")
	data["Tenant"] = "other" // no member of the contract: encoding/json would take it
	data["REQUEST_ID"] = "other"
	r, g := router(t)
	if res := r.Route(t.Context(), delivery(events.ActionRequested, encode(t, doc))); res.Verb != dispatch.Ack {
		t.Fatal(res.Fault)
	}
	got, ok := g.payload[0].(events.Request)
	if !ok || got.Tenant != "acme" || got.ID != "req-7f3a" || got.Action.Connector != "http" || !bytes.Contains(got.Action.Input, []byte(`"Ada"`)) {
		t.Errorf("%+v", got)
	}
}

func TestHandleRefusesTwiceAndForeignTypes(t *testing.T) {
	r, _ := router(t)
	h := func(context.Context, dispatch.Meta, events.Request) dispatch.Result { return dispatch.Done("") }
	for _, kind := range []events.Type{events.ActionRequested, events.ActionCompleted, "x"} {
		if err := dispatch.Handle(r, kind, h); err == nil {
			t.Errorf("%s was registered", kind)
		}
	}
}

func TestATypeWithoutAHandlerWaits(t *testing.T) {
	kind := events.ConnectionDeleted
	res := dispatch.NewRouter().Route(t.Context(), delivery(kind, encode(t, example(t, kind))))
	if res.Verb != dispatch.Retry || res.Fault.Reason != fault.Internal {
		t.Errorf("%+v", res)
	}
}

// refusal is one delivery that becomes a dead letter.
type refusal struct {
	name   string
	kind   events.Type // action.requested when empty
	change func(doc, data member)
	raw    func(valid []byte) []byte
	alter  func(*dispatch.Delivery)
	reason fault.Reason
	field  string
}

func set(name string, v any) func(doc, data member) { return func(doc, _ member) { doc[name] = v } }

func setData(name string, v any) func(doc, data member) {
	return func(_, data member) { data[name] = v }
}

func without(name string) func(doc, data member) { return func(doc, _ member) { delete(doc, name) } }

func text(s string) func([]byte) []byte { return func([]byte) []byte { return []byte(s) } }

func replace(old, with string) func([]byte) []byte {
	return func(raw []byte) []byte { return bytes.Replace(raw, []byte(old), []byte(with), 1) }
}

const canary = "canary-5e1d"

var refusals = []refusal{
	{name: "8 MiB", raw: func([]byte) []byte { return bytes.Repeat([]byte("x"), 8<<20) }, reason: fault.TooLarge},
	{name: "8 MiB of headers", alter: func(d *dispatch.Delivery) {
		d.Header = map[string][]string{"X": {strings.Repeat("x", 8<<20)}}
	}, reason: fault.TooLarge},
	{name: "invalid UTF-8", raw: replace("onboarding", "\xff"), reason: fault.InvalidUTF8},
	{name: "invalid UTF-8 in a header", alter: func(d *dispatch.Delivery) {
		d.Header = map[string][]string{"X": {"\xff"}}
	}, reason: fault.InvalidUTF8},
	{name: "10,000 deep", raw: text(strings.Repeat(`[`, 10_000) + strings.Repeat(`]`, 10_000)), reason: fault.TooDeep, field: strings.Repeat("/0", 16) + "/…"},
	{name: "duplicate key", raw: replace(`"run_id":`, `"run_id":"`+canary+`","run_id":`), reason: fault.DuplicateKey, field: "/data/run_id"},
	{name: "empty", raw: text(""), reason: fault.NotJSON},
	{name: "no JSON", raw: text(canary), reason: fault.NotJSON},
	{name: "half", raw: text(`{"data":{"run_id":"`), reason: fault.NotJSON, field: "/data/run_id"},
	{name: "two documents", raw: func(raw []byte) []byte { return append(raw, raw...) }, reason: fault.NotJSON},
	{name: "array", raw: text(`[]`), reason: fault.NotCloudEvents},
	{name: "no CloudEvent", raw: text(`{}`), reason: fault.NotCloudEvents, field: "/specversion"},
	{name: "specversion", change: set("specversion", "0.3"), reason: fault.NotCloudEvents, field: "/specversion"},
	{name: "no id", change: without("id"), reason: fault.NotCloudEvents, field: "/id"},
	{name: "id is a number", change: set("id", 7), reason: fault.NotCloudEvents, field: "/id"},
	{name: "no source", change: set("source", ""), reason: fault.NotCloudEvents, field: "/source"},
	{name: "no type", change: without("type"), reason: fault.NotCloudEvents, field: "/type"},
	{name: "time", change: set("time", "yesterday"), reason: fault.NotCloudEvents, field: "/time"},
	{name: "time is null", change: set("time", nil), reason: fault.NotCloudEvents, field: "/time"},
	{name: "XML inside", change: set("datacontenttype", "text/xml"), reason: fault.NotCloudEvents, field: "/datacontenttype"},
	{name: "data_base64", change: set("data_base64", "e30="), reason: fault.NotCloudEvents, field: "/data_base64"},
	{name: "version 2", change: set("type", "holdfast.action.requested.v2"), reason: fault.SchemaVersion, field: "/type"},
	{name: "unknown type", change: set("type", "holdfast.action.imagined.v1"), reason: fault.UnknownType, field: "/type"},
	{name: "outbound type", change: set("type", string(events.ActionCompleted)), reason: fault.UnknownType, field: "/type"},
	{name: "not quite a version", change: set("type", "holdfast.action.requested.vx"), reason: fault.UnknownType, field: "/type"},
	{name: "other subject", change: set("type", string(events.ConnectionDeleted)), reason: fault.SubjectMismatch, field: "/type"},
	{name: "unsafe tenant", alter: func(d *dispatch.Delivery) { d.Subject = "hf.a:b.action.requested" }, reason: fault.BadID},
	{name: "payload tenant", change: setData("tenant", canary), reason: fault.TenantMismatch, field: "/data/tenant"},
	{name: "id with dots", change: setData("request_id", canary+".*"), reason: fault.BadID, field: "/data/request_id"},
	{name: "id with colon", change: setData("connection_id", "a:b"), reason: fault.BadID, field: "/data/connection_id"},
	{name: "129 bytes", change: setData("run_id", strings.Repeat("x", 129)), reason: fault.BadID, field: "/data/run_id"},
	{name: "empty id", change: setData("step_id", ""), reason: fault.BadID, field: "/data/step_id"},
	{name: "owner", kind: events.ConnectionCreated, change: setData("owners", []any{"u", "a b"}), reason: fault.BadID, field: "/data/owners/1"},
	{name: "site", kind: events.ConnectionCreated, change: setData("availability", member{"site_id": ">"}), reason: fault.BadID, field: "/data/availability/site_id"},
	{name: "secret", kind: events.ConnectionCreated, change: setData("password", canary), reason: fault.SecretInEvent, field: "/data/password"},
	{name: "future", change: set("time", stored.Add(dispatch.MaxAhead+time.Second).Format(time.RFC3339)), reason: fault.FromTheFuture, field: "/time"},
	{name: "no data", change: without("data"), reason: fault.SchemaViolation, field: "/data"},
	{name: "no time", change: without("time"), reason: fault.SchemaViolation, field: "/time"},
	{name: "step kind", change: setData("step_kind", canary), reason: fault.SchemaViolation, field: "/data/step_kind"},
	{name: "id is a list", change: setData("run_id", []any{canary}), reason: fault.SchemaViolation, field: "/data/run_id"},
	{name: "a whole number with a fraction", kind: events.ConnectionCreated, raw: replace(`864000`, `864000.0`), reason: fault.SchemaViolation, field: "/data/suspend_for_seconds"},
}

func (c refusal) delivery(t *testing.T) dispatch.Delivery {
	t.Helper()
	kind := c.kind
	if kind == "" {
		kind = events.ActionRequested
	}
	doc := example(t, kind)
	if c.change != nil {
		c.change(doc, dataOf(t, doc))
	}
	raw := encode(t, doc)
	if c.raw != nil {
		raw = c.raw(raw)
	}
	d := delivery(kind, raw)
	if c.alter != nil {
		c.alter(&d)
	}
	return d
}

// TestO1_BadInputIsToldBack is the table of bad input: each gets its reason and place, and what was wrong is
// never repeated.
func TestO1_BadInputIsToldBack(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			r, g := router(t)
			res := r.Route(t.Context(), c.delivery(t))
			if res.Verb != dispatch.Reject || res.Fault.Reason != c.reason || res.Fault.Field != c.field {
				t.Fatalf("%+v %+v, want %s at %q", res, res.Fault, c.reason, c.field)
			}
			if len(g.payload) != 0 {
				t.Error("the handler was called")
			}
			if strings.Contains(fmt.Sprintf("%+v %+v", res, *res.Fault), canary) {
				t.Errorf("the value is repeated: %+v", res.Fault)
			}
		})
	}
}

func TestTheBoundsThemselvesPass(t *testing.T) {
	for name, c := range map[string]refusal{
		"five minutes ahead": {change: set("time", stored.Add(dispatch.MaxAhead).Format(time.RFC3339))},
		"128 bytes":          {change: setData("run_id", strings.Repeat("x", 128))},
		"no media type":      {change: without("datacontenttype")},
		"media type":         {change: set("datacontenttype", "application/json; charset=utf-8")},
		"unknown members":    {change: setData("later", member{"x": 1})},
		"256 KiB": {raw: func(raw []byte) []byte {
			return append(raw, bytes.Repeat([]byte(" "), dispatch.MaxBytes-len(raw))...)
		}},
	} {
		r, _ := router(t)
		if res := r.Route(t.Context(), c.delivery(t)); res.Verb != dispatch.Ack {
			t.Errorf("%s: %+v", name, res.Fault)
		}
	}
}

func TestTheFutureIsHeldAgainstTheClockWhereTheBusGaveNoTime(t *testing.T) {
	c := refusal{
		change: set("time", stored.Add(time.Hour).Format(time.RFC3339)),
		alter:  func(d *dispatch.Delivery) { d.Time = time.Time{} },
	}
	for now, want := range map[time.Time]dispatch.Verb{stored: dispatch.Reject, stored.Add(time.Hour): dispatch.Ack} {
		r, _ := router(t, dispatch.WithClock(fixedClock(now)))
		if res := r.Route(t.Context(), c.delivery(t)); res.Verb != want {
			t.Errorf("%s: %+v", now, res)
		}
	}
}

func TestUnshowableTypeAndIDAreLeftOut(t *testing.T) {
	secret := "hvs." + strings.Repeat("x", 40)
	c := refusal{change: func(doc, _ member) { doc["type"], doc["id"] = "a b", secret }}
	r, _ := router(t)
	if res := r.Route(t.Context(), c.delivery(t)); res.EventType != "" || res.EventID != "" {
		t.Errorf("%+v", res)
	}
}

// TestMemoryStaysBounded: refusing 8 MiB costs no copy of it.
func TestMemoryStaysBounded(t *testing.T) {
	r, _ := router(t)
	d := delivery(events.ActionRequested, bytes.Repeat([]byte("["), 8<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 10 {
		r.Route(t.Context(), d)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("10 messages of 8 MiB cost %d bytes", used)
	}
}

func TestBinaryMode(t *testing.T) {
	kind := events.ActionRequested
	for name, c := range map[string]struct {
		alter  func(*dispatch.Delivery)
		reason fault.Reason
		field  string
	}{
		"as it is":         {alter: func(*dispatch.Delivery) {}},
		"lower case":       {alter: lowerCase},
		"no content type":  {alter: func(d *dispatch.Delivery) { delete(d.Header, "Content-Type") }},
		"percent-encoded":  {alter: func(d *dispatch.Delivery) { d.Header["Ce-id"] = []string{"8b0c7a52%2D1"} }},
		"no specversion":   {func(d *dispatch.Delivery) { delete(d.Header, "Ce-specversion") }, fault.NotCloudEvents, "/specversion"},
		"XML":              {func(d *dispatch.Delivery) { d.Header["Content-Type"] = []string{"text/xml"} }, fault.NotCloudEvents, "/datacontenttype"},
		"id twice":         {func(d *dispatch.Delivery) { d.Header["CE-ID"] = []string{"x"} }, fault.NotCloudEvents, "/id"},
		"two values":       {func(d *dispatch.Delivery) { d.Header["Ce-id"] = []string{"x", "y"} }, fault.NotCloudEvents, "/id"},
		"data in a header": {func(d *dispatch.Delivery) { d.Header["Ce-data"] = []string{"{}"} }, fault.NotCloudEvents, "/data"},
		"payload a list":   {func(d *dispatch.Delivery) { d.Data = []byte(`[]`) }, fault.SchemaViolation, "/data"},
		"duplicate":        {func(d *dispatch.Delivery) { d.Data = []byte(`{"a":1,"a":2}`) }, fault.DuplicateKey, "/data/a"},
	} {
		r, g := router(t)
		d := binary(t, kind, example(t, kind))
		c.alter(&d)
		res := r.Route(t.Context(), d)
		switch {
		case c.reason == "" && (res.Verb != dispatch.Ack || len(g.payload) != 1):
			t.Errorf("%s: %+v", name, res.Fault)
		case c.reason != "" && (res.Fault == nil || res.Fault.Reason != c.reason || res.Fault.Field != c.field):
			t.Errorf("%s: %+v, want %s at %s", name, res.Fault, c.reason, c.field)
		}
	}
}

func lowerCase(d *dispatch.Delivery) {
	headers := map[string][]string{}
	for name, values := range d.Header {
		headers[strings.ToLower(name)] = values
	}
	d.Header = headers
}

func TestBothModesGiveTheSame(t *testing.T) {
	for _, kind := range events.Inbound() {
		doc := example(t, kind)
		r, g := router(t)
		r.Route(t.Context(), delivery(kind, encode(t, doc)))
		r.Route(t.Context(), binary(t, kind, maps.Clone(doc)))
		if len(g.payload) != 2 || !reflect.DeepEqual(g.payload[0], g.payload[1]) {
			t.Errorf("%s: %+v", kind, g.payload)
		}
	}
}

func TestAgeIsTheOlderOfTwo(t *testing.T) {
	at := func(bus, event time.Duration) dispatch.Meta {
		return dispatch.Meta{Delivery: dispatch.Delivery{Time: stored.Add(-bus)}, EventTime: stored.Add(-event)}
	}
	for _, c := range []struct {
		meta dispatch.Meta
		want time.Duration
	}{
		{at(time.Hour, time.Minute), time.Hour}, {at(time.Minute, time.Hour), time.Hour}, {at(-time.Hour, -time.Minute), 0},
		{dispatch.Meta{EventTime: stored.Add(-time.Hour)}, time.Hour}, {dispatch.Meta{}, 0},
		{dispatch.Meta{Delivery: dispatch.Delivery{Time: stored.Add(-time.Hour)}}, time.Hour},
	} {
		if got := dispatch.Age(c.meta, stored); got != c.want {
			t.Errorf("%v, want %v", got, c.want)
		}
	}
}
