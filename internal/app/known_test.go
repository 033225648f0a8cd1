package app_test

import (
	"testing"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/metrics"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

// A right may be a set's, or come with the connection: neither is told of where what is known of it may be old.
func TestP1_P17_NothingIsDecidedOnConnectionsThatMayBeOld(t *testing.T) {
	_, b := testkit.StartBus(t)
	sets := new(permission.Snapshots)
	facts, err := b.Facts(t.Context(), sets)
	if err != nil {
		t.Fatal(err)
	}
	registry := b.Registry()
	h := handlers.New(handlers.Ports{
		Facts: facts, Permissions: sets, Registry: registry, Clock: b.Clock(), Observer: metrics.New(),
	}, handlers.Options{PermissionsAge: time.Minute})
	ask := func() string {
		q := events.PermissionQuestion{Ask: events.AskSets, User: "ann"}
		r, ok := h.PermissionQuery(t.Context(), dispatch.Meta{Tenant: tenant}, q).Answer.(events.PermissionReply)
		if !ok || r.Error == nil {
			return ""
		}
		return r.Error.Reason
	}
	facts.Prove()
	testkit.Eventually(t, patient, "users and sets to be known", func() bool { return !facts.Known().IsZero() })
	if got := ask(); got != string(fault.PermissionsUnknown) {
		t.Errorf("answered %q", got)
	}
	registry.Prove()
	testkit.Eventually(t, patient, "an answer", func() bool { return ask() == "" })
}
