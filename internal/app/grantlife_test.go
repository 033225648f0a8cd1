package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/testkit"
)

// lookOften makes workers look often at what they do of their own accord.
func lookOften(c *config.Config) { c.Worker.SweepInterval = time.Second }

func TestC12_AConnectionThatNobodyUsesIsKeptAliveUntilItIsDeleted(t *testing.T) {
	w := newWorld(t, lookOften)
	p := w.provider()
	w.worker()
	w.worker()
	for _, id := range []string{"mail", "gone"} {
		front := p.behind(w, id)
		front.AddMember("refresh_token_expires_in", 4)
		w.ends(w.request(id), events.ActionCompleted)
	}
	asked := func(id string) int { return p.Calls(t).Clients[id] }
	for _, id := range []string{"mail", "gone"} {
		testkit.Eventually(t, patient, id+" to be refreshed again and again", func() bool { return asked(id) >= 3 })
	}
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "gone", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the tombstone", func() bool { return w.tombstone("gone") })
	before, other := asked("gone"), asked("mail")
	testkit.Eventually(t, patient, "the other to be refreshed on", func() bool { return asked("mail") >= other+2 })
	if n := asked("gone") - before; n > 1 { // one may have been on its way
		t.Errorf("a deleted connection was refreshed %d times", n)
	}
	if n := p.Calls(t).RefreshReused; n != 0 {
		t.Errorf("%d refresh tokens were spent twice", n)
	}
	w.neverSuspended()
}

func (w *world) tombstone(id string) bool {
	w.Helper()
	e, _, err := w.registry.Fresh(w.Context(), tenant, id)
	return err == nil && e != nil && e.Deleted
}

// revocable makes client and connection id, with a refresh token of ann's that can be taken back.
func (w *world) revocable(p *provider, id string) {
	w.Helper()
	p.Client(w, id, testkit.IDPClient{Secret: clientSecret})
	w.connectWith(id, p.authorize(w, id), p.oauth("oauth2_refresh_token", func(a *events.AuthSettings) {
		a.RevokeURL = p.Address + "/revoke"
	}))
}

func TestC10_DeletingAConnectionRevokesItsTokenOnce(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.worker()
	w.revocable(p, "mail")
	w.ends(w.request("mail"), events.ActionCompleted)
	p.Faults(t, map[string]testkit.IDPFault{"revoke": {Mode: "status", Status: 503}})
	revoked := func() int { return p.Calls(t).Endpoints["revoke"] }
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "mail", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the tombstone", func() bool { return w.tombstone("mail") }) // whatever the provider does
	testkit.Eventually(t, patient, "a second try", func() bool { return revoked() >= 2 })
	p.NoFaults(t)
	testkit.Eventually(t, patient, "the revocation to be noted", func() bool { return w.tokenField("mail", "revoked") != "" })
	n := revoked()
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "mail", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the second deletion to be handled", func() bool { return w.registryHandled() })
	if revoked() != n {
		t.Error("revoked again")
	}
	if p.alive(w, "mail") {
		t.Error("the token family is alive")
	}
}

func TestC10_AProviderThatRefusesToRevokeIsGivenUp(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.revocable(p, "mail")
	p.Faults(t, map[string]testkit.IDPFault{"revoke": {Mode: "status", Status: 503}})
	w.publish(events.ConnectionDeleted, events.ConnectionRef{ID: "mail", Actor: events.ActorSystem})
	testkit.Eventually(t, patient, "the tombstone", func() bool { return w.tombstone("mail") })
	testkit.Eventually(t, patient, "it to be given up", func() bool { return w.registryHandled() })
	if n := p.Calls(t).Endpoints["revoke"]; n < 2 || n > 8 {
		t.Errorf("%d tries", n)
	}
	w.noDeadLetters()
}

// registryHandled tells whether every change of the registry was handled.
func (w *world) registryHandled() bool {
	w.Helper()
	c, err := w.js.Consumer(w.Context(), events.StreamRegistry, "registry")
	if err != nil {
		w.Fatal(err)
	}
	i, err := c.Info(w.Context())
	if err != nil {
		w.Fatal(err)
	}
	return i.NumPending+uint64(i.NumAckPending) == 0
}

func TestC14_AnOperatorsResumeGoesPastANotedRefusal(t *testing.T) {
	w := newWorld(t)
	p := w.provider()
	w.worker()
	w.authorized(p, "mail", "1h")
	p.Faults(t, map[string]testkit.IDPFault{"token": {Mode: "error", Error: "access_denied"}})
	id := w.request("mail")
	w.suspended("mail", runOf(id), id)
	p.NoFaults(t) // the account was unlocked: nothing changed in Vault
	w.publish(events.SuspensionResumeRequested, events.SuspensionCommand{Connection: "mail", Actor: "op"})
	w.ends(id, events.ActionCompleted)
}
