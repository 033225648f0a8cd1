package app_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

// otherWorker is what another worker knows: its own connection, its own snapshot. It tells of every change.
type otherWorker struct {
	permission.Snapshots

	changed chan struct{}
}

func (e *otherWorker) Apply(f events.Fact) {
	e.Snapshots.Apply(f)
	e.changed <- struct{}{}
}

// From the published event to the decision on a worker that did not handle it.
func TestP5_ChangesAreDecidedOnElsewhereWithinASecond(t *testing.T) {
	const changes = 200
	w := newWorld(t)
	w.worker()
	w.permit("readers", []events.ConnectionGrant{{Connection: "crm", Raw: true}})
	other := &otherWorker{changed: make(chan struct{}, 10*changes)}
	if _, err := testkit.ConnectBus(t, w.nats.ClientURL()).Facts(t.Context(), other); err != nil {
		t.Fatal(err)
	}
	w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "readers", Group: "reps", Actor: events.ActorSystem})
	decided := func() bool {
		d := other.Of(tenant).Decide(&permission.Question{User: "ann", App: "sales", Connection: "crm", Op: permission.Raw})
		return d.Allowed
	}
	var took []time.Duration
	for i := range changes {
		allowed := i%2 == 0
		g := events.Group{ID: "reps", Members: []string{}, Actor: events.ActorSystem}
		if allowed {
			g.Members = []string{"ann"}
		}
		began := time.Now()
		w.publish(events.DirectoryGroupUpdated, g)
		for limit := time.After(patient); decided() != allowed; {
			select {
			case <-other.changed:
			case <-limit:
				t.Fatalf("change %d is not known elsewhere", i)
			}
		}
		took = append(took, time.Since(began))
	}
	slices.Sort(took)
	p50, p99 := took[changes/2], took[changes*99/100]
	t.Logf("%d changes of a group: p50 %s, p99 %s", changes, p50, p99)
	if p99 > time.Second {
		t.Errorf("p99 is %s, want a second at most", p99)
	}
}

// Changes that a person publishes rest on one another: each waits for those before it. They come in a burst all the same,
// and the worker that has them takes them one behind the other, without putting any of them off.
func TestP8_ABurstOfAPersonsChangesIsAppliedAtOnce(t *testing.T) {
	const changes = 300
	w := newWorld(t)
	w.worker()
	w.users("ann")
	w.role(events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}})
	w.told(events.PermissionSetCreated, events.PermissionSet{ID: "reps", Kind: events.AppSet, Name: "Reps", App: "sales", Actor: "ann"})
	w.permissionsApplied()
	before, began := w.permissionsAgain(), time.Now()
	for i := range changes {
		w.publish(events.PermissionAssigned, events.PermissionAssignment{Set: "reps", User: fmt.Sprintf("user-%d", i), Actor: "ann"})
	}
	published := time.Since(began)
	w.permissionsApplied()
	took := time.Since(began)
	t.Logf("%d changes published within %s, applied within %s", changes, published, took)
	if again := w.permissionsAgain() - before; again > changes/10 {
		t.Errorf("%d were put off", again)
	}
}

// permissionsAgain is how many changes were delivered more than once.
func (w *world) permissionsAgain() uint64 {
	w.Helper()
	c, err := w.js.Consumer(w.Context(), events.StreamPermissions, bus.DurablePermissions)
	if err != nil {
		w.Fatal(err)
	}
	info := c.CachedInfo()
	return info.Delivered.Consumer - info.Delivered.Stream
}
