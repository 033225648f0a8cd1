package bus_test

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

func wantReason(t *testing.T, err error, want fault.Reason) {
	t.Helper()
	if f := fault.From(err); f == nil || f.Reason != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A copy lands once for each id, keeps its own headers and not the bus's, and as the next message of a stream only where
// nothing came in between; where an answer was lost, it finds itself.
func TestO2_ACopyLandsOnceAndNext(t *testing.T) {
	_, b := testkit.StartBus(t)
	c := bus.Copy{Subject: events.SubjectOf("acme", events.ConnectionUpdated), Stream: events.StreamConnections, ID: "one", Raw: []byte("{}"),
		Header: map[string][]string{"traceparent": {"00-1"}, "Nats-Msg-Id": {"old"}, "Nats-Expected-Stream": {"OTHER"}}, Next: true}
	first, err := b.Republish(t.Context(), c)
	must(t, err)
	again, err := b.Republish(t.Context(), c) // its answer was lost, as it were
	must(t, err)
	if first != 1 || again != 1 {
		t.Errorf("at %d and %d", first, again)
	}
	m, ok, err := b.MessageAt(t.Context(), events.StreamConnections, 1)
	must(t, err)
	if !ok || m.Get("traceparent") != "00-1" || m.Get("Nats-Msg-Id") != "one" {
		t.Errorf("%v", m.Header)
	}
	c.ID = "two"
	_, err = b.Republish(t.Context(), c)
	wantReason(t, err, fault.Conflict)
	c.After = 1
	_, err = b.Republish(t.Context(), c)
	must(t, err)
	if _, ok, err := b.MessageAt(t.Context(), events.StreamConnections, 9); ok || err != nil {
		t.Errorf("there is a ninth: %v", err)
	}
	c.Subject = "nowhere.at.all"
	c.Next = false
	c.Stream = ""
	_, err = b.Republish(t.Context(), c)
	wantReason(t, err, fault.BusUnavailable)
}

// Whoever is interrupted while a copy is on its way learns that it was published.
func TestO2_ACopyThatIsOnItsWayIsWaitedFor(t *testing.T) {
	n, b := testkit.StartBus(t)
	relay := startRelay(t, n.ClientURL())
	interrupted := testkit.ConnectBus(t, relay.url)
	ctx, interrupt := context.WithCancel(t.Context())
	c := bus.Copy{Subject: events.SubjectOf("acme", events.ConnectionUpdated), Stream: events.StreamConnections, ID: "one", Raw: []byte("{}")}
	relay.answers.Lock()
	var at uint64
	ended := make(chan error)
	go func() {
		var err error
		at, err = interrupted.Republish(ctx, c)
		ended <- err
	}()
	testkit.Eventually(t, 10*time.Second, "the copy", func() bool {
		_, ok, err := b.MessageAt(t.Context(), events.StreamConnections, 1)
		return ok && err == nil
	})
	interrupt()
	relay.answers.Unlock()
	if err := <-ended; err != nil || at != 1 {
		t.Errorf("at %d: %v", at, err)
	}
	c.ID = "two"
	if _, err := interrupted.Republish(ctx, c); err == nil {
		t.Error("one that was not on its way was published")
	}
}

// relay stands before a server; what the server sends waits while answers is locked.
type relay struct {
	url     string
	answers sync.Mutex
}

func startRelay(t *testing.T, url string) *relay {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	r := &relay{url: "nats://" + l.Addr().String()}
	var all sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); all.Wait() })
	all.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { r.pass(in, strings.TrimPrefix(url, "nats://")) })
		}
	})
	return r
}

// pass passes one connection on until either side ends it.
func (r *relay) pass(in net.Conn, to string) {
	out, err := net.Dial("tcp", to)
	if err != nil {
		_ = in.Close()
		return
	}
	var asking sync.WaitGroup
	asking.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	defer asking.Wait()
	defer func() { _ = in.Close() }()
	for buffer := make([]byte, 1<<16); ; {
		n, err := out.Read(buffer)
		if err != nil {
			return
		}
		r.answers.Lock()
		_, err = in.Write(buffer[:n])
		r.answers.Unlock()
		if err != nil {
			return
		}
	}
}

