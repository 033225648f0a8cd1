package console_test

import (
	"net/http"
	"net/url"
	"testing"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/console"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/testkit"
)

// TestC6_ASignInIsOverWithThePersonsSession: on a machine that people share, the browser alone is no right to go
// on in the name of somebody who signed out.
func TestC6_ASignInIsOverWithThePersonsSession(t *testing.T) {
	w := newWorld(t, people)
	a := w.agent()
	token := a.enter("ann").token()
	failed := a.get(w.idp.Cancel(t, a.follow("/connections/crm/authorize")).String())
	a.expect(failed, http.StatusOK, "was not connected", "Try again")
	back := w.idp.SignIn(t, failed.href("retry"), "svc-crm", password).String()
	a.do(http.MethodPost, "/signout", url.Values{"token": {token}})
	for _, then := range []func(){func() {}, func() { a.enter("bob") }} {
		then()
		a.expect(a.get(back), http.StatusForbidden, "begun by somebody else")
		if p := a.get(failed.at.Path); p.status != http.StatusForbidden || p.href("retry") != "" {
			t.Errorf("what ann did is shown, and can be repeated: %d %s", p.status, p.text)
		}
	}
	w.unchanged(t)
	a.get(w.idp.SignIn(t, a.get("/signin").at.String(), "ann", password).String())
	a.expect(a.get(back), http.StatusOK, "is connected as svc-crm")
}

// TestW3_ACodeGoesToTheProviderThatWasAskedFor: who may edit the connection can not lead a code elsewhere
// while somebody signs in.
func TestW3_ACodeGoesToTheProviderThatWasAskedFor(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	back := w.idp.SignIn(t, a.follow(w.link("crm")), "svc-crm", password)
	e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := e.Connection
	elsewhere.Actor, elsewhere.Auth.TokenURL = "ann", w.base+"/token"
	w.say(events.ConnectionUpdated, elsewhere)
	w.becomes("crm", "to be changed", func(e *connection.Entry) bool { return e.Auth.TokenURL == elsewhere.Auth.TokenURL })
	p := a.expect(a.get(back.String()), http.StatusOK, "was not connected", "was changed after the sign-in began", "Try again")
	if got := w.idp.Calls(t).Grants["authorization_code"]; got != 0 || p.href("retry") == "" {
		t.Errorf("%d codes were exchanged", got)
	}
	w.unchanged(t)
}

// TestC6_ADevicesRightsCountWhenItIsDone, not when it began: a code may be typed half an hour later.
func TestC6_ADevicesRightsCountWhenItIsDone(t *testing.T) {
	w := newWorld(t)
	got, err := w.console.Device(t.Context(), tenant, "crm", "ann", "", func(d oauth.Device) {
		w.say(events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"bob"}, Actor: events.ActorSystem})
		w.say(events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Ann", Actor: events.ActorSystem})
		w.say(events.ConnectionDeleted, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
		testkit.Eventually(t, patient, "ann to lose her rights", func() bool { return w.console.Check(t.Context(), tenant, "crm", "ann") != nil })
		w.idp.AllowDevice(t, d.UserCode, "svc-crm", password)
	})
	if f := fault.From(err); f == nil || f.Reason != fault.ConnectionMissing || got.Outcome == console.Connected {
		t.Errorf("%+v, %v", got, err)
	}
	w.unchanged(t)
}

// TestW3_AnAnswerOfAnotherIssuerIsRefused, where the provider says who it is (RFC 9207): neither a code nor an
// error of one provider is taken for another's.
func TestW3_AnAnswerOfAnotherIssuerIsRefused(t *testing.T) {
	w := newWorld(t, people)
	a := w.agent()
	named := func(back *url.URL, issuer string) string {
		u := *back
		q := u.Query()
		q.Set("iss", issuer)
		u.RawQuery = q.Encode()
		return u.String()
	}
	entry := w.idp.SignIn(t, a.get("/").at.String(), "ann", password)
	a.expect(a.get(named(entry, "https://elsewhere.example")), http.StatusForbidden, "another identity provider")
	a.expect(a.get(named(entry, w.idp.Issuer())), http.StatusOK, "Connections")
	back := w.idp.SignIn(t, a.follow("/connections/crm/authorize"), "svc-crm", password)
	p := a.expect(a.get(named(back, "https://elsewhere.example")), http.StatusOK, "was not connected", "another identity provider")
	if got := w.idp.Calls(t).Issued["authorization_code"]; got != 1 { // that of ann's own sign-in
		t.Errorf("%d codes were exchanged", got)
	}
	back = w.idp.SignIn(t, p.href("retry"), "svc-crm", password)
	a.expect(a.get(named(back, w.idp.Issuer())), http.StatusOK, "is connected as svc-crm")
}

// TestW3_AnEditMeanwhileLosesNoToken: the code is spent when the connection turns out to be changed, so what came
// of it is kept, whatever becomes of the account's name.
func TestW3_AnEditMeanwhileLosesNoToken(t *testing.T) {
	w := newWorld(t)
	proxy := testkit.StartProxy(t, w.idp.Address)
	tokens, err := url.Parse(w.idp.TokenURL())
	if err != nil {
		t.Fatal(err)
	}
	w.connection("held", func(c *events.Connection) { c.Name, c.Auth.TokenURL = "Held", proxy.Address+tokens.Path })
	a := w.agent()
	back := w.idp.SignIn(t, a.follow(w.link("held")), "svc-crm", password).String()
	hold := proxy.HoldAnswer(func(r *http.Request) bool { return r.URL.Path == tokens.Path })
	shown := make(chan page, 1)
	go func() { shown <- a.get(back) }()
	hold.Reached(t, patient)
	e, _, err := w.registry.Fresh(t.Context(), tenant, "held")
	if err != nil {
		t.Fatal(err)
	}
	renamed := e.Connection
	renamed.Name, renamed.Actor = "Renamed", "ann"
	w.say(events.ConnectionUpdated, renamed)
	w.becomes("held", "to be renamed", func(e *connection.Entry) bool { return e.Name == "Renamed" })
	hold.Release()
	a.expect(<-shown, http.StatusOK, "is connected as svc-crm")
	if kept := a.get("/static/style.css").header.Get("Cache-Control"); kept != "max-age=3600" {
		t.Errorf("the page's style is asked for again: %q", kept)
	}
	w.becomes("held", "to be active", func(e *connection.Entry) bool { return e.State() == events.StateActive && e.Name == "Renamed" })
}
