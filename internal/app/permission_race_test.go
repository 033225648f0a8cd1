package app_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// inState grants updates of some fields of orders in a state.
func inState(state string, fields ...string) []events.ConnectionGrant {
	grants := make([]events.FieldGrant, len(fields))
	for i, f := range fields {
		grants[i] = events.FieldGrant{Field: f, Read: true, Write: true}
	}
	return onOrders([]events.Condition{{Name: state, Formula: `{{$Model.Status}} = "` + state + `"`}}, []events.DataOp{events.UpdateRecords}, grants...)
}

// toSubmit is a service with an order that is a draft; bob may submit drafts, and comment on what is submitted.
func toSubmit(t *testing.T) (*world, *orders) {
	w, service := sales(t)
	service.item("1")["Status"] = "draft"
	w.permit("authors", inState("draft", "Status", "Title"), "bob")
	w.permit("commenters", inState("submitted", "Comment"), "bob")
	return w, service
}

// meet lets the first two looks wait for each other: both see the same version.
func (o *orders) meet() {
	var first atomic.Int64
	var both sync.WaitGroup
	both.Add(2)
	o.between(func(w http.ResponseWriter, r *http.Request, service http.HandlerFunc) {
		meets := r.Method == http.MethodGet && first.Add(1) <= 2
		service(w, r)
		if meets {
			both.Done()
			both.Wait()
		}
	})
}

// loseFirst lets the service do the first write, and cuts the connection instead of its answer.
func (o *orders) loseFirst(lost func()) {
	var once sync.Once
	o.between(func(w http.ResponseWriter, r *http.Request, service http.HandlerFunc) {
		if r.Method != http.MethodGet {
			once.Do(func() {
				service(httptest.NewRecorder(), r)
				lost()
				panic(http.ErrAbortHandler)
			})
		}
		service(w, r)
	})
}

const anyVersion = `{"entity_set":"Orders","key":1,"any_version":true,"fields":`

// Of two permitted writes that looked at the same version, one comes second: it looks again, and is decided again.
func TestP10_AWriteThatIsOvertakenLooksAgain(t *testing.T) {
	for name, delivery := range map[string]events.Delivery{"at least once": events.AtLeastOnce, "at most once": events.AtMostOnce} {
		t.Run(name, func(t *testing.T) {
			w, service := toSubmit(t)
			service.meet()
			var ids []string
			for _, fields := range []string{`{"Title":"x"}}`, `{"Title":"y"}}`} {
				ids = append(ids, w.request("orders", asUser("bob", "update", anyVersion+fields), func(r *events.Request) { r.Delivery = delivery }))
			}
			released := 0
			for _, id := range ids {
				w.ends(id, events.ActionCompleted)
				if slices.Contains(w.ledger(id), events.ActionReleased) {
					released++
				}
			}
			if delivery == events.AtMostOnce && released != 1 {
				t.Errorf("%d of them were taken back, want one", released)
			}
			if tag := service.etag("1"); tag != `"2"` {
				t.Errorf("the record is at version %s after two writes", tag)
			}
		})
	}
}

// What it finds then may not be what it was permitted to change. That is certain, and said without a doubt.
func TestP10_AWriteThatIsOvertakenMayBeDenied(t *testing.T) {
	w, service := toSubmit(t)
	service.meet()
	submit := asUser("bob", "update", anyVersion+`{"Status":"submitted"}}`)
	ended := map[events.Type]int{}
	for _, id := range []string{w.request("orders", submit), w.request("orders", submit)} {
		o, as := w.ended(id)
		if ended[as]++; as == events.ActionDenied && (o.Rule != "field_not_writable" || strings.Contains(o.Detail, "earlier try")) {
			t.Errorf("denied by %s: %s", o.Rule, o.Detail)
		}
	}
	if ended[events.ActionCompleted] != 1 || ended[events.ActionDenied] != 1 {
		t.Errorf("%v", ended)
	}
}

