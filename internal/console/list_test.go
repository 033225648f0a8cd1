package console_test

import (
	"fmt"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/testkit"
)

// TestC6_TheListShowsWhatAPersonMaySee, and no button for what they may not do.
func TestC6_TheListShowsWhatAPersonMaySee(t *testing.T) {
	w := newWorld(t, people)
	w.connection("bobs", func(c *events.Connection) {
		c.Name, c.Kind, c.Availability, c.Owners, c.Actor = "Bob's own", events.Personal, events.Availability{}, []string{"bob"}, "bob"
	})
	use := events.Use{Tenant: tenant, Connection: "crm", Workflow: "orders", Step: "send", LastUsed: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)}
	if err := w.bus.Uses().Put(t.Context(), use); err != nil {
		t.Fatal(err)
	}
	ann, bob := w.agent(), w.agent()
	if first := ann.get("/"); first.status != http.StatusSeeOther || !regexp.MustCompile(`^`+w.idp.Address).MatchString(first.at.String()) {
		t.Fatalf("the list is shown to nobody in particular: %d %s", first.status, first.at)
	}
	shown := ann.expect(ann.enter("ann"), http.StatusOK, "Connections", "CRM of sales", "the whole tenant", "Owners ann", "ann acme",
		"2 Jan 2026 03:04 UTC")
	if !shown.says("Authorize", "Test") {
		t.Errorf("no buttons: %s", shown.text)
	}
	own := bob.expect(bob.enter("bob"), http.StatusOK, "Bob's own", "its creator only")
	if regexp.MustCompile(`/connections/crm/authorize`).MatchString(own.text) {
		t.Error("bob may authorize what is not his")
	}
	for _, path := range []string{"/connections/crm/authorize", "/connections/none/authorize"} {
		if p := bob.get(path); p.status != http.StatusNotFound && p.status != http.StatusForbidden {
			t.Errorf("%s: %d", path, p.status)
		}
	}
}

// TestW3_FromTheList: authorize, close, refresh, and it is listed as active.
func TestW3_FromTheList(t *testing.T) {
	w := newWorld(t, people)
	a := w.agent()
	a.enter("ann")
	back := w.idp.SignIn(t, a.follow("/connections/crm/authorize"), "svc-crm", password)
	done := a.expect(a.get(back.String()), http.StatusOK, "is connected as svc-crm")
	a.expect(a.get(done.href("close")), http.StatusOK, "active", "Account svc-crm")
	w.becomesActiveAs("crm", "svc-crm")
	// A link asks whoever is signed in, whoever it was made for.
	bob := w.agent()
	bob.enter("bob")
	if p := bob.get(w.link("crm")); p.href("go") != "" {
		t.Error("a link of ann's lets bob authorize")
	}
	stranger := w.agent()
	if p := stranger.get(w.link("crm")); p.status != http.StatusSeeOther {
		t.Errorf("a link needs no sign-in: %d", p.status)
	}
}

var formToken = regexp.MustCompile(`name="token" value="([^"]+)"`)

// token is what the page's forms carry.
func (p page) token() string {
	if m := formToken.FindStringSubmatch(p.text); m != nil {
		return html.UnescapeString(m[1])
	}
	return ""
}

// TestC10_TestFromTheList asks a worker, and shows its answer.
func TestC10_TestFromTheList(t *testing.T) {
	w := newWorld(t, people)
	a := w.agent()
	list := a.enter("ann")
	form := url.Values{"token": {list.token()}}
	a.expect(a.do(http.MethodPost, "/connections/crm/test", form), http.StatusOK, "CRM of sales : ")
	a.get(w.idp.SignIn(t, a.follow("/connections/crm/authorize"), "svc-crm", password).String())
	w.becomesActiveAs("crm", "svc-crm")
	a.expect(a.do(http.MethodPost, "/connections/crm/test", form), http.StatusOK, "it authenticates")
	w.idp.Revoke(t, "crm", "svc-crm")
	broken := a.do(http.MethodPost, "/connections/crm/test", form)
	if broken.says("it authenticates") {
		t.Errorf("revoked, and it works: %s", broken.text)
	}
	w.becomes("crm", "to be broken", func(e *connection.Entry) bool { return e.State() == events.StateBroken })
	testkit.Eventually(t, patient, "the page to say so", func() bool { return a.get("/").says("broken", "invalid grant") })
}

// TestC6_ATestIsShownInItsTenantOnly, also to who has the same id in another one.
func TestC6_ATestIsShownInItsTenantOnly(t *testing.T) {
	w := newWorld(t, people, func(w *world) { w.cfg.Console.Key = secretOf("0123456789012345678901234567890123456789") })
	elsewhere := w.cfg
	elsewhere.Console.Listen, elsewhere.Console.Tenant = fmt.Sprintf("127.0.0.1:%d", testkit.FreePort(t)), "other"
	other := w.startConsole(elsewhere)
	w.idp.Client(t, "console", testkit.IDPClient{Secret: clientSecret,
		RedirectURIs: []string{w.console.URL + "/signin/callback", other.URL + "/signin/callback"}})
	a := w.agent()
	done := a.do(http.MethodPost, "/connections/crm/test", url.Values{"token": {a.enter("ann").token()}})
	a.expect(done, http.StatusOK, "CRM of sales : ")
	b := w.agent()
	b.get(w.idp.SignIn(t, b.get(other.URL+"/").at.String(), "ann", password).String())
	p := b.expect(b.get(other.URL+"/?"+done.at.RawQuery), http.StatusOK, "no connection in tenant other")
	if p.says("CRM of sales") {
		t.Error("a connection of another tenant is named")
	}
}

// TestC6_FormsOfOthersAreRefused: without the page's token, from another site, or signed out.
func TestC6_FormsOfOthersAreRefused(t *testing.T) {
	w := newWorld(t, people)
	a := w.agent()
	token := a.enter("ann").token()
	a.expect(a.do(http.MethodPost, "/connections/crm/test", url.Values{"token": {"guess"}}), http.StatusForbidden, "form has ended")
	a.origin = "https://elsewhere.example"
	if p := a.do(http.MethodPost, "/connections/crm/test", url.Values{"token": {token}}); p.status != http.StatusForbidden {
		t.Errorf("from another site: %d", p.status)
	}
	a.origin = w.console.URL
	a.do(http.MethodPost, "/signout", url.Values{"token": {token}})
	if p := a.do(http.MethodPost, "/connections/crm/test", url.Values{"token": {token}}); p.status != http.StatusUnauthorized {
		t.Errorf("signed out: %d", p.status)
	}
	if p := a.get("/"); p.status != http.StatusSeeOther {
		t.Errorf("signed out, and the list is shown: %d", p.status)
	}
}

// TestC6_ASignInToTheConsoleIsBound to the browser that began it, and never names the system.
func TestC6_ASignInToTheConsoleIsBound(t *testing.T) {
	w := newWorld(t, people)
	w.idp.User(t, events.ActorSystem, password)
	one, other := w.agent(), w.agent()
	back := w.idp.SignIn(t, one.get("/").at.String(), "ann", password).String()
	other.expect(other.get(back), http.StatusForbidden, "begun in another browser")
	one.expect(one.get(back), http.StatusOK, "Connections")
	other.expect(other.enter(events.ActorSystem), http.StatusForbidden, "not known here")
	cancelled := other.get(w.idp.Cancel(t, other.get("/").at.String()).String())
	other.expect(cancelled, http.StatusNotFound, "sign-in was cancelled")
}
