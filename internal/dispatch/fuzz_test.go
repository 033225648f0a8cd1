package dispatch_test

import (
	"bytes"
	"testing"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// FuzzRoute holds, for whatever bytes come on a subject: it is handled with safe ids, or refused with a
// reason of class Invalid and a bounded pointer.
func FuzzRoute(f *testing.F) {
	for _, kind := range events.Inbound() {
		f.Add(string(kind), encode(f, example(f, kind)))
	}
	f.Add(string(events.ActionRequested), []byte(`{"specversion":"1.0","id":"","type":[]}`))
	f.Fuzz(func(t *testing.T, kind string, raw []byte) {
		r, g := router(t)
		res := r.Route(t.Context(), delivery(events.Type(kind), raw))
		switch res.Verb {
		case dispatch.Ack:
			for _, p := range g.payload {
				hasSafeIDs(t, p)
			}
		case dispatch.Reject:
			if res.Fault.Class() != fault.Invalid || len(res.Fault.Field) > 2048 || len(res.Fault.Detail) > 2048 {
				t.Fatalf("%+v", res.Fault)
			}
		default:
			t.Fatalf("%+v", res)
		}
	})
}

func hasSafeIDs(t *testing.T, payload any) {
	t.Helper()
	if request, ok := payload.(events.Request); ok {
		if _, ok := events.ParseChain(request.Chain().Subject()); !ok || request.Tenant != "acme" || !events.ValidID(request.ID) {
			t.Fatalf("%+v", request)
		}
	}
}

// FuzzBinary holds the same for headers of any name and value.
func FuzzBinary(f *testing.F) {
	f.Add("ce-id", "x", []byte(`{}`))
	f.Add("CE-Type", "holdfast.action.requested.v1", []byte(`{"tenant":"x"}`))
	f.Add("content-type", "application/cloudevents+json", []byte(`null`))
	f.Add("ce-", "%zz", []byte(`1`))
	f.Fuzz(func(t *testing.T, name, value string, raw []byte) {
		r, _ := router(t)
		d := delivery(events.ActionRequested, raw)
		d.Header = map[string][]string{"ce-specversion": {"1.0"}, "ce-source": {"s"}}
		d.Header[name] = append(d.Header[name], value)
		if res := r.Route(t.Context(), d); res.Verb == dispatch.Reject && res.Fault.Class() != fault.Invalid {
			t.Fatalf("%+v", res.Fault)
		}
	})
}

// FuzzIDs holds that an id which is not safe never reaches a handler.
func FuzzIDs(f *testing.F) {
	for _, id := range []string{"a", "a.b", "*", ">", "a b", "", "ü", "a:b", "A=_-9"} {
		f.Add(id)
	}
	f.Fuzz(func(t *testing.T, id string) {
		r, g := router(t)
		raw := encode(t, example(t, events.ActionRequested))
		raw = bytes.ReplaceAll(raw, []byte("req-7f3a"), bytes.Trim(encode(t, id), `"`))
		r.Route(t.Context(), delivery(events.ActionRequested, raw))
		for _, p := range g.payload {
			if request, ok := p.(events.Request); !ok || !events.ValidID(request.ID) {
				t.Fatalf("%q reached the handler", id)
			}
		}
	})
}
