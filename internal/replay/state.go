package replay

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// The rebuild reads what the streams of connections and permissions hold, in the order in which it was stored, and
// has a worker's own handlers make a registry and facts of it, in buckets of its own. What events determine has to be
// as it is live: then the streams are the truth. What workers learned by using connections is in no event, and is
// left out of the comparison: whether the credentials work, since when not, which probe is on its way, which ends were
// learned and announced.

// StateOptions say where a rebuild is made.
type StateOptions struct {
	// Connections and Permissions are the buckets; empty: those that an operator's login may make.
	Connections, Permissions string
	// Keep leaves the buckets there.
	Keep bool
	// Tenant compares one tenant only; all are rebuilt.
	Tenant string
	Actor  string
}

// State is what a rebuild found.
type State struct {
	// Connections and Permissions are up to where the streams were read; Begin… say where they begin: what was there
	// before is not rebuilt.
	Connections      uint64 `json:"connections_sequence"`
	Permissions      uint64 `json:"permissions_sequence"`
	BeginConnections uint64 `json:"connections_begin"`
	BeginPermissions uint64 `json:"permissions_begin"`
	// Compared is how many connections and facts are the same, and Moved how many have moved on meanwhile, or are not
	// answered by the workers yet.
	Compared    int               `json:"compared"`
	Moved       int               `json:"moved"`
	Differences []StateDifference `json:"differences"`
	Buckets     []string          `json:"buckets,omitempty"` // kept
}

// StateDifference is a member that differs, or a whole connection or fact (member empty) that one side lacks.
type StateDifference struct {
	Tenant  string `json:"tenant"`
	Kind    string `json:"kind"` // connection, or a fact's
	ID      string `json:"id"`
	Member  string `json:"member,omitempty"`
	Rebuilt string `json:"rebuilt"` // empty: there is none
	Live    string `json:"live"`
}

// Rebuilder rebuilds the state.
type Rebuilder struct {
	bus    *bus.Bus
	sight  handlers.Sight
	ho     handlers.Options
	routes Routes
	o      StateOptions
}

// NewRebuilder makes a rebuild; nothing is read yet. Of the sight, types and connectors count.
func NewRebuilder(b *bus.Bus, s handlers.Sight, ho handlers.Options, routes Routes, o StateOptions) *Rebuilder {
	o.Connections = cmp.Or(o.Connections, events.BucketRebuiltConnections)
	o.Permissions = cmp.Or(o.Permissions, events.BucketRebuiltPermissions)
	return &Rebuilder{bus: b, sight: s, ho: ho, routes: routes, o: o}
}

// Rebuild rebuilds and compares. at hears how many messages were read.
func (b *Rebuilder) Rebuild(ctx context.Context, at func(Status)) (s State, err error) {
	if b.o.Connections == b.o.Permissions {
		return s, problem(ops.Unclear, "", "connections and permissions need a bucket each")
	}
	r := &Replay{bus: b.bus, o: Options{Actor: b.o.Actor}}
	ctx, release, err := r.hold(ctx, "state", "")
	if err != nil {
		return s, err
	}
	defer release()
	for _, name := range []string{b.o.Connections, b.o.Permissions} {
		if err := b.bus.Scratch(ctx, name); err != nil {
			return s, err
		}
	}
	s, err = b.rebuild(ctx, r, at)
	if b.o.Keep {
		s.Buckets = []string{b.o.Connections, b.o.Permissions}
		return s, whyEnded(ctx, err)
	}
	dropping, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdFor)
	defer cancel()
	return s, errors.Join(whyEnded(ctx, err), b.bus.DropScratch(dropping, b.o.Connections), b.bus.DropScratch(dropping, b.o.Permissions))
}

func (b *Rebuilder) rebuild(ctx context.Context, r *Replay, at func(Status)) (s State, err error) {
	connections, err := b.bus.State(ctx, events.StreamConnections)
	if err != nil {
		return s, err
	}
	permissions, err := b.bus.State(ctx, events.StreamPermissions)
	if err != nil {
		return s, err
	}
	s.BeginConnections, s.Connections, s.BeginPermissions, s.Permissions = connections.First, connections.Last, permissions.First, permissions.Last
	w := newRebuilding(b.bus, b.sight, b.o.Connections, b.o.Permissions)
	route, err := b.routes(handlers.New(w.ports(), b.ho))
	if err != nil {
		return s, err
	}
	w.route = route
	var read uint64
	stop := r.watch(at, span{First: 1, Last: s.Connections + s.Permissions}, func() Status { return Status{Position: read} })
	for d, err := range b.bothStreams(ctx, s) {
		if err == nil {
			err = w.take(ctx, d)
		}
		if err != nil {
			stop()
			return s, err
		}
		r.count(func() { read++ })
	}
	stop()
	if err := w.last(ctx, b.bus.Clock().Now()); err != nil {
		return s, err
	}
	err = b.compare(ctx, w, &s)
	return s, err
}

// rebuilding is the state that is being rebuilt: a worker's ports on buckets of its own.
type rebuilding struct {
	registry *bus.Registry
	facts    *bus.Facts
	names    *names
	sight    handlers.Sight
	now      time.Time // of the message at hand
	route    dispatch.Handler
	waiting  []dispatch.Delivery // what asked to be delivered again
}

func newRebuilding(b *bus.Bus, s handlers.Sight, connections, permissions string) *rebuilding {
	sets := new(permission.Snapshots)
	s.Permissions = sets
	return &rebuilding{registry: b.ScratchRegistry(connections), facts: b.ScratchFacts(permissions, sets),
		names: &names{claims: make(map[string]claim)}, sight: s}
}

// take handles a message as it was handled then: what waited for it comes again first.
func (w *rebuilding) take(ctx context.Context, d dispatch.Delivery) error {
	if err := w.last(ctx, d.Time); err != nil {
		return err
	}
	return w.handle(ctx, d)
}

// last delivers again what asked for it, at a time.
func (w *rebuilding) last(ctx context.Context, now time.Time) error {
	w.now = now
	again := w.waiting
	w.waiting = nil
	for _, d := range again {
		if err := w.handle(ctx, d); err != nil {
			return err
		}
	}
	return nil
}

func (w *rebuilding) handle(ctx context.Context, d dispatch.Delivery) error {
	if d.Subject == events.SubjectOf(events.TenantOf(d.Subject), events.ConnectionTestRequested) {
		return nil // it makes no state
	}
	res := w.route(ctx, d)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case res.Verb != dispatch.Retry:
		return nil
	case res.Fault != nil && res.Fault.Reason == fault.BusUnavailable:
		return res.Fault
	}
	w.waiting = append(w.waiting, d)
	return nil
}

// Now makes rebuilding the handlers' clock.
func (w *rebuilding) Now() time.Time { return w.now }

func (s State) sorted() {
	slices.SortFunc(s.Differences, func(a, b StateDifference) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.ID, b.ID), cmp.Compare(a.Member, b.Member))
	})
}
