package app_test

import (
	"fmt"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/testkit"
)

const (
	grantClient  = "client_credentials"
	grantRefresh = "refresh_token"
)

func TestC3_ClientCredentialsAskTheProviderOnceForManyActions(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.clientCredentials(p, "erp")
	var ids []string
	for range 20 {
		ids = append(ids, w.request("erp"))
	}
	for _, id := range ids {
		w.ends(id, events.ActionCompleted)
		if n := p.target.Effects()[id]; n != 1 {
			t.Errorf("%d effects of %s, want 1", n, id)
		}
	}
	if n := p.Calls(t).Grants[grantClient]; n != 1 {
		t.Errorf("the provider was asked %d times for 20 actions, want once", n)
	}
}

func TestC12_C14_ANewClientSecretInVaultResumesWhatTheOldOneSuspended(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.clientCredentials(p, "erp")
	w.ends(w.request("erp"), events.ActionCompleted)
	p.Client(t, "erp", testkit.IDPClient{Secret: "second-client-secret"})
	p.Revoke(t, "erp", "")
	id := w.request("erp")
	if s := w.suspended("erp", runOf(id), id); s.Reason != "invalid_client" {
		t.Errorf("suspended for %q", s.Reason)
	}
	asked := p.Calls(t).Grants[grantClient]
	more := w.request("erp")
	w.suspended("erp", runOf(more), more)
	if n := p.Calls(t).Grants[grantClient] - asked; n != 0 {
		t.Errorf("the provider was asked %d more times with a client secret that it had refused", n)
	}
	w.vault.Put(t, secretPath("erp"), map[string]any{"client_secret": "second-client-secret"})
	w.ends(id, events.ActionCompleted)
	w.ends(more, events.ActionCompleted)
}

// A token that the target refuses although it should be good says nothing about the client secret.
func TestC12_ARevokedAccessTokenIsReplacedAndNothingIsSuspended(t *testing.T) {
	for _, method := range []string{"oauth2_client_credentials", "oauth2_refresh_token"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			p := w.provider()
			w.worker()
			p.Client(t, "erp", testkit.IDPClient{Secret: clientSecret})
			w.connectWith("erp", p.authorize(t, "erp"), p.oauth(method))
			w.ends(w.request("erp"), events.ActionCompleted)
			p.target.SetFault(refusesOnce)
			id := w.request("erp")
			w.ends(id, events.ActionCompleted)
			w.neverSuspended()
		})
	}
}

// A token that ends while the target takes its time is refused, although it was made for that very request.
func TestO4_ATokenThatEndsBeforeTheTargetLooksAtItSuspendsNobody(t *testing.T) {
	const life = 2 * time.Second
	for _, method := range []string{"oauth2_client_credentials", "oauth2_refresh_token"} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			p := w.provider()
			w.worker()
			p.Client(t, "erp", testkit.IDPClient{Secret: clientSecret, AccessTokenTTL: life.String()})
			w.connectWith("erp", p.authorize(t, "erp"), p.oauth(method))
			r := w.action("erp")
			held := p.target.Hold(r.ID)
			w.publish(events.ActionRequested, r)
			<-held.Arrived()
			ends := time.Now().Add(life + time.Second)
			testkit.Eventually(t, patient, "the token's end", func() bool { return time.Now().After(ends) })
			held.Release()
			w.ends(r.ID, events.ActionCompleted)
			w.neverSuspended()
		})
	}
}

func TestC3_ARotatingRefreshTokenIsSpentOnceWhateverTheWorkers(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.worker()
	w.worker()
	w.authorized(p, "mail", "2s") // so short that it is refreshed again and again
	var ids []string
	for range 5 {
		for range 30 {
			ids = append(ids, w.request("mail"))
		}
		for _, id := range ids {
			w.ends(id, events.ActionCompleted)
		}
		w.tokensEnd()
	}
	calls := p.Calls(t)
	if calls.RefreshReused != 0 || calls.Grants[grantRefresh] < 4 {
		t.Errorf("%d refreshes, %d of them with a token spent before", calls.Grants[grantRefresh], calls.RefreshReused)
	}
	t.Logf("%d actions on 3 workers, %d refreshes", len(ids), calls.Grants[grantRefresh])
	w.neverSuspended()
}

// tokensEnd waits for access tokens of two seconds to end.
func (w *world) tokensEnd() {
	w.Helper()
	until := w.bus.Clock().Now().Add(2 * time.Second)
	testkit.Eventually(w, patient, "an access token to end", func() bool { return w.bus.Clock().Now().After(until) })
}

func TestC12_C14_ARevokedAuthorizationSuspendsUntilSomebodySignsInAgain(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.authorized(p, "mail", "1h")
	w.ends(w.request("mail"), events.ActionCompleted)
	p.Revoke(t, "mail", "ann")
	id := w.request("mail")
	if s := w.suspended("mail", runOf(id), id); s.Reason != "invalid_grant" {
		t.Errorf("suspended for %q", s.Reason)
	}
	w.vault.Put(t, secretPath("mail"), p.authorize(t, "mail"))
	w.ends(id, events.ActionCompleted)
	if n := p.Calls(t).RefreshReused; n != 0 {
		t.Errorf("%d refresh tokens were spent twice", n)
	}
}

func TestC3_C14_JWTBearerSignsWithTheConnectionsKey(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	private, public := keyPair(t)
	p.Client(t, "robot", testkit.IDPClient{JWTKey: public})
	w.connectWith("robot", map[string]any{"private_key": private}, p.oauth("oauth2_jwt_bearer", func(a *events.AuthSettings) {
		a.ClientID, a.Issuer, a.Subject, a.Algorithm = "", "robot", "ann", "ES256"
	}))
	w.ends(w.request("robot"), events.ActionCompleted)

	private, public = keyPair(t)
	p.Client(t, "robot", testkit.IDPClient{JWTKey: public})
	p.Revoke(t, "robot", "")
	id := w.request("robot")
	if s := w.suspended("robot", runOf(id), id); s.Reason != "invalid_grant" {
		t.Errorf("suspended for %q", s.Reason)
	}
	w.vault.Put(t, secretPath("robot"), map[string]any{"private_key": private})
	w.ends(id, events.ActionCompleted)
}

// neverSuspended checks that no chain was begun and no dead letter written.
func (w *world) neverSuspended() {
	w.Helper()
	if got := w.read(events.StreamSuspensions, "hf.*.suspension.>"); len(got) != 0 {
		s, _ := events.Payload[events.Suspension](got[0].Event)
		w.Errorf("%d events on chains, want none: %s", len(got), fmt.Sprint(s.Reason, " ", s.Detail))
	}
	w.noDeadLetters()
}

func (w *world) noDeadLetters() {
	w.Helper()
	if got := w.read(events.StreamDeadLetters, "hf.*.deadletter.*"); len(got) != 0 {
		w.Errorf("%d dead letters, want none", len(got))
	}
}
