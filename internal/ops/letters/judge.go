package letters

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Verdict is what would come of retrying a letter.
type Verdict string

// The verdicts. The first four are of letters that are retried when asked for.
const (
	Ready       Verdict = "ready"       // a worker would take it
	HasOutcome  Verdict = "has_outcome" // its request has its end: nothing is done again, and the letter is resolved
	Waits       Verdict = "suspended"   // its request is suspended: nothing is done again, and the letter is resolved
	Interrupted Verdict = "interrupted" // somebody began to retry it, and its message is not on the bus: it goes on

	Invalid   Verdict = "invalid"   // it would be refused again
	Stale     Verdict = "stale"     // it is older than the ledger: nobody can tell whether it ran before
	Begun     Verdict = "begun"     // its effect, at most once, was begun, and nobody knows what came of it
	Overtaken Verdict = "overtaken" // what it says was changed since: it would be put back
	Command   Verdict = "command"   // it would end what nobody meant when it was given
	Withheld  Verdict = "withheld"  // nothing of it was kept
	Truncated Verdict = "truncated" // only its first part was kept
	Foreign   Verdict = "foreign"   // it is not a message that anybody else could publish
	Underway  Verdict = "retrying"  // somebody retries it already
	Lost      Verdict = "edit_lost" // somebody edited it, and was interrupted: it has to be edited again
	Over      Verdict = "over"      // it was resolved, has failed again, or was dropped
)

// Retries tells whether a letter with this verdict is retried when asked for.
func (v Verdict) Retries() bool {
	return v == Ready || v == HasOutcome || v == Waits || v == Interrupted
}

// outlook is a verdict with why, and what to do.
type outlook struct {
	verdict      Verdict
	detail, hint string
}

// judge says what would come of retrying a letter, and touches nothing. Whether a worker would take it is decided by a
// worker's own code.
func (d *Desk) judge(ctx context.Context, v View, acts done) (outlook, error) {
	if o, known := v.stands(acts); known {
		return o, nil
	}
	if o, not := v.unfit(); not {
		return o, nil
	}
	if v.State != Retrying {
		return d.foresee(ctx, v)
	}
	begun, err := d.underway(ctx, v, acts)
	if err != nil || begun.verdict != Interrupted {
		return begun, err
	}
	o, err := d.foresee(ctx, v)
	if err != nil || o.verdict != Ready {
		return o, err
	}
	return begun, nil
}

// foresee says what would come of a letter's message if it were published now.
func (d *Desk) foresee(ctx context.Context, v View) (outlook, error) {
	if c, is := v.ofChain(); is {
		return d.chainStands(ctx, v, c)
	}
	e, _ := v.event()
	if o, old, err := d.tooOld(ctx, v, e); old || err != nil {
		return o, err
	}
	if f := d.Checker.CheckMessage(ctx, v.Subject, v.header(), v.Original); f != nil {
		return outlook{Invalid, at(f) + f.Detail, "holdfast deadletters edit " + number(v.Sequence)}, nil
	}
	return d.effect(ctx, v, e)
}

func at(f *fault.Fault) string {
	if f.Field == "" {
		return ""
	}
	return f.Field + ": "
}

// stands is the outlook of a letter that is done with.
func (v View) stands(acts done) (outlook, bool) {
	show := "holdfast deadletters show " + number(v.Sequence)
	switch v.State {
	case Resolved:
		return outlook{Over, "it was retried and handled: " + acts.reply.Outcome, show}, true
	case FailedAgain:
		return outlook{Over, "it was retried, and failed again as " + number(acts.reply.Next),
			"holdfast deadletters show " + number(acts.reply.Next)}, true
	case Dropped:
		return outlook{Over, "it was dropped by " + acts.act.Actor, show}, true
	default:
		return outlook{}, false
	}
}

// underway tells a retry that a worker has yet to answer from one that was interrupted before its message was on the
// bus.
func (d *Desk) underway(ctx context.Context, v View, acts done) (outlook, error) {
	at, found, err := d.published(ctx, v, acts)
	switch {
	case err != nil:
		return outlook{}, err
	case found:
		return outlook{Underway, acts.act.Actor + " retried it, as " + at.Stream + " " + number(at.Sequence) + ", and no worker has answered yet",
			"are workers running? holdfast deadletters show " + number(v.Sequence)}, nil
	case d.Clock.Now().Sub(acts.at) < claimLasts:
		return outlook{Underway, acts.act.Actor + " began to retry it just now",
			"in some seconds, give the same command again: it goes on where that was interrupted"}, nil
	case acts.act.Edited:
		return outlook{Lost, acts.act.Actor + " edited it, and was interrupted: what was edited is not on the bus",
			"holdfast deadletters edit " + number(v.Sequence)}, nil
	default:
		return outlook{Interrupted, acts.act.Actor + " began to retry it, and its message is not on the bus", ""}, nil
	}
}

// claimLasts is for how long somebody who has claimed a letter is believed to be about to publish it.
const claimLasts = 10 * time.Second

// clocksApart is by how much the clocks of two streams' leaders may differ.
const clocksApart = 10 * time.Second

// published is where a retried message is: as whoever published it came to say, or else found behind the time when it was
// retried.
func (d *Desk) published(ctx context.Context, v View, acts done) (at events.Origin, found bool, err error) {
	if acts.act.Published != nil {
		return *acts.act.Published, true, nil
	}
	stream, filter := v.retriedOn()
	streams := []string{stream}
	if acts.act.Edited {
		streams = []string{events.StreamActions, events.StreamConnections, events.StreamPermissions}
		filter = events.OfTenant(v.Tenant)
	}
	for _, stream = range streams {
		for r, err := range d.Records.Records(ctx, bus.Search{Stream: stream, Filter: filter, Since: acts.at.Add(-clocksApart)}) {
			if err != nil {
				return at, false, err
			}
			if id := r.Header[messageID]; len(id) == 1 && id[0] == acts.act.MessageID {
				return events.Origin{Stream: stream, Sequence: r.Sequence}, true, nil
			}
		}
	}
	return at, false, nil
}

// messageID is the header that a message is recognised by.
const messageID = "Nats-Msg-Id"

// tooOld looks at a request's age, counted from its first try, as the worker does.
func (d *Desk) tooOld(ctx context.Context, v View, e events.Event) (outlook, bool, error) {
	o := outlook{Stale, "the request is older than the ledger: nobody can tell whether it ran before",
		"look whether its effect happened; if not, give it a new request_id: holdfast deadletters edit " + number(v.Sequence)}
	if v.Reason == string(fault.Stale) {
		return o, true, nil
	}
	if v.Subject != events.SubjectOf(v.Tenant, events.ActionRequested) {
		return o, false, nil
	}
	ledger, err := d.Messages.Age(ctx, events.StreamOutcomes)
	if err != nil || ledger == 0 {
		return o, false, err
	}
	m := dispatch.Meta{Delivery: dispatch.Delivery{Time: v.FirstStored}, EventTime: e.Time}
	return o, dispatch.Age(m, d.Clock.Now()) >= dispatch.StaleAge(ledger), nil
}
