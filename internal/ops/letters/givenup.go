package letters

import (
	"context"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/ops"
)

// ofChain is the chain that a letter's message is an event of. Nobody but a worker publishes those, and nothing takes
// one up by itself that was given up: a retry is a command that names it.
func (v View) ofChain() (events.Chain, bool) {
	c, ok := events.ParseChain(v.Subject)
	return c, ok && v.Origin.Stream == events.StreamSuspensions && c.Tenant == v.Tenant && v.Origin.Sequence > 0
}

// chainStands says what would come of a chain's event if it were handled again.
func (d *Desk) chainStands(ctx context.Context, v View, c events.Chain) (outlook, error) {
	drop := "holdfast deadletters drop " + number(v.Sequence) + " --why TEXT"
	last, err := d.Journal.Last(ctx, c.Subject())
	if err != nil {
		return outlook{}, err
	}
	if last.Sequence != v.Origin.Sequence || last.Type.Waits() {
		return outlook{Overtaken, "the suspension has moved on since, or is no longer kept: nothing is left to do for this event",
			"holdfast suspensions show " + c.Request + " --tenant " + v.Tenant + "; then: " + drop}, nil
	}
	ledger, err := d.Journal.Last(ctx, events.LedgerSubject(v.Tenant, c.Request))
	if err != nil {
		return outlook{}, err
	}
	if ledger.Type.Ends() && last.Type == events.SuspensionResumed {
		return outlook{HasOutcome, "request " + c.Request + " has ended: " + ledger.Type.What() + "; nothing is done again",
			"holdfast requests show " + c.Request + " --tenant " + v.Tenant}, nil
	}
	age, err := d.Messages.Age(ctx, events.StreamOutcomes)
	if err == nil && age > 0 && d.Clock.Now().Sub(last.Stored) >= dispatch.StaleAge(age) {
		return outlook{Stale, "the suspension moved longer ago than the ledger remembers: nobody can tell whether its request ran",
			"look whether its effect happened; if not, publish the request under a new request_id; then: " + drop}, nil
	}
	return outlook{verdict: Ready}, err
}

// resend is the message that retries a letter: the same again, or a command where it is of a chain.
func (d *Desk) resend(ctx context.Context, v View, by By) (message, error) {
	c, is := v.ofChain()
	if !is {
		return message{stream: v.Origin.Stream, subject: v.Subject, header: v.header(), raw: v.Original}, nil
	}
	e, err := events.New(events.SuspensionResumeRequested, d.Clock.Now(), events.SuspensionCommand{Tenant: c.Tenant,
		Connection: c.Connection, Run: c.Run, Request: c.Request, Actor: by.Actor, Reason: by.Why, GivenUp: v.Origin.Sequence})
	if err != nil {
		return message{}, err
	}
	e.Source = ops.Source
	raw, err := e.Encode()
	if err != nil {
		return message{}, err
	}
	m := message{stream: events.StreamActions, subject: events.SubjectOf(v.Tenant, e.Type), header: map[string][]string{}, raw: raw, anew: true}
	if f := d.Checker.CheckMessage(ctx, m.subject, m.header, raw); f != nil {
		return m, &ops.Problem{Kind: ops.Unclear, Text: "the command that retries it would be refused: " + at(f) + f.Detail,
			Hint: "say who asks with --actor, an id, and why with --why"}
	}
	return m, nil
}

// retriedOn is where the message of a retry is: stream and subject.
func (v View) retriedOn() (stream, subject string) {
	if _, is := v.ofChain(); is {
		return events.StreamActions, events.SubjectOf(v.Tenant, events.SuspensionResumeRequested)
	}
	return v.Origin.Stream, v.Subject
}
