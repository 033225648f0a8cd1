package bus_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// follower keeps what it is told.
type follower struct {
	mu    sync.Mutex
	facts map[string]events.Fact
}

func (f *follower) Apply(v events.Fact) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.facts == nil {
		f.facts = make(map[string]events.Fact)
	}
	f.facts[v.Key()] = v
}

func (f *follower) Reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.facts)
}

func (f *follower) get(key string) events.Fact {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.facts[key]
}

func person(id string, sequence uint64) events.Fact {
	return events.Fact{Tenant: "acme", Kind: events.FactUser, ID: id, Sequence: sequence, Data: json.RawMessage(`{}`)}
}

func TestC6_FactsAreCompleteBeforeAnybodyDecides(t *testing.T) {
	n, b := testkit.StartBus(t)
	first, err := b.Facts(t.Context(), nil)
	must(t, err)
	const many = 600
	for i := range many {
		_, err := first.Put(t.Context(), person(id(i), 1), 0)
		must(t, err)
	}
	seen := new(follower)
	second, err := testkit.ConnectBus(t, n.ClientURL()).Facts(t.Context(), seen)
	must(t, err)
	for i := range many { // at once, without waiting
		if got := seen.get(person(id(i), 1).Key()); got.Sequence != 1 {
			t.Fatalf("%s is not known", id(i))
		}
	}
	role := events.Fact{Tenant: "acme", Kind: events.FactRole, ID: "site_owner.s1", Sequence: 7, Removed: true}
	rev, err := first.Put(t.Context(), role, 0)
	must(t, err)
	if _, err := second.Put(t.Context(), role, rev-1); reason(err) != fault.Conflict {
		t.Errorf("a put that expects an older revision: %v", err)
	}
	testkit.Eventually(t, patience, "the change", func() bool { return seen.get(role.Key()).Sequence == 7 })
	got, at, err := second.Get(t.Context(), "acme", events.FactRole, "site_owner.s1")
	if err != nil || at != rev || got.ID != role.ID || !got.Removed || got.Tenant != "acme" {
		t.Errorf("%+v at %d, %v", got, at, err)
	}
	if none, at, err := second.Get(t.Context(), "globex", events.FactRole, "site_owner.s1"); err != nil || at != 0 || none.Sequence != 0 {
		t.Errorf("another tenant's: %+v at %d, %v", none, at, err)
	}
	all := 0
	for range second.All() {
		all++
	}
	if all != many+1 {
		t.Errorf("%d facts", all)
	}
}

// TestC7_SettledOnceEverythingBeforeIsHandled: what a change rests on may be on its way, and the answer says so.
func TestC7_SettledOnceEverythingBeforeIsHandled(t *testing.T) {
	_, b := testkit.StartBus(t)
	facts, err := b.Facts(t.Context(), nil)
	must(t, err)
	must(t, facts.Settled(t.Context(), "acme", b.Clock().Now()))
	var sequences []uint64
	for i := range 2 {
		seq, err := b.PublishEvent(t.Context(), events.SubjectOf("acme", events.DirectoryUserUpdated), fmt.Sprint(i), []byte("{}"))
		must(t, err)
		sequences = append(sequences, seq)
	}
	now := b.Clock().Now()
	if err := facts.Settled(t.Context(), "acme", now); reason(err) != fault.Conflict {
		t.Errorf("with two on their way: %v", err)
	}
	must(t, facts.Settled(t.Context(), "acme", now.Add(-time.Hour))) // they came later
	must(t, facts.Settled(t.Context(), "globex", now))               // what others wait for is no business of theirs
	must(t, facts.SettledBefore(t.Context(), "globex", sequences[1]+1))
	must(t, facts.SettledBefore(t.Context(), "acme", sequences[0]))
	if err := facts.SettledBefore(t.Context(), "acme", sequences[1]); reason(err) != fault.Conflict {
		t.Errorf("behind the first: %v", err)
	}
	may := make(chan struct{})
	_, err = b.Consume(t.Context(), bus.ConsumerSpec{Stream: events.StreamPermissions, Durable: bus.DurablePermissions},
		func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
			if d.Sequence == sequences[1] {
				<-may
			}
			_, _ = facts.Put(ctx, person(fmt.Sprint(d.Sequence), d.Sequence), 0)
			return dispatch.Done("seen")
		})
	must(t, err)
	testkit.Eventually(t, patience, "the first to be handled", func() bool {
		return facts.SettledBefore(t.Context(), "acme", sequences[1]) == nil
	})
	if err := facts.Settled(t.Context(), "acme", now); reason(err) != fault.Conflict {
		t.Errorf("with one on its way: %v", err)
	}
	close(may)
	testkit.Eventually(t, patience, "both to be handled", func() bool { return facts.Settled(t.Context(), "acme", now) == nil })
	if f, _, err := facts.Get(t.Context(), "acme", events.FactUser, fmt.Sprint(sequences[1])); err != nil || f.Sequence == 0 {
		t.Errorf("%+v, %v", f, err)
	}
}

// What a worker has answered itself it need not ask the consumer for, which learns of it late, and of all tenants' in a row.
func TestP8_WhatWasAnsweredHereIsKnownAtOnce(t *testing.T) {
	_, b := testkit.StartBus(t)
	facts, err := b.Facts(t.Context(), nil)
	must(t, err)
	var sequences []uint64
	for i, of := range []string{"globex", "acme", "globex", "acme", "acme", "acme"} {
		seq, err := b.PublishEvent(t.Context(), events.SubjectOf(of, events.DirectoryUserUpdated), fmt.Sprint(i), []byte("{}"))
		must(t, err)
		if of == "acme" {
			sequences = append(sequences, seq)
		}
	}
	must(t, facts.SettledBefore(t.Context(), "acme", sequences[0]))
	facts.Answered("acme", sequences[0])
	must(t, facts.SettledBefore(t.Context(), "acme", sequences[1]))
	facts.Answered("acme", sequences[2]) // not the one before it
	if err := facts.SettledBefore(t.Context(), "acme", sequences[3]); reason(err) != fault.Conflict {
		t.Errorf("with one in between on its way: %v", err)
	}
	facts.Answered("acme", sequences[1])
	must(t, facts.SettledBefore(t.Context(), "acme", sequences[3]))
}

// What is known counts for as long as it is proven, and from the beginning where the bucket was made anew.
func TestP1_WhatIsKnownIsProvenAgainAndAgain(t *testing.T) {
	n, b := testkit.StartBus(t)
	seen := new(follower)
	f, err := b.Facts(t.Context(), seen)
	must(t, err)
	if !f.Known().IsZero() {
		t.Errorf("known until %s before anybody proved it", f.Known())
	}
	f.Prove()
	testkit.Eventually(t, patience, "a proof", func() bool { return !f.Known().IsZero() })
	_, err = f.Put(t.Context(), person("ann", 1), 0)
	must(t, err)
	stored := b.Clock().Now()
	testkit.Eventually(t, patience, "a proof of what was stored", func() bool { return f.Known().After(stored) })
	if seen.get("acme.user.ann").ID != "ann" {
		t.Error("known, and not there")
	}

	_, js := raw(t, n.ClientURL())
	must(t, js.DeleteStream(t.Context(), "KV_"+events.BucketPermissions))
	testkit.SetUpBus(t, b)
	anew := b.Clock().Now()
	testkit.Eventually(t, patience, "a proof of the new bucket", func() bool { return f.Known().After(anew) })
	if seen.get("acme.user.ann").ID != "" {
		t.Error("proven, and still what the old bucket held")
	}
}
