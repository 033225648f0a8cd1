package dispatch

import (
	"context"
	"fmt"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Defaults and bounds of a Router.
const (
	// MaxBytes is how long a message may be, headers included.
	MaxBytes = 256 << 10
	// MaxDepth is how deep its arrays and objects may be nested.
	MaxDepth = 64
	// MaxAhead is how far its time may be ahead of the bus's.
	MaxAhead = 5 * time.Minute
)

// Clock is the bus's time.
type Clock interface{ Now() time.Time }

// Option sets up a Router.
type Option func(*Router)

// WithClock gives the bus's time, for deliveries that do not say when the bus stored them. Without it the
// Router uses the time of its machine.
func WithClock(c Clock) Option { return func(r *Router) { r.clock = c } }

// ForQuestions makes a router of what is asked and answered at once, instead of what upstream systems send.
func ForQuestions() Option { return func(r *Router) { r.known = events.Asked() } }

// WithStages tells of the Router's own stage.
func WithStages(s Stages) Option { return func(r *Router) { r.stages = s } }

// Router checks deliveries, decodes them, and calls the one handler of their type. Register all handlers
// before the first Route; after that it is safe for concurrent use.
type Router struct {
	clock    Clock
	stages   Stages
	known    []events.Type // those that may come
	checks   []check
	handlers map[events.Type]decodeAndHandle
}

// check looks at one thing of a delivery and notes what it learns. A fault ends the delivery.
type check func(*Router, *incoming) *fault.Fault

type decodeAndHandle func(ctx context.Context, m Meta, data []byte) Result

// NewRouter makes a Router without handlers.
func NewRouter(opts ...Option) *Router {
	r := &Router{clock: machineClock{}, stages: unwatched{}, known: events.Inbound(),
		handlers: make(map[events.Type]decodeAndHandle)}
	for _, opt := range opts {
		opt(r)
	}
	r.checks = []check{
		checkSize,
		checkUTF8,
		parse,
		readEnvelope,
		checkType,
		checkSubject,
		checkTenant,
		checkIDs,
		checkSecrets,
		checkTime,
		checkSchema,
	}
	return r
}

// Handle registers the handler of a type that may come (events.Inbound; ForQuestions: events.Asked). The payload that h
// gets has passed the type's schema, and its tenant is the subject's also where the sender left it out.
// Registering a type twice is an error.
func Handle[T any](r *Router, t events.Type, h func(context.Context, Meta, T) Result) error {
	if !slices.Contains(r.known, t) {
		return fmt.Errorf("%s is no type that may come", t)
	}
	if _, ok := r.handlers[t]; ok {
		return fmt.Errorf("%s has a handler already", t)
	}
	r.handlers[t] = func(ctx context.Context, m Meta, data []byte) Result {
		payload, f := decode[T](m.Tenant, data)
		if f != nil {
			return Refuse(f)
		}
		return h(ctx, m, payload)
	}
	return nil
}

// Route checks one delivery, in the order of NewRouter's list, and handles it. The first check that fails
// refuses it.
func (r *Router) Route(ctx context.Context, d Delivery) Result {
	in := &incoming{Delivery: d}
	_, end := r.stages.Begin(ctx, StageSchema)
	f := r.check(in)
	end(f)
	in.tell(ctx)
	if f != nil {
		return in.result(Refuse(f))
	}
	handle, ok := r.handlers[in.kind]
	if !ok { // a defect of ours: the message waits for a worker that knows better
		return in.result(Again(fault.New(fault.Internal, "this worker has no handler of the type")))
	}
	return in.result(handle(ctx, in.meta(), in.data))
}

func (r *Router) check(in *incoming) *fault.Fault {
	for _, check := range r.checks {
		if f := check(r, in); f != nil {
			return f
		}
	}
	return nil
}

type machineClock struct{}

func (machineClock) Now() time.Time { return time.Now() }
