package dispatch_test

import (
	"context"
	"testing"

	"holdfast/events"
	"holdfast/internal/dispatch"
)

// request512 is an action request of 512 bytes.
func request512() []byte {
	raw := []byte(`{"specversion":"1.0","id":"8b0c7a52-1f0e-4d6c-9a57-3f2f0d1c7e11","source":"urn:example:engine",` +
		`"type":"holdfast.action.requested.v1","time":"2026-02-20T09:00:00Z","datacontenttype":"application/json",` +
		`"data":{"request_id":"req-00000001","workflow_id":"onboarding","run_id":"run-00002291","step_id":"create",` +
		`"step_kind":"action","connection_id":"crm","acting_user":"u-17","action":{"connector":"noop",` +
		`"operation":"run","input":{"pad":"`)
	const end = `"}},"delivery":"at_least_once"}}`
	for len(raw)+len(end) < 512 {
		raw = append(raw, 'x')
	}
	return append(raw, end...)
}

func BenchmarkRoute(b *testing.B) {
	r := dispatch.NewRouter()
	err := dispatch.Handle(r, events.ActionRequested, func(context.Context, dispatch.Meta, events.Request) dispatch.Result {
		return dispatch.Done("completed")
	})
	if err != nil {
		b.Fatal(err)
	}
	d := delivery(events.ActionRequested, request512())
	b.SetBytes(int64(len(d.Data)))
	b.ReportAllocs()
	for b.Loop() {
		if got := r.Route(b.Context(), d); got.Verb != dispatch.Ack {
			b.Fatal(got.Fault)
		}
	}
}
