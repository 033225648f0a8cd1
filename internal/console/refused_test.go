package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func secretOf(s string) secret.Value { return secret.New(s) }

// unchanged tells that neither the secret nor the provider's tokens moved.
func (w *world) unchanged(t *testing.T) {
	t.Helper()
	if version, fields := w.secret("crm"); version != 1 || fields["refresh_token"] != "" {
		t.Errorf("the secret is at version %d", version)
	}
}

// TestW3_CancelledAtTheProvider says so, and offers another try.
func TestW3_CancelledAtTheProvider(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	back := a.get(w.idp.Cancel(t, a.follow(w.link("crm"))).String())
	a.expect(back, http.StatusOK, "was not connected", "the sign-in was cancelled", "Try again")
	w.unchanged(t)
	a.expect(a.get(w.idp.SignIn(t, back.href("retry"), "svc-crm", password).String()), http.StatusOK, "is connected as svc-crm")
}

// TestW3_AStateWorksOnce: repeated, at the same time or later, it shows what came of it.
func TestW3_AStateWorksOnce(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	back := w.idp.SignIn(t, a.follow(w.link("crm")), "svc-crm", password).String()
	var all sync.WaitGroup
	shown := make([]page, 4)
	for i := range shown {
		all.Go(func() { shown[i] = a.get(back) })
	}
	all.Wait()
	for _, p := range shown {
		if p.status != http.StatusOK || !p.says("is connected as svc-crm") && !p.says("is being finished") {
			t.Errorf("%d %s", p.status, p.text)
		}
	}
	a.expect(a.get(back), http.StatusOK, "Nothing was done a second time", "is connected as svc-crm")
	if got := w.idp.Calls(t).Grants["authorization_code"]; got != 1 {
		t.Errorf("%d codes were exchanged", got)
	}
	if version, _ := w.secret("crm"); version != 2 {
		t.Errorf("the secret is at version %d", version)
	}
}

// TestW3_AStateOfAnotherBrowserIsRefused, as is one that was changed, or made for something else.
func TestW3_AStateOfAnotherBrowserIsRefused(t *testing.T) {
	w := newWorld(t)
	victim, attacker := w.agent(), w.agent()
	back := w.idp.SignIn(t, attacker.follow(w.link("crm")), "svc-crm", password)
	victim.expect(victim.get(back.String()), http.StatusForbidden, "begun in another browser")
	done := attacker.get(back.String())
	attacker.expect(done, http.StatusOK, "is connected")
	victim.expect(victim.get(done.at.Path), http.StatusForbidden, "begun in another browser")

	with := func(state string) string {
		u := *back
		q := u.Query()
		q.Set("state", state)
		u.RawQuery = q.Encode()
		return u.String()
	}
	state := back.Query().Get("state")
	link := w.link("crm")
	for name, forged := range map[string]string{
		"none": "", "changed": map[bool]string{true: "B", false: "A"}[state[0] == 'A'] + state[1:], "a link's": link[strings.LastIndex(link, "/")+1:],
	} {
		attacker.expect(attacker.get(with(forged)), http.StatusBadRequest, "can not be used")
		_ = name
	}
	attacker.expect(attacker.get("/connect/nonsense"), http.StatusNotFound, "can not be used")
	attacker.expect(attacker.get("/signins/unknown"), http.StatusNotFound, "Nothing is known")
	attacker.expect(attacker.get("/elsewhere"), http.StatusNotFound, "nothing here")
}

// TestW3_LinksEnd, and other tenants' connections are not even there.
func TestW3_LinksEnd(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	ended, err := w.console.Link(tenant, "crm", "ann", -time.Second)
	if err != nil {
		t.Fatal(err)
	}
	a.expect(a.get(ended), http.StatusGone, "This link has ended")
	for _, in := range [][3]string{{"other", "crm", "ann"}, {tenant, "nothing", "ann"}, {tenant, "crm", "stranger"}, {tenant, "crm", "bob"}} {
		link, err := w.console.Link(in[0], in[1], in[2], 0)
		if err != nil {
			t.Fatal(err)
		}
		if p := a.get(link); p.status != http.StatusNotFound && p.status != http.StatusForbidden || p.href("go") != "" {
			t.Errorf("%v: %d %s", in, p.status, p.text)
		}
	}
}

// TestC2_NothingSecretIsShown: neither pages nor addresses nor cookies hold a secret, and a provider that repeats
// what it was sent is not repeated.
func TestC2_NothingSecretIsShown(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	at := a.follow(w.link("crm"))
	w.idp.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "echo"}})
	back := w.idp.SignIn(t, at, "svc-crm", password)
	p := a.get(back.String())
	a.expect(p, http.StatusOK, "was not connected")
	w.idp.NoFaults(t)
	good := a.get(w.idp.SignIn(t, p.href("retry"), "svc-crm", password).String())
	_, fields := w.secret("crm")
	own, err := url.Parse(w.console.URL)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{p.text, good.text, at, good.at.String()}
	for _, c := range a.http.Jar.Cookies(own) {
		texts = append(texts, c.Value)
	}
	for _, text := range texts {
		for _, hidden := range []string{clientSecret, fields["refresh_token"], back.Query().Get("code")} {
			if strings.Contains(text, hidden) {
				t.Errorf("a secret is in %.60s…", text)
			}
		}
	}
	h := good.header
	if h.Get("Referrer-Policy") != "no-referrer" || h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("headers %v", h)
	}
}

// TestW3_NoRefreshTokenIsTold: what could not be used for long is not stored.
func TestW3_NoRefreshTokenIsTold(t *testing.T) {
	w := newWorld(t)
	a := w.agent()
	at, err := url.Parse(a.follow(w.link("crm")))
	if err != nil {
		t.Fatal(err)
	}
	q := at.Query()
	q.Set("scope", "openid api") // as a provider may cut them down
	at.RawQuery = q.Encode()
	p := a.get(w.idp.SignIn(t, at.String(), "svc-crm", password).String())
	a.expect(p, http.StatusOK, "was not connected", "no refresh token", "offline access")
	w.unchanged(t)
}
