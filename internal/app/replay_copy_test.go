package app_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
	"holdfast/internal/replay"
)

// A copy to a subject has each message once, says what it is a copy of, and is acted on by nobody; subjects on which
// somebody acts are refused.
func TestO2_ACopyToASubjectIsActedOnByNobody(t *testing.T) {
	const n = 20
	w := newRoleWorld(t)
	stop := w.worker()
	w.connect("crm")
	stop()
	ids := w.lostRequests(n, "crm")
	w.worker()
	if _, err := w.js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "COPIES", Subjects: []string{"replay.>"}}); err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"hf.acme.action.requested", "hf.other.action.requested", "$JS.API.STREAM.PURGE.HF_ACTIONS", "_INBOX.x", "replay.>", "a..b", ""} {
		_, err := w.replaying(actions()).CopyToSubject(t.Context(), subject, nil)
		if p, ok := errors.AsType[*ops.Problem](err); !ok || p.Kind != ops.Refused {
			t.Errorf("%q: %v", subject, err)
		}
	}
	before := w.everything()
	copied, err := w.replaying(actions(func(o *replay.Options) { o.Select.Run = runOf(ids[0]) })).CopyToSubject(t.Context(), "replay.one", nil)
	if err != nil || copied.Copied != 1 {
		t.Fatalf("%v: %+v", err, copied)
	}
	if copied, err = w.replaying(actions()).CopyToSubject(t.Context(), "replay.all", nil); err != nil || copied.Copied != n {
		t.Fatalf("%v: %+v", err, copied)
	}
	found := make(map[string]int)
	for m, err := range w.bus.Messages(t.Context(), bus.Search{Stream: "COPIES", Filter: "replay.all"}) {
		if err != nil {
			t.Fatal(err)
		}
		found[m.Get(events.HeaderOriginal)]++
	}
	for i := range n {
		if of := fmt.Sprintf("HF_ACTIONS/%d hf.acme.action.requested", i+1); found[of] != 1 {
			t.Errorf("%d copies of %s", found[of], of)
		}
	}
	after := w.everything()
	if after[events.StreamActions] != before[events.StreamActions] || after[events.StreamOutcomes] != before[events.StreamOutcomes] {
		t.Errorf("before %v, after %v", before, after)
	}
}
