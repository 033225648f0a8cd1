package usage

import (
	"context"
	"sync"
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"holdfast/events"
)

// How much is remembered and held, and how long the end waits for what is queued.
const (
	Every     = 10 * time.Minute
	mostMarks = 20_000 // about 200 bytes each
	mostQueue = 1_000
	endFor    = 2 * time.Second
)

// Store keeps uses.
type Store interface {
	// Put notes a use and waits until it is stored.
	Put(ctx context.Context, u events.Use) error
}

// Index notes uses. Make it with New, and Close it.
type Index struct {
	store  Store
	report func(error)
	cancel context.CancelFunc
	queue  chan events.Use
	quit   chan struct{}
	done   chan struct{}
	closed sync.Once

	mu    sync.Mutex
	marks *simplelru.LRU[mark, time.Time]
}

// mark is what is written once in Every.
type mark struct{ tenant, connection, workflow, step, outcome string }

// New makes an index over a store. report hears of the first of failures in a row: what could not be written
// is written at its next use.
func New(store Store, report func(error)) *Index {
	marks, err := simplelru.NewLRU[mark, time.Time](mostMarks, nil)
	if err != nil {
		panic(err) // the size is not positive: a mistake in this program
	}
	ctx, cancel := context.WithCancel(context.Background())
	x := &Index{store: store, report: report, cancel: cancel, marks: marks,
		queue: make(chan events.Use, mostQueue), quit: make(chan struct{}), done: make(chan struct{})}
	go x.write(ctx)
	return x
}

// Used notes a use some time soon, unless it was lately. It neither waits nor fails.
func (x *Index) Used(u events.Use) {
	m := markOf(u)
	if !x.due(m, u.LastUsed) {
		return
	}
	select {
	case x.queue <- u:
	default:
		x.forget(m)
	}
}

func markOf(u events.Use) mark { return mark{u.Tenant, u.Connection, u.Workflow, u.Step, u.Outcome} }

// due tells whether a mark was not made for long, and makes it.
func (x *Index) due(m mark, at time.Time) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	if last, ok := x.marks.Get(m); ok && at.Sub(last) < Every {
		return false
	}
	x.marks.Add(m, at)
	return true
}

func (x *Index) forget(m mark) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.marks.Remove(m)
}

// write stores what is queued, until Close, and then what is left.
func (x *Index) write(ctx context.Context) {
	defer close(x.done)
	failing := false
	for u, ok := x.next(); ok; u, ok = x.next() {
		err := x.store.Put(ctx, u)
		if err != nil {
			x.forget(markOf(u))
			if !failing {
				x.report(err)
			}
		}
		failing = err != nil
	}
}

// next waits for a use; after Close it does not wait.
func (x *Index) next() (u events.Use, ok bool) {
	select {
	case u = <-x.queue:
		return u, true
	case <-x.quit:
	}
	select {
	case u = <-x.queue:
		return u, true
	default:
		return u, false
	}
}

// Close writes what is queued, for two seconds at most, and gives up the rest.
func (x *Index) Close(ctx context.Context) error {
	x.closed.Do(func() { close(x.quit) })
	ctx, cancel := context.WithTimeout(ctx, endFor)
	defer cancel()
	select {
	case <-x.done:
	case <-ctx.Done():
	}
	x.cancel()
	<-x.done
	return nil
}
