package letters

import (
	"context"
	"time"

	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/secretscan"
)

// Result is what came of one letter, or would.
type Result struct {
	Letter    uint64  `json:"sequence"`
	Tenant    string  `json:"tenant"`
	Reason    string  `json:"reason"`
	Type      string  `json:"event_type,omitempty"`
	Tries     int     `json:"tries"`
	Verdict   Verdict `json:"verdict"`
	Detail    string  `json:"detail,omitempty"`
	Hint      string  `json:"hint,omitempty"`
	Done      bool    `json:"done"` // it was retried, edited or dropped
	EventID   string  `json:"event_id,omitempty"`
	Published *Place  `json:"published,omitempty"` // where the message is now
	// Outcome is what a worker made of it; empty: none was waited for, or none answered. Next is the letter that it is
	// where it failed again.
	Outcome string `json:"outcome,omitempty"`
	Next    uint64 `json:"next_sequence,omitempty"`
}

// Place is a message on the bus.
type Place = events.Origin

// Failed tells whether a retried letter is a dead letter again.
func (r Result) Failed() bool { return r.Outcome == events.AnswerDeadLetter }

// By is who does something with letters, and why.
type By struct{ Actor, Why string }

// bounds of what is written down, in bytes.
const (
	actorMost = 256
	whyMost   = 1024
)

// Check refuses what can not be written down: it stays on the bus for weeks.
func (b By) Check() error {
	switch {
	case b.Actor == "" || len(b.Actor) > actorMost || len(b.Why) > whyMost:
		return &ops.Problem{Kind: ops.Unclear, Text: "who does it, and why, is written down: both are short", Hint: "say who with --actor, and why with --why"}
	case secretscan.Found([]byte(b.Actor)) || secretscan.Found([]byte(b.Why)):
		return &ops.Problem{Kind: ops.Unclear, Text: "why it is done is written down, and this seems to hold a secret", Hint: "say it without"}
	default:
		return nil
	}
}

// Retry says what would come of retrying letters, and does it unless dry, at so many a second at the most. It tells of
// each as soon as it is published; what a worker makes of it comes later (Follow). An interrupted command may be given
// again: nothing is published twice.
func (d *Desk) Retry(ctx context.Context, letters []uint64, by By, dry bool, perSecond float64, tell func(Result) error) error {
	if err := by.Check(); err != nil {
		return err
	}
	pace := pace(perSecond)
	for _, n := range letters {
		r, err := d.retry(ctx, n, by, dry, pace)
		if err != nil {
			return err
		}
		if err := tell(r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) retry(ctx context.Context, letter uint64, by By, dry bool, pace *rate.Limiter) (Result, error) {
	v, acts, err := d.letter(ctx, letter)
	if notFound(err) {
		return gone(letter), nil
	}
	if err != nil {
		return Result{}, err
	}
	o, err := d.judge(ctx, v, acts)
	r := v.result(o)
	if err != nil || dry || !o.verdict.Retries() {
		return r, err
	}
	if err := pace.Wait(ctx); err != nil {
		return r, ctx.Err()
	}
	m, err := d.resend(ctx, v, by)
	if err != nil {
		return r, err
	}
	return d.publish(ctx, v, acts, by, m, r)
}

func (v View) result(o outlook) Result {
	return Result{Letter: v.Sequence, Tenant: v.Tenant, Reason: v.Reason, Type: v.Type, Tries: v.Tries,
		Verdict: o.verdict, Detail: o.detail, Hint: o.hint}
}

func gone(letter uint64) Result {
	return Result{Letter: letter, Verdict: Over, Detail: "it has reached its age, or never was a dead letter", Hint: "holdfast deadletters list"}
}

// message is what is published in place of a dead letter's.
type message struct {
	stream  string
	subject string
	header  map[string][]string
	raw     []byte
	edited  bool
	// anew: it is another request, and no older than itself.
	anew bool
}

// publish claims the letter, so that nobody else retries it, and publishes the message.
func (d *Desk) publish(ctx context.Context, v View, acts done, by By, m message, r Result) (Result, error) {
	id, act, claim := "retry-"+number(v.Sequence), acts.act, acts.last
	if acts.state != Retrying {
		act = events.DeadLetterAct{Tenant: v.Tenant, Letter: v.Sequence, Actor: by.Actor, Why: by.Why, Tries: v.Tries, MessageID: id, Edited: m.edited}
		var lost *done
		var err error
		if claim, lost, err = d.act(ctx, v, acts.last, events.DeadLetterRetried, act); lost != nil || err != nil {
			return v.beaten(r, lost), err
		}
	}
	m.header[events.HeaderRetryOf] = []string{number(v.Sequence)}
	m.header[events.HeaderTries] = []string{number(uint64(v.Tries))}
	if !m.anew {
		m.header[events.HeaderFirstStored] = []string{v.FirstStored.UTC().Format(time.RFC3339Nano)}
	}
	sequence, err := d.Messages.PublishMessage(ctx, m.subject, id, m.header, m.raw)
	if err != nil {
		return r, unpublished(v, err)
	}
	r.Done, r.Published = true, &Place{Stream: m.stream, Sequence: sequence}
	act.Published = r.Published
	_, _, _ = d.act(ctx, v, claim, events.DeadLetterRetried, act) // a worker may have answered already; and it is found without
	return r, nil
}

// act publishes what is done with a letter, behind the last that was. Where somebody else was first, lost is what they did.
func (d *Desk) act(ctx context.Context, v View, after uint64, t events.Type, act events.DeadLetterAct) (sequence uint64, lost *done, err error) {
	e, err := events.New(t, d.Clock.Now(), act)
	if err != nil {
		return 0, nil, err
	}
	e.Source = ops.Source
	sequence, err = d.Journal.Append(ctx, events.DeadLetterActs(v.Tenant, v.Sequence), after, e)
	if f := fault.From(err); f == nil || f.Reason != fault.Conflict {
		return sequence, nil, err
	}
	first, err := d.acts(ctx, v)
	return 0, &first, err
}

// beaten is the result where somebody else was first.
func (v View) beaten(r Result, first *done) Result {
	if first == nil {
		return r
	}
	v.State = first.stateOf()
	o, over := v.stands(*first)
	if !over {
		o = outlook{Underway, first.act.Actor + " was first, and retries it", "holdfast deadletters show " + number(v.Sequence)}
	}
	r.Verdict, r.Detail, r.Hint = o.verdict, o.detail, o.hint
	return r
}

// unpublished tells that a letter is claimed and its message is not on the bus.
func unpublished(v View, err error) error {
	f := *fault.From(err)
	f.Detail = "dead letter " + number(v.Sequence) + " is marked as retried, and its message is not on the bus: " + f.Detail
	f.Hint = "give the same command again: it goes on from here"
	return &f
}

// pace lets so many a second through; 0: as many as come.
func pace(perSecond float64) *rate.Limiter {
	if perSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 1)
	}
	return rate.NewLimiter(rate.Limit(perSecond), 1)
}
