package replay

import (
	"context"
	"errors"
	"maps"
	"sync"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// flight is what was published and not concluded. A request is concluded by its end or its suspension, on its ledger;
// everything else, and a request of which nothing new came, when the workers have answered it.
type flight struct {
	bus  *bus.Bus
	most int

	mu       sync.Mutex
	room     chan struct{} // closed and made anew when something is concluded
	open     map[uint64]*flying
	byLedger map[string]*flying
	n        uint64
	outcomes map[string]int
	failed   error
}

// flying is one message.
type flying struct {
	n        uint64
	ledger   string // of a request, else empty
	stream   string
	sequence uint64    // 0: it is being published
	answered time.Time // when it was seen that the workers have answered it
}

const (
	// flightLook is how often it is looked at what was answered.
	flightLook = 300 * time.Millisecond
	// lateOutcome is how much later than the answer the outcome may come to be read here.
	lateOutcome = 2 * time.Second
)

func newFlight(b *bus.Bus, most int) *flight {
	return &flight{bus: b, most: most, room: make(chan struct{}), open: make(map[uint64]*flying),
		byLedger: make(map[string]*flying), outcomes: make(map[string]int)}
}

// start begins to listen; stop ends it.
func (f *flight) start(ctx context.Context, tenant string) (stop func(), err error) {
	holds, err := f.bus.State(ctx, events.StreamOutcomes)
	if err != nil {
		return nil, err
	}
	if tenant == "" {
		tenant = "*"
	}
	ctx, cancel := context.WithCancel(ctx)
	ends := bus.Search{Stream: events.StreamOutcomes, Filter: events.LedgerSubject(tenant, "*"), From: holds.Last + 1, HeadersOnly: true}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil { // it goes on by itself, once it has begun
			for r, err := range f.bus.Follow(ctx, ends) {
				if err != nil {
					f.note(ctx, err)
					break
				}
				f.heard(r)
			}
			pause.For(ctx, flightLook)
		}
	})
	done.Go(func() {
		for pause.For(ctx, flightLook) {
			f.note(ctx, f.look(ctx))
		}
	})
	return func() { cancel(); done.Wait() }, nil
}

// note keeps why nothing is heard; publishing fails for the same reason, and says so first.
func (f *flight) note(ctx context.Context, err error) {
	if ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = err
}

// add waits for room, and counts a message in before it is published: its end may be quicker than the confirmation.
func (f *flight) add(ctx context.Context, stream, ledger string) (*flying, error) {
	for {
		f.mu.Lock()
		if f.most <= 0 || len(f.open) < f.most {
			f.n++
			e := &flying{n: f.n, ledger: ledger, stream: stream}
			f.open[e.n] = e
			if ledger != "" {
				f.byLedger[ledger] = e
			}
			f.mu.Unlock()
			return e, nil
		}
		room := f.room
		f.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-room:
		}
	}
}

// stored notes where a message is; 0: nowhere, it was not published.
func (f *flight) stored(e *flying, sequence uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.sequence = sequence; sequence == 0 {
		f.remove(e)
	}
}

// heard takes an event of a ledger.
func (f *flight) heard(r bus.Stored) {
	kind := r.Type
	if !kind.Ends() && kind != events.ActionSuspended {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if e, ok := f.byLedger[r.Subject]; ok {
		f.outcomes[kind.What()]++
		f.remove(e)
	}
}

// answeredOutcome is what is counted of which nothing new came: what was applied or rejected, had its end by then, or
// became a dead letter.
const answeredOutcome = "answered"

// look asks up to where each stream was answered.
func (f *flight) look(ctx context.Context) error {
	for _, stream := range f.streams() {
		workers, err := f.bus.Consumer(ctx, bus.Durable{Stream: stream, Name: durables[stream]})
		if err != nil {
			return err
		}
		f.answer(stream, workers.Floor, time.Now())
	}
	return nil
}

// durables are the workers' consumers of what is driven again.
var durables = map[string]string{events.StreamActions: bus.DurableActions, events.StreamConnections: bus.DurableConnections,
	events.StreamPermissions: bus.DurablePermissions}

func (f *flight) streams() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	found := make(map[string]bool)
	for _, e := range f.open {
		found[e.stream] = true
	}
	var all []string
	for s := range maps.Keys(found) {
		all = append(all, s)
	}
	return all
}

func (f *flight) answer(stream string, floor uint64, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, e := range f.open {
		switch {
		case e.stream != stream || e.sequence == 0 || e.sequence > floor:
		case e.answered.IsZero() && e.ledger != "":
			e.answered = now
		case e.ledger == "" || now.Sub(e.answered) > lateOutcome:
			f.outcomes[answeredOutcome]++
			f.remove(e)
		}
	}
}

func (f *flight) remove(e *flying) {
	delete(f.open, e.n)
	if f.byLedger[e.ledger] == e {
		delete(f.byLedger, e.ledger)
	}
	close(f.room)
	f.room = make(chan struct{})
}

// land waits until all is concluded, for d at most, and gives how much is not.
func (f *flight) land(ctx context.Context, d time.Duration) (open int, err error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	for {
		f.mu.Lock()
		open, room, failed := len(f.open), f.room, f.failed
		f.mu.Unlock()
		if open == 0 {
			return 0, nil
		}
		select {
		case <-ctx.Done():
			if failed != nil {
				return open, fault.From(failed)
			}
			return open, nil
		case <-room:
		}
	}
}

// now is how much is open, and what came of the rest.
func (f *flight) now() (open int, outcomes map[string]int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.open), maps.Clone(f.outcomes)
}