// A version that the request itself names is not looked for again.
func TestP10_AWriteThatNamesItsVersionFailsWhenItIsOvertaken(t *testing.T) {
	w, service := toSubmit(t)
	service.meet()
	update := asUser("bob", "update", `{"entity_set":"Orders","key":1,"etag":"\"0\"","fields":{"Title":"x"}}`)
	ended := map[events.Type]int{}
	for _, id := range []string{w.request("orders", update), w.request("orders", update)} {
		o, as := w.ended(id)
		if ended[as]++; as == events.ActionFailed && o.Reason != string(fault.TargetRejected) {
			t.Errorf("failed for %s: %s", o.Reason, o.Detail)
		}
	}
	if ended[events.ActionCompleted] != 1 || ended[events.ActionFailed] != 1 {
		t.Errorf("%v", ended)
	}
}

// A service for which no version is ever the same has nobody be first: such a write comes to an end.
func TestP10_AFenceThatNothingPassesEndsTheRequest(t *testing.T) {
	w, service := toSubmit(t)
	service.between(func(w http.ResponseWriter, r *http.Request, service http.HandlerFunc) {
		if r.Method != http.MethodGet {
			r.Header.Set("If-Match", "W/"+r.Header.Get("If-Match"))
		}
		service(w, r)
	})
	o := w.ends(w.request("orders", asUser("bob", "update", anyVersion+`{"Title":"x"}}`)), events.ActionFailed)
	if o.Reason != string(fault.TargetRejected) || !strings.Contains(o.Detail, "tells of the record itself") || strings.Contains(o.Detail, "earlier try") ||
		!strings.Contains(string(o.Response), "412") {
		t.Errorf("%s: %s; %s", o.Reason, o.Detail, o.Response)
	}
}

// inDoubt checks that an outcome says that its effect may be there.
func (w *world) inDoubt(o events.Outcome) {
	w.Helper()
	if !strings.Contains(o.Detail, "an earlier try of this request may have taken effect") {
		w.Errorf("it is said without a doubt: %s", o.Detail)
	}
}

// The record that a second try finds may be the first one's work.
func TestP10_ARefusalAfterALostAnswerSaysThatTheEffectMayBeThere(t *testing.T) {
	submit := asUser("bob", "update", anyVersion+`{"Status":"submitted"}}`)
	t.Run("of the record as it is by then", func(t *testing.T) {
		w, service := toSubmit(t)
		service.loseFirst(func() {})
		w.inDoubt(w.denied(w.request("orders", submit), "field_not_writable", "/data/action/input/fields/Status"))
		if status := service.item("1")["Status"]; status != "submitted" {
			t.Errorf("it is %v", status)
		}
		o := w.denied(w.request("orders", submit), "field_not_writable", "/data/action/input/fields/Status")
		if strings.Contains(o.Detail, "earlier try") {
			t.Errorf("a first try is in doubt: %s", o.Detail)
		}
	})
	t.Run("by its condition", func(t *testing.T) {
		w, service := toSubmit(t)
		w.inRegion("bob", "north")
		w.permissionsApplied()
		service.loseFirst(func() { w.inRegion("bob", "south"); w.permissionsApplied() })
		w.inDoubt(w.ends(w.request("orders", submit, func(r *events.Request) { r.When = `{{$User.region}} = "north"` }), events.ActionSkipped))
	})
	t.Run("of a version that is its own work", func(t *testing.T) {
		w, service := toSubmit(t)
		service.loseFirst(func() {})
		w.inDoubt(w.ends(w.request("orders", asUser("bob", "update", `{"entity_set":"Orders","key":1,"etag":"\"0\"","fields":{"Title":"x"}}`)), events.ActionFailed))
	})
}

// What a worker did that died is not known to the next one either.
func TestP10_ARefusalAfterAWorkerDiedSaysThatTheEffectMayBeThere(t *testing.T) {
	w := newWorld(t)
	service, url := startOrders(t)
	p := w.processes()
	first := p.start()
	w.connectOrders(url)
	service.item("1")["Status"] = "draft"
	w.permit("authors", inState("draft", "Status"), "bob")
	w.permit("commenters", inState("submitted", "Comment"), "bob")
	written := make(chan struct{})
	service.loseFirst(func() { close(written); first.Kill() })
	id := w.request("orders", asUser("bob", "update", anyVersion+`{"Status":"submitted"}}`))
	testkit.Eventually(t, patient, "the write", func() bool {
		select {
		case <-written:
			return true
		default:
			return false
		}
	})
	p.start()
	w.inDoubt(w.denied(id, "field_not_writable", "/data/action/input/fields/Status"))
}
