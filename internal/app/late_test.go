package app_test

import (
	"net/http"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"holdfast/events"
	"holdfast/internal/devtarget"
	"holdfast/internal/testkit"
)

// The target holds a request of the old credentials until the connection is repaired, and refuses it then.
func TestC12_C14_ALateFailureOfOldCredentialsNeitherBreaksNorSuspends(t *testing.T) {
	t.Run("replaced before anybody saw them fail", func(t *testing.T) {
		w := newWorld(t)
		w.worker()
		w.connect("crm")
		late := w.lateRequest()
		w.password("crm", "second")
		w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
		w.repaired(late)
	})
	t.Run("replaced by a bare write", func(t *testing.T) {
		w := newWorld(t)
		w.worker()
		w.connect("crm")
		late := w.lateRequest()
		w.password("crm", "second")
		w.repaired(late)
	})
	t.Run("broken and repaired meanwhile", func(t *testing.T) {
		w := newWorld(t)
		w.worker()
		w.connect("crm")
		late := w.lateRequest()
		other := w.request("crm")
		w.suspended("crm", runOf(other), other)
		w.password("crm", "second")
		w.ends(other, events.ActionCompleted)
		w.repaired(late)
	})
	t.Run("another worker's", func(t *testing.T) {
		w := newWorld(t)
		stop := w.worker()
		w.connect("crm")
		late := w.lateRequest()
		w.worker()
		w.password("crm", "second")
		w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
		w.repaired(late)
		stop()
	})
	t.Run("repaired while it looks again", func(t *testing.T) {
		w := newWorld(t)
		w.worker()
		w.connect("crm")
		late := w.lateRequest()
		look := w.holdLook("crm")
		late.Release()
		<-look.held // Vault has said that nothing is new; nobody has heard it yet
		w.cfg.Vault.Address = w.vault.Address
		w.worker()
		w.password("crm", "second")
		w.publish(events.ConnectionSecretRotated, events.ConnectionRef{ID: "crm", Actor: events.ActorSystem})
		testkit.Eventually(t, patient, "the new generation", func() bool {
			e, _, err := w.registry.Fresh(t.Context(), tenant, "crm")
			return err == nil && e.Sequence > 1
		})
		look.release()
		w.completedAsIfNothingHappened(late.id, 0)
	})
}

// heldLook is a read of a secret whose answer is kept back.
type heldLook struct {
	held    chan struct{}
	release func()
}

// holdLook lets Vault answer the next read of a connection's secret, and keeps the answer back.
func (w *world) holdLook(id string) heldLook {
	held, released := make(chan struct{}), make(chan struct{})
	look := heldLook{held, sync.OnceFunc(func() { close(released) })}
	w.Cleanup(look.release)
	vault, err := url.Parse(w.vault.Address)
	if err != nil {
		w.Fatal(err)
	}
	var once sync.Once
	w.proxy.Intercept(func(r *http.Request) (first bool) {
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, "/data/"+secretPath(id)) {
			once.Do(func() { first = true })
		}
		return first
	}, (&httputil.ReverseProxy{
		Transport:      &http.Transport{DisableKeepAlives: true},
		Rewrite:        func(r *httputil.ProxyRequest) { r.SetURL(vault) },
		ModifyResponse: func(*http.Response) error { close(held); <-released; return nil },
	}).ServeHTTP)
	return look
}

// lateRequest is one that reached the target with the first password, which is worth nothing by then.
func (w *world) lateRequest() *lateRequest {
	w.Helper()
	w.ends(w.request("crm"), events.ActionCompleted)
	w.target.SetPassword("demo", "second")
	r := w.action("crm", atMostOnce)
	held := w.target.Hold(r.ID)
	w.Cleanup(held.Release)
	w.publish(events.ActionRequested, r)
	<-held.Arrived()
	return &lateRequest{Held: held, id: r.ID}
}

type lateRequest struct {
	*devtarget.Held

	id string
}

// repaired waits until the new credentials are seen to work, lets the target refuse the late request, and
// looks what that did: it was tried again with the new ones, and nothing else.
func (w *world) repaired(late *lateRequest) {
	w.Helper()
	if o := w.ends(w.request("crm"), events.ActionCompleted); o.SecretVersion != 2 {
		w.Fatalf("ran with version %d before the late answer", o.SecretVersion)
	}
	broken, refused := len(w.notices(events.ConnectionBroken)), w.target.Calls()["basic"][devtarget.Refused]
	late.Release()
	w.completedAsIfNothingHappened(late.id, broken)
	if n := w.target.Calls()["basic"][devtarget.Refused] - refused; n != 1 {
		w.Errorf("%d requests were refused, want the late one alone: this proves nothing else", n)
	}
}

// completedAsIfNothingHappened waits for a request's end and looks that its failure before left no trace; broken
// is how often the connection had been.
func (w *world) completedAsIfNothingHappened(id string, broken int) {
	w.Helper()
	if o := w.ends(id, events.ActionCompleted); o.SecretVersion != 2 {
		w.Errorf("completed with version %d", o.SecretVersion)
	}
	if slices.Contains(w.ledger(id), events.ActionSuspended) {
		w.Errorf("the late request was suspended: %v", w.ledger(id))
	}
	if n := len(w.notices(events.ConnectionBroken)); n != broken {
		w.Errorf("%d more connection.broken", n-broken)
	}
	e, _, err := w.registry.Fresh(w.Context(), tenant, "crm")
	if err != nil || !e.Works() {
		w.Errorf("the connection is %+v, %v", e, err)
	}
	w.wantEffects(id, 1)
	testkit.Eventually(w, patient, "all requests to be handled", func() bool { return w.unanswered("actions") == 0 })
}
