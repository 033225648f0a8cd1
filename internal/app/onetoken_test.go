package app_test

import (
	"testing"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// oneHand makes workers that do one thing at a time, so that what one is busy with is left to another.
func oneHand(c *config.Config) { c.Worker.Concurrency, c.Worker.Prefetch = 1, 1 }

// oneToken makes client and connection id by either method; the provider ends a token as soon as it is asked for another.
func (p *provider) oneToken(w *world, method, id string) {
	w.Helper()
	if method == "oauth2_client_credentials" {
		p.Client(w, id, testkit.IDPClient{Secret: clientSecret, OneToken: true})
		w.connectWith(id, map[string]any{"client_secret": clientSecret}, p.oauth(method))
		return
	}
	private, public := keyPair(w)
	p.Client(w, id, testkit.IDPClient{JWTKey: public, OneToken: true})
	w.connectWith(id, map[string]any{"private_key": private}, p.oauth(method, func(a *events.AuthSettings) {
		a.ClientID, a.Issuer, a.Subject, a.Algorithm = "", id, "ann", "ES256"
	}))
}

// The target looks at a token that was made for the request, and that another worker's has ended meanwhile.
func TestC12_ATokenThatAnotherWorkersTokenEndedSuspendsNobody(t *testing.T) {
	for _, method := range []string{"oauth2_client_credentials", "oauth2_jwt_bearer"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t, oneHand)
			p := w.provider()
			w.worker()
			w.worker()
			p.oneToken(w, method, "erp")
			r := w.action("erp")
			held := p.target.Hold(r.ID)
			w.publish(events.ActionRequested, r)
			<-held.Arrived()
			ids := w.requests("erp", 4)
			testkit.Eventually(t, patient, "the other worker to have a token", func() bool { return p.Calls(t).Clients["erp"] >= 2 })
			held.Release()
			w.settled(append(ids, r.ID), p.target.Effects)
			w.neverSuspended()
		})
	}
}

// Where the credentials are no good, the target is asked twice for a request at most, and the provider not for each.
func TestC12_ATargetThatRefusesEveryTokenIsNotAskedAgainAndAgain(t *testing.T) {
	const requests = 60
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.worker()
	p.oneToken(w, "oauth2_client_credentials", "erp")
	p.target.SetFault(&devtarget.Fault{Status: 401})
	for _, id := range w.requests("erp", requests) {
		if s := w.suspended("erp", runOf(id), id); s.Reason != "bad_credentials" {
			t.Errorf("suspended for %q", s.Reason)
		}
	}
	asked := 0
	for _, n := range p.target.Calls()["bearer"] {
		asked += n
	}
	minted := p.Calls(t).Grants[grantClient]
	t.Logf("the target was asked %d times, the provider %d times", asked, minted)
	if asked > 2*requests || minted > requests/4 {
		t.Errorf("the target was asked %d times for %d requests, the provider %d times", asked, requests, minted)
	}
}
