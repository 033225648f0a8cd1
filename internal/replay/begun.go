package replay

import (
	"context"
	"fmt"
	"time"

	"holdfast/internal/ops"
)

// Begun is a replay of the same that was interrupted.
type Begun struct {
	Replay string `json:"replay"` // its id
	// First and Last bound what is left of its range, as sequences.
	First uint64    `json:"first"`
	Last  uint64    `json:"last"`
	At    time.Time `json:"begun_at"`
	Actor string    `json:"actor"`
	// Driven is how many messages it has published. By force: Effects is the number that was confirmed, and Forced how
	// many of them it has published.
	Driven  int `json:"driven"`
	Effects int `json:"effects,omitempty"`
	Forced  int `json:"forced,omitempty"`
	// Choose tells that its range was named by how long ago, and long ago: whether that one or a new one is meant has to be
	// said.
	Choose bool `json:"choose"`
}

// String says what is left of it.
func (b Begun) String() string {
	what := fmt.Sprintf("%d to %d, begun %s by %s, %d done", b.First, b.Last, b.At.UTC().Format(time.RFC3339), b.Actor, b.Driven)
	if b.Effects > 0 {
		what += fmt.Sprintf(" (%d of %s by force)", b.Forced, plural(b.Effects, "effect"))
	}
	return what
}

// longAgo is when "the last two hours" begins to mean something else.
const longAgo = time.Hour

// begun is what a note says.
func (r *Replay) begun(n note) Begun {
	s := n.Asked.Select
	moves := s.Since.Ago > 0 || s.Until.Ago > 0
	return Begun{Replay: n.Replay, First: n.Position + 1, Last: n.Span.Last, At: n.Span.Asked, Actor: n.Actor, Driven: n.Driven,
		Effects: n.Effects, Forced: n.Forced, Choose: moves && !r.o.GoOn && r.bus.Clock().Now().Sub(n.Span.Asked) > longAgo}
}

// asked is what makes this replay the same as another.
func (r *Replay) asked() asked {
	return asked{Select: r.o.Select, Force: r.o.Force, Reason: r.o.Reason}
}

// mayGoOn says what is gone on with, unless it has to be chosen.
func (r *Replay) mayGoOn(n note) error {
	b := r.begun(n)
	if b.Choose {
		return problem(ops.Refused, "add --go-on for what is left of that one, or --anew for the range that is meant now",
			"nothing was done: a replay of the same was interrupted, over "+b.String()+", and how long ago means something else by now")
	}
	r.say("goes on with " + b.String() + "; --anew begins anew")
	return nil
}

// goOn goes on with a replay that was interrupted. What it forces is asked for again.
func (r *Replay) goOn(ctx context.Context, notes *notebook, confirm func(Forecasts) error, at func(Status)) error {
	if err := r.mayGoOn(notes.note); err != nil || !r.o.Force {
		return err
	}
	f, err := r.foreseeRest(ctx, notes.note, at)
	if err == nil {
		err = confirm(f)
	}
	return err
}

// foreseeRest foresees what is left of a replay that was interrupted.
func (r *Replay) foreseeRest(ctx context.Context, n note, at func(Status)) (Forecasts, error) {
	r.id = n.Replay
	r.confirmed(n)
	f, err := r.foreseeSpan(ctx, n.rest(), at)
	b := r.begun(n)
	f.Begun = &b
	return f, err
}

// rest is the range that is left.
func (n note) rest() span { return span{n.Position + 1, n.Span.Last, n.Span.Asked} }
