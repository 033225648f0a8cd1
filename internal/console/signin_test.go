package console_test

import (
	"net/http"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/testkit"
)

// TestW3_AnAccountSignsInByALink follows a link, signs in, sees a success, closes, and finds it active.
func TestW3_AnAccountSignsInByALink(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	link := w.link("crm")
	a.expect(a.get(link), http.StatusOK, "CRM of sales", "Asked for by ann", "offline")
	done := a.get(w.idp.SignIn(t, a.follow(link), "svc-crm", password).String())
	a.expect(done, http.StatusOK, "CRM of sales is connected as svc-crm", "openid offline api", "active")
	if strings.Contains(done.at.String(), "code=") {
		t.Errorf("the code stays in the address: %s", done.at)
	}
	a.expect(a.get(done.href("close")), http.StatusOK, "You can close this tab")
	w.becomesActiveAs("crm", "svc-crm")
	if _, fields := w.secret("crm"); fields["client_secret"] != clientSecret || fields["note"] != "kept" || fields["refresh_token"] == "" {
		t.Errorf("the secret has fields %d", len(fields))
	}
	w.runs("crm")
}

// runs executes one action with the connection.
func (w *world) runs(id string) {
	w.Helper()
	w.ended(w.asks(id), events.ActionCompleted)
}

// asks publishes an action request, and gives its id.
func (w *world) asks(connection string) string {
	w.Helper()
	w.sequence++
	id := "req-" + string(rune('a'+w.sequence))
	w.say(events.ActionRequested, events.Request{ID: id, Workflow: "wf", Run: "run-" + id, Step: "s", StepKind: events.ActionStep,
		Connection: connection, ActingUser: "ann",
		Action: events.Action{Connector: "http", Operation: "request", Input: []byte(`{"method":"POST","path":"/items","body":{"n":1}}`)}})
	return id
}

func (w *world) ended(id string, want events.Type) {
	w.Helper()
	testkit.Eventually(w, patient, id+" to end as "+string(want), func() bool {
		last, err := w.bus.Journal().Last(w.Context(), events.LedgerSubject(tenant, id))
		return err == nil && last.Type == want
	})
}

// TestW6_AnAccountIsAuthorizedAgainInPlace: what was suspended because the account's tokens were revoked goes on
// after another sign-in, with the same id.
func TestW6_AnAccountIsAuthorizedAgainInPlace(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	link := w.link("crm")
	a.get(w.idp.SignIn(t, a.follow(link), "svc-crm", password).String())
	w.becomesActiveAs("crm", "svc-crm")
	w.runs("crm")
	w.idp.Revoke(t, "crm", "svc-crm")
	waiting := w.asks("crm")
	w.becomes("crm", "to be broken", func(e *connection.Entry) bool { return e.State() == events.StateBroken })
	again := a.get(w.idp.SignIn(t, a.follow(link), "svc-crm", password).String())
	a.expect(again, http.StatusOK, "is connected as svc-crm")
	if again.says("Account before") {
		t.Error("it warns of an account that is the same")
	}
	w.ended(waiting, events.ActionCompleted)
}

// TestW6_AnotherAccountIsAskedAbout writes nothing before somebody agrees.
func TestW6_AnotherAccountIsAskedAbout(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	link := w.link("crm")
	a.get(w.idp.SignIn(t, a.follow(link), "svc-crm", password).String())
	w.becomesActiveAs("crm", "svc-crm")
	before, _ := w.secret("crm")
	asked := a.get(w.idp.SignIn(t, a.follow(link), "svc-other", password).String())
	a.expect(asked, http.StatusOK, "You signed in as svc-other", "was connected as svc-crm until now", "Nothing has been changed")
	if now, _ := w.secret("crm"); now != before {
		t.Fatal("the secret was written before anybody agreed")
	}
	third := a.get(w.idp.SignIn(t, asked.href("accept"), "bob", password).String())
	a.expect(third, http.StatusOK, "You signed in as bob") // agreed to was svc-other
	asked = a.get(asked.at.String())                       // with sign-ins that were not used yet
	agreed := a.get(w.idp.SignIn(t, asked.href("accept"), "svc-other", password).String())
	a.expect(agreed, http.StatusOK, "is connected as svc-other", "Account before svc-crm")
	w.becomesActiveAs("crm", "svc-other")
	back := a.get(w.idp.SignIn(t, asked.href("retry"), "svc-other", password).String())
	a.expect(back, http.StatusOK, "is connected as svc-other")
}

// TestW3_TwoConsolesShareAKey: a sign-in that begins at one console may come back to another.
func TestW3_TwoConsolesShareAKey(t *testing.T) {
	key := "0123456789012345678901234567890123456789"
	w := newWorld(t, func(w *world) { w.cfg.Console.Key = secretOf(key) })
	other := w.startConsole(w.cfg)
	a := w.agent()
	link := w.link("crm")
	back := w.idp.SignIn(t, a.follow(link), "svc-crm", password)
	elsewhere := *back
	elsewhere.Host = strings.TrimPrefix(other.URL, "http://")
	a.expect(a.get(back.String()), http.StatusOK, "is connected as svc-crm")
	issued := w.idp.Calls(t).Issued["authorization_code"]
	a.expect(a.get(elsewhere.String()), http.StatusOK, "Nothing was done a second time", "is connected as svc-crm")
	if got := w.idp.Calls(t).Issued["authorization_code"]; got != issued || issued != 1 {
		t.Errorf("%d codes were exchanged", got)
	}
}
