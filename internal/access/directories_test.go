package access_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/access"
)

// Every request asks: a change that takes long must not be in its way.
func TestC6_ALargeGroupHoldsNobodyUpWhoAsks(t *testing.T) {
	var all access.Directories
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
			if !all.Of("acme").Member("user-7", []string{"all"}) {
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
