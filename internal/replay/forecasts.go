package replay

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"holdfast/handlers"
	"holdfast/internal/fault"
)

// Forecasts are what a replay would do.
type Forecasts struct {
	Stream string `json:"stream"`
	// First and Last bound the range, as sequences; Selected is how many messages of it are meant, and Driven how many of
	// them would be published again.
	First    uint64 `json:"first"`
	Last     uint64 `json:"last"`
	Selected int    `json:"selected"`
	Driven   int    `json:"driven"`
	// Forced is how many requests would be done again that have their end.
	Forced int       `json:"forced"`
	Groups []Outlook `json:"outlook"`
	// Begun is a replay of the same that was interrupted, and that the forecast is the rest of, unless it has to be chosen.
	Begun *Begun `json:"begun,omitempty"`
}

// Outlook is what would come of some of the messages, and one of them.
type Outlook struct {
	Verdict handlers.Verdict `json:"verdict"`
	Reason  fault.Reason     `json:"reason,omitempty"`
	Forced  bool             `json:"forced,omitempty"` // it has its end, and would be done again
	Count   int              `json:"count"`
	Example Example          `json:"example"`
}

// Example is one message.
type Example struct {
	Sequence   uint64    `json:"sequence"`
	StoredAt   time.Time `json:"stored_at"`
	Subject    string    `json:"subject"`
	Request    string    `json:"request_id,omitempty"`
	Run        string    `json:"run_id,omitempty"`
	Connection string    `json:"connection_id,omitempty"`
	Detail     string    `json:"detail,omitempty"`
	Rule       string    `json:"rule,omitempty"`
	Field      string    `json:"field,omitempty"`
}

// verdicts are all of them, in the order in which they are shown.
var verdicts = []handlers.Verdict{handlers.Ended, handlers.Applied, handlers.Superseded, handlers.Pending,
	handlers.WouldRun, handlers.WouldApply, handlers.WouldSuspend, handlers.ConnectionGone, handlers.WouldSkip, handlers.Denied,
	handlers.NotValid, handlers.WouldWait}

// Foresee says what the replay would do, and touches nothing. at hears how far it is.
func (r *Replay) Foresee(ctx context.Context, at func(Status)) (Forecasts, error) {
	if err := r.drivable(); err != nil {
		return Forecasts{}, err
	}
	notes, again, err := r.openNotes(ctx, r.asked())
	if err != nil {
		return Forecasts{}, err
	}
	b := r.begun(notes.note)
	if again && !b.Choose {
		return r.foreseeRest(ctx, notes.note, at)
	}
	sp, err := r.wholeSpan(ctx)
	if err != nil {
		return Forecasts{}, err
	}
	f, err := r.foreseeSpan(ctx, sp, at)
	if again {
		f.Begun = &b
	}
	return f, err
}

func (r *Replay) foreseeSpan(ctx context.Context, sp span, at func(Status)) (Forecasts, error) {
	f := Forecasts{Stream: r.o.Select.StreamName(), First: sp.First, Last: sp.Last}
	groups := make(outlooks)
	defer r.watch(at, sp, func() Status { return Status{Selected: f.Selected} })()
	err := r.each(ctx, sp, func(_ context.Context, c candidate) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		f.Selected++
		if c.drives() {
			f.Driven++
		}
		if c.forced {
			f.Forced++
		}
		groups.add(c)
		return nil
	})
	f.Groups = groups.inOrder()
	return f, err
}

// outlooks are groups of what would come of messages.
type outlooks map[groupKey]*Outlook

type groupKey struct {
	handlers.Verdict
	fault.Reason

	forced bool
}

func (g outlooks) add(c candidate) {
	k := groupKey{c.Verdict, c.Reason, c.forced}
	if g[k] == nil {
		g[k] = &Outlook{Verdict: c.Verdict, Reason: c.Reason, Forced: c.forced, Example: exampleOf(c)}
	}
	g[k].Count++
}

// inOrder are the groups by verdict, the largest first.
func (g outlooks) inOrder() []Outlook {
	all := make([]Outlook, 0, len(g))
	for _, o := range g {
		all = append(all, *o)
	}
	slices.SortFunc(all, func(a, b Outlook) int {
		return cmp.Or(cmp.Compare(slices.Index(verdicts, a.Verdict), slices.Index(verdicts, b.Verdict)),
			cmp.Compare(b.Count, a.Count), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}

func exampleOf(c candidate) Example {
	return Example{Sequence: c.At.Sequence, StoredAt: c.Stored, Subject: c.Subject, Request: c.IDs.Request, Run: c.IDs.Run,
		Connection: c.IDs.Connection, Detail: c.Detail, Rule: c.Rule, Field: c.Field}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}
