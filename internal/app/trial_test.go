package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

func (w *world) tried(id, actor string) events.ConnectionNotice {
	w.Helper()
	return w.said(events.ConnectionTested, w.tell(events.ConnectionTestRequested, events.ConnectionRef{ID: id, Actor: actor}))
}

func TestC10_TestSaysWhetherAConnectionAuthenticatesNow(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	if n := w.tried("crm", events.ActorSystem); n.Reason != "" || n.State != events.StateActive || n.SecretVersion != 1 {
		t.Errorf("works: %+v", n)
	}
	w.target.SetPassword("demo", "second")
	if n := w.tried("crm", events.ActorSystem); n.Reason != "bad_credentials" || n.State != events.StateBroken {
		t.Errorf("refused: %+v", n)
	}
	if b := w.about(events.ConnectionBroken, "crm"); len(b) != 1 || b[0].Previous != events.StateActive {
		t.Errorf("broken: %+v", b)
	}
	w.target.SetPassword("demo", "demo-password") // mended at the target: nothing in Vault says so
	if n := w.tried("crm", events.ActorSystem); n.Reason != "" || n.State != events.StateActive {
		t.Errorf("works again: %+v", n)
	}
	testkit.Eventually(t, patient, "connection.restored", func() bool { return len(w.about(events.ConnectionRestored, "crm")) == 1 })
	if n := w.tried("nobody", events.ActorSystem); n.Reason != "connection_missing" {
		t.Errorf("missing: %+v", n)
	}
}

func TestC10_C14_ASuccessfulTestResumesWhatWaits(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.target.SetPassword("demo", "second")
	id := w.request("crm")
	w.suspended("crm", runOf(id), id)
	w.target.SetPassword("demo", "demo-password")
	w.tried("crm", events.ActorSystem)
	w.ends(id, events.ActionCompleted)
}

func TestC10_TestOfAConnectionThatHasNoneSaysSo(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm", func(c *events.Connection) { c.Settings = []byte(`{"base_url":"` + w.base + `/basic"}`) })
	if n := w.tried("crm", events.ActorSystem); n.Reason != "verifying" || n.State != events.StateActive {
		t.Errorf("%+v", n)
	}
}

func TestC9_C10_APersonalConnectionIsTestedForItsOwnerOnly(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("mine", func(c *events.Connection) {
		c.Kind, c.Availability, c.Owners, c.Actor = events.Personal, events.Availability{}, []string{"ann"}, "ann"
	})
	if n := w.tried("mine", "ann"); n.Reason != "" {
		t.Errorf("its owner: %+v", n)
	}
	before := w.target.Calls()["basic"][devtarget.Accepted]
	seq := w.tell(events.ConnectionTestRequested, events.ConnectionRef{ID: "mine", Actor: "bob"})
	w.said(events.ConnectionRejected, seq)
	if n := w.target.Calls()["basic"][devtarget.Accepted]; n != before {
		t.Errorf("tried for somebody else")
	}
}

// A connection with method none is never said to be without a secret.
func TestC5_WithoutAuthenticationThereIsNoSecretToMiss(t *testing.T) {
	w := newWorld(t)
	w.worker()
	c := w.basic("open", func(c *events.Connection) {
		c.Auth.Method, c.Settings = "none", []byte(`{"base_url":"`+w.base+`"}`)
	})
	if n := w.said(events.ConnectionApplied, w.tell(events.ConnectionCreated, c)); n.State != events.StateActive {
		t.Errorf("%+v", n)
	}
	id := w.request("open", func(r *events.Request) {
		r.Action.Input = []byte(`{"method":"POST","path":"/echo","body":{"name":"one"}}`)
	})
	w.ends(id, events.ActionCompleted)
}

// TestC10_AnOldWishForATestIsForgotten, as when a stream is read from its beginning again.
func TestC10_AnOldWishForATestIsForgotten(t *testing.T) {
	w := newWorld(t)
	w.worker()
	w.connect("crm")
	w.publishAt(events.ConnectionTestRequested, time.Now().Add(-time.Hour), events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
	w.tried("crm", events.ActorSystem)
	if n := len(w.notices(events.ConnectionTested)); n != 1 {
		t.Errorf("%d answers, want one", n)
	}
}
