package permission_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/permission"
)

// Every request asks: a change that takes long must not be in its way.
func TestC6_ALargeGroupHoldsNobodyUpWhoAsks(t *testing.T) {
	var all permission.Snapshots
	members := make([]string, 200_000)
	for i := range members {
		members[i] = fmt.Sprintf("user-%d", i)
	}
	data, err := json.Marshal(events.Group{ID: "all", Members: members})
	if err != nil {
		t.Fatal(err)
	}
	took := make(chan time.Duration)
	go func() {
		began := time.Now()
		all.Apply(events.Fact{Tenant: "acme", Kind: events.FactGroup, ID: "all", Data: data})
		took <- time.Since(began)
	}()
	var longest time.Duration
	for {
		select {
		case d := <-took:
			if longest > d/4 {
				t.Errorf("somebody waited %s for a change that took %s", longest, d)
			}
			if !all.Of("acme").Directory().Member("user-7", []string{"all"}) {
				t.Error("the change is lost")
			}
			return
		default:
			began := time.Now()
			_ = all.Of("globex")
			longest = max(longest, time.Since(began))
			runtime.Gosched()
		}
	}
}

func TestC6_TenantsHaveDirectoriesOfTheirOwn(t *testing.T) {
	all := new(permission.Snapshots)
	say := func(tenant string, kind events.FactKind, id string, payload any) {
		data, err := json.Marshal(payload)
		if err != nil {
			t.Fatal(err)
		}
		all.Apply(events.Fact{Tenant: tenant, Kind: kind, ID: id, Data: data})
	}
	roles := func(tenant string) int { return len(all.Of(tenant).Directory().Roles("ann")) }
	admins := events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}}
	say("acme", events.FactUser, "ann", events.User{ID: "ann"})
	say("acme", events.FactRole, admins.FactID(), admins)
	say("globex", events.FactRole, admins.FactID(), admins)
	if roles("acme") != 1 || roles("globex") != 0 || roles("none") != 0 {
		t.Errorf("acme %d, globex %d, none %d", roles("acme"), roles("globex"), roles("none"))
	}
	all.Reset()
	if roles("acme") != 0 {
		t.Error("forgotten, and yet there")
	}
}