// Notes are compared and set, leases name their holder and end by themselves, and both are found below a key.
func TestO2_NotesAndLeasesOfReplays(t *testing.T) {
	_, b := testkit.StartBus(t)
	r := b.Replays()
	rev, err := r.Save(t.Context(), "checkpoint.a", []byte("1"), 0)
	must(t, err)
	_, err = r.Save(t.Context(), "checkpoint.a", []byte("2"), 0)
	wantReason(t, err, fault.Conflict)
	_, err = r.Save(t.Context(), "checkpoint.a", []byte("2"), rev)
	must(t, err)
	if data, _, err := r.Load(t.Context(), "checkpoint.a"); err != nil || string(data) != "2" {
		t.Errorf("%q, %v", data, err)
	}
	lease, err := r.Acquire(t.Context(), "lease.S.acme", []byte("olga"), time.Second)
	must(t, err)
	_, err = r.Acquire(t.Context(), "lease.S.acme", []byte("otto"), time.Second)
	wantReason(t, err, fault.LeaseHeld)
	held, err := r.Held(t.Context(), "lease.S")
	must(t, err)
	if len(held) != 1 || string(held["lease.S.acme"]) != "olga" {
		t.Errorf("held: %q", held)
	}
	must(t, lease.Renew(t.Context(), time.Minute))
	must(t, lease.Release(t.Context()))
	if held, err := r.Held(t.Context(), "lease.S"); err != nil || len(held) != 0 {
		t.Errorf("held: %q, %v", held, err)
	}
	_, err = r.Acquire(t.Context(), "lease.S.acme", []byte("otto"), time.Second)
	must(t, err)
	testkit.Eventually(t, patience, "the lease to end", func() bool {
		data, _, err := r.Load(t.Context(), "lease.S.acme")
		return err == nil && data == nil
	})
}

// A scratch bucket begins empty, keeps what is put, tells followers, and goes away; the workers' are never touched.
func TestO2_ScratchBuckets(t *testing.T) {
	_, b := testkit.StartBus(t)
	must(t, b.Scratch(t.Context(), events.BucketRebuiltConnections))
	must(t, b.Scratch(t.Context(), events.BucketRebuiltPermissions))
	e := &connection.Entry{Sequence: 1}
	e.Tenant, e.ID = "acme", "crm"
	_, err := b.ScratchRegistry(events.BucketRebuiltConnections).Put(t.Context(), e, 0)
	must(t, err)
	sets := new(permission.Snapshots)
	_, err = b.ScratchFacts(events.BucketRebuiltPermissions, sets).Put(t.Context(),
		events.Fact{Tenant: "acme", Kind: events.FactUser, ID: "ann", Sequence: 1, Removed: true}, 0)
	must(t, err)
	if !sets.Of("acme").Directory().Removed("ann") {
		t.Error("nobody was told of ann")
	}
	n := 0
	for _, err := range b.Entries(t.Context(), events.BucketRebuiltConnections) {
		must(t, err)
		n++
	}
	for _, err := range b.EveryFact(t.Context(), events.BucketRebuiltPermissions) {
		must(t, err)
		n++
	}
	if n != 2 {
		t.Errorf("%d records", n)
	}
	must(t, b.Scratch(t.Context(), events.BucketRebuiltConnections))
	for e, err := range b.Entries(t.Context(), events.BucketRebuiltConnections) {
		t.Errorf("it did not begin anew: %v, %v", e, err)
	}
	must(t, b.DropScratch(t.Context(), events.BucketRebuiltConnections))
	must(t, b.DropScratch(t.Context(), events.BucketRebuiltConnections))
	if err := b.DropScratch(t.Context(), events.BucketConnections); err == nil {
		t.Error("the registry was removed")
	}
}
