package putoff_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/putoff"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var at = time.Unix(1000, 0).UTC()

// deliver hands a request's delivery to a handler that says what comes of it.
func deliver(b *putoff.Book, request string, deliveries uint64, r dispatch.Result) {
	h := func(ctx context.Context, _ dispatch.Delivery) dispatch.Result {
		dispatch.Name(ctx, dispatch.Facts{Tenant: "acme", Request: request, Connection: "crm"})
		return r
	}
	tell := b.Listen(func() time.Time { return at }, func(uint64) time.Duration { return 4 * time.Second })
	dispatch.PuttingOff(tell)(h)(context.Background(), dispatch.Delivery{Stream: "HF_ACTIONS", Sequence: 7, Deliveries: deliveries})
}

// What is put off is known until it is settled; what goes well never was.
func TestO4_WhatIsPutOffIsKnownUntilItIsSettled(t *testing.T) {
	b := putoff.New(0)
	again := dispatch.Again(fault.New(fault.TargetUnavailable, "the target answered POST with 503").WithRetryAfter(20 * time.Second))
	deliver(b, "req-1", 3, again)
	deliver(b, "req-2", 1, dispatch.Done("completed"))
	deliver(b, "req-3", 1, dispatch.Again(fault.New(fault.Draining, "the worker is stopping")))
	deliver(b, "", 1, again)
	got := b.Of("acme", []string{"req-1", "req-2", "req-3"})
	want := putoff.Entry{Tenant: "acme", Request: "req-1", Connection: "crm", Stream: "HF_ACTIONS", Sequence: 7, Deliveries: 3,
		Reason: fault.TargetUnavailable, Detail: "the target answered POST with 503", At: at, NextAt: at.Add(20 * time.Second)}
	if len(got) != 1 || got[0] != want {
		t.Errorf("%+v", got)
	}
	if other := b.Of("other", []string{"req-1"}); len(other) != 0 {
		t.Errorf("another tenant's: %+v", other)
	}
	deliver(b, "req-1", 4, dispatch.Done("completed"))
	if got := b.Of("acme", []string{"req-1"}); len(got) != 0 {
		t.Errorf("it has ended: %+v", got)
	}
}

// However many are put off, only so many are kept: the last ones.
func TestO4_WhatIsKeptIsBounded(t *testing.T) {
	b := putoff.New(10)
	for i := range 1000 {
		deliver(b, "req-"+strconv.Itoa(i), 1, dispatch.Again(fault.New(fault.TargetUnavailable, "")))
	}
	if b.Of("acme", []string{"req-989"}) == nil || len(b.Of("acme", []string{"req-989", "req-990", "req-999"})) != 2 {
		t.Error("not the last ten are kept")
	}
}

func ask(t *testing.T, b *putoff.Book, query string) *httptest.ResponseRecorder {
	t.Helper()
	rec := httptest.NewRecorder()
	b.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, putoff.Path+query, http.NoBody))
	return rec
}

// Who asks names the requests: there is no list, and no answer without end.
func TestO4_AWorkerTellsOfRequestsThatAreNamed(t *testing.T) {
	b := putoff.New(10)
	deliver(b, "req-1", 1, dispatch.Again(fault.New(fault.TargetUnavailable, "")))
	var got putoff.Answer
	if err := json.Unmarshal(ask(t, b, "?tenant=acme&request=req-9&request=req-1").Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.PutOff) != 1 || got.PutOff[0].Request != "req-1" || got.Kept != 1 || got.Most != 10 {
		t.Errorf("%+v", got)
	}
	for _, query := range []string{"", "?tenant=acme", "?request=req-1", "?tenant=*&request=req-1", "?tenant=acme&request=a.b",
		"?tenant=acme" + strings.Repeat("&request=a", putoff.AskMost+1)} {
		if rec := ask(t, b, query); rec.Code != http.StatusBadRequest {
			t.Errorf("%.40s: %d", query, rec.Code)
		}
	}
}
