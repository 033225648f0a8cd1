package replay

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strconv"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
)

// Result is what a replay did.
type Result struct {
	Replay string `json:"replay"` // its id
	Stream string `json:"stream"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	// From is where this run began; Before is how many messages were published by runs of it that were interrupted.
	From   uint64 `json:"from"`
	Before int    `json:"driven_before"`
	// Selected, Driven and Forced are this run's, and Groups what was foreseen of the messages.
	Selected int       `json:"selected"`
	Driven   int       `json:"driven"`
	Forced   int       `json:"forced"`
	Groups   []Outlook `json:"outlook"`
	// Outcomes are how many of the published messages came to what, and Open how many had come to nothing in time.
	Outcomes map[string]int `json:"outcomes"`
	Open     int            `json:"open"`
}

// Run drives what is selected again. A replay that was interrupted goes on. confirm is asked before anything is done by
// force: what the replay would do is right, or why not.
func (r *Replay) Run(ctx context.Context, confirm func(Forecasts) error, at func(Status)) (res Result, err error) {
	if err := r.drivable(); err != nil {
		return Result{}, err
	}
	ctx, release, err := r.hold(ctx, r.o.Select.StreamName(), r.o.Select.Tenant)
	if err != nil {
		return Result{}, err
	}
	defer release()
	notes, again, err := r.openNotes(ctx, r.asked())
	if err != nil {
		return Result{}, err
	}
	if again {
		err = r.goOn(ctx, notes, confirm, at)
	} else {
		err = r.begin(ctx, notes, confirm, at)
	}
	if err != nil {
		return Result{}, whyEnded(ctx, err)
	}
	r.confirmed(notes.note)
	r.id, r.wet = notes.note.Replay, true
	d := &driver{Replay: r, notes: notes, pace: pace(r.o.Rate), flight: newFlight(r.bus, r.o.InFlight), groups: make(outlooks)}
	res, err = d.run(ctx, at)
	return res, whyEnded(ctx, err)
}

// begin fixes the range, and asks where it is by force.
func (r *Replay) begin(ctx context.Context, notes *notebook, confirm func(Forecasts) error, at func(Status)) error {
	sp, err := r.wholeSpan(ctx)
	if err != nil {
		return err
	}
	r.id = uuid.NewString()
	if r.o.Force {
		holds, err := r.bus.State(ctx, events.StreamOutcomes)
		if err != nil {
			return err
		}
		r.force = &force{ends: holds.Last, left: math.MaxInt}
		f, err := r.foreseeSpan(ctx, sp, at)
		if err == nil {
			err = confirm(f)
		}
		if err != nil {
			return err
		}
		notes.note.Ends, notes.note.Effects = holds.Last, f.Forced
	}
	notes.note.Replay, notes.note.Span, notes.note.Position = r.id, sp, sp.First-1
	return notes.save(ctx)
}

func pace(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), max(1, int(perSecond/paceBurst)))
}

// paceBurst: what may be published at once is a tenth of what may be in a second.
const paceBurst = 10

// whyEnded is why a context ended, where that is why something failed.
func whyEnded(ctx context.Context, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	if why := context.Cause(ctx); !errors.Is(why, context.Canceled) {
		return why
	}
	return err
}

// driver is a run of a replay.
type driver struct {
	*Replay

	notes  *notebook
	pace   *rate.Limiter
	flight *flight
	groups outlooks
	res    Result
}

func (d *driver) run(ctx context.Context, at func(Status)) (Result, error) {
	n := &d.notes.note
	from := n.rest()
	d.res = Result{Replay: n.Replay, Stream: d.o.Select.StreamName(), First: n.Span.First, Last: n.Span.Last,
		From: from.First, Before: n.Driven}
	stop, err := d.flight.start(ctx, d.o.Select.Tenant)
	if err != nil {
		return d.res, err
	}
	defer stop()
	unwatch := d.watch(at, from, d.status)
	err = d.each(ctx, from, d.take)
	if err == nil {
		d.count(func() { n.Position, n.Done = n.Span.Last, true })
	}
	err = errors.Join(err, d.keeping(ctx, d.notes.save))
	if err == nil {
		d.res.Open, err = d.flight.land(ctx, d.o.Wait)
	}
	unwatch()
	_, d.res.Outcomes = d.flight.now()
	d.res.Groups = d.groups.inOrder()
	return d.res, err
}

// keeping notes how far it is, also where it was interrupted.
func (d *driver) keeping(ctx context.Context, note func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdFor/2)
	defer cancel()
	return note(ctx)
}

func (d *driver) status() Status {
	s := Status{Selected: d.res.Selected, Driven: d.res.Driven, Position: d.notes.note.Position}
	s.InFlight, s.Outcomes = d.flight.now()
	return s
}

// take publishes what is to be driven again, and counts all.
func (d *driver) take(ctx context.Context, c candidate) error {
	d.count(func() {
		d.res.Selected++
		d.groups.add(c)
	})
	if !c.drives() {
		return nil
	}
	if err := d.pace.Wait(ctx); err != nil {
		return err
	}
	driven, err := d.drive(ctx, c)
	if err != nil || !driven {
		return err
	}
	d.count(func() {
		d.res.Driven++
		if c.forced {
			d.res.Forced++
		}
	})
	if c.forced && d.force != nil {
		d.force.left--
	}
	return d.keeping(ctx, func(ctx context.Context) error {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.notes.driven(ctx, c.At.Sequence, c.forced)
	})
}

// drive publishes a candidate; false where something later made that pointless.
func (d *driver) drive(ctx context.Context, c candidate) (bool, error) {
	stream, _ := home(c.Subject)
	ledger := ""
	if isRequest(c.Subject) {
		ledger = c.ledger()
	}
	e, err := d.flight.add(ctx, stream, ledger)
	if err != nil {
		return false, err
	}
	sequence, err := d.publish(ctx, c, stream)
	d.flight.stored(e, sequence)
	return sequence != 0, err
}

// publish publishes a request, and a change as the next message of its stream, unless it is overtaken.
func (d *driver) publish(ctx context.Context, c candidate, stream string) (uint64, error) {
	copied := bus.Copy{Subject: c.Subject, Stream: stream, Raw: c.Raw, Header: maps.Clone(c.Header),
		ID: fmt.Sprintf("replay-%s-%s-%d", d.id, c.At.Stream, c.At.Sequence)}
	if copied.Header == nil {
		copied.Header = make(map[string][]string)
	}
	copied.Header[events.HeaderOriginal] = []string{c.At.Stream + "/" + strconv.FormatUint(c.At.Sequence, 10)}
	if isRequest(c.Subject) {
		return d.bus.Republish(ctx, copied)
	}
	for copied.Next = true; ; {
		copied.After = d.later.after
		sequence, err := d.bus.Republish(ctx, copied)
		if err == nil {
			d.later.published(sequence, c.At.Sequence)
			return sequence, nil
		}
		if f := fault.From(err); f.Reason != fault.Conflict {
			return 0, err
		}
		overtaken, err := d.overtaken(ctx, c)
		if err != nil || overtaken {
			return 0, err
		}
	}
}
