package ops

import (
	"context"
	"fmt"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// How answers are looked for.
const (
	answerEvery = 100 * time.Millisecond
	// answerMargin is how far this machine's idea of the bus's clock may be ahead.
	answerMargin = 10 * time.Second
)

// follow waits for what a worker says to the event at v.Sequence, which was published after before.
func (m *Manager) follow(ctx context.Context, v ChangeView, before time.Time) (ChangeView, error) {
	waiting, cancel := context.WithTimeout(ctx, m.Wait)
	defer cancel()
	since, answered := before.Add(-answerMargin), false
	err := pause.Until(waiting, answerEvery, func() (_ bool, err error) {
		answered, since, err = m.answer(waiting, &v, since)
		return answered, err
	})
	switch {
	case ctx.Err() != nil:
		return v, ctx.Err()
	case waiting.Err() != nil && !answered:
		return m.unanswered(ctx, v)
	case err != nil:
		return v, err
	}
	return v, m.rejection(v)
}

// answer looks through the notices since a time, and gives the time to go on from.
func (m *Manager) answer(ctx context.Context, v *ChangeView, since time.Time) (bool, time.Time, error) {
	for r, err := range m.Records.Records(ctx, bus.Search{Stream: events.StreamNotices, Filter: events.NoticesFilter(v.Tenant), Since: since}) {
		if err != nil {
			return false, since, err
		}
		since = r.Stored
		if answers(r.Type) == "" {
			continue
		}
		n, err := events.Payload[events.ConnectionNotice](r.Event)
		if err != nil || n.Origin == nil || n.Origin.Stream != events.StreamConnections || n.Origin.Sequence != v.Sequence ||
			r.Type == events.ConnectionApplied && v.Event == events.ConnectionTestRequested.What() {
			continue // somebody else's; a test is over only when it was made
		}
		v.hear(r.Type, n)
		return true, since, nil
	}
	return false, since, nil
}

func answers(t events.Type) string {
	switch t {
	case events.ConnectionApplied:
		return AnswerApplied
	case events.ConnectionRejected:
		return AnswerRejected
	case events.ConnectionTested:
		return AnswerTested
	default:
		return ""
	}
}

func (v *ChangeView) hear(t events.Type, n events.ConnectionNotice) {
	v.Answer, v.Revision, v.State, v.Previous = answers(t), n.Revision, n.State, n.Previous
	v.Changed, v.Overwrote = n.Changed, n.Overwrote
	v.Reason, v.Rule, v.Field, v.Detail = n.Reason, n.Rule, n.Field, n.Detail
}

// unanswered is what is known when the time is over. Workers pass over an event without a word when a later one
// was applied before it: the registry tells.
func (m *Manager) unanswered(ctx context.Context, v ChangeView) (ChangeView, error) {
	e, _, err := m.Connections.Fresh(ctx, v.Tenant, v.Connection)
	if err == nil && e != nil && e.Sequence > v.Sequence && v.Event != events.ConnectionTestRequested.What() {
		v.Answer, v.Revision, v.State = AnswerSuperseded, e.Sequence, ""
		return v, problem(Refused, "holdfast connections show "+v.Connection+" --tenant "+v.Tenant,
			"a later event was applied before this one, which changed nothing: revision %d", e.Sequence)
	}
	return v, problem(Waiting, "are workers running? holdfast deadletters list --tenant "+v.Tenant+" --since 1h",
		"no worker answered within %s; the event is stored as %s %d, and will be handled", m.Wait, events.StreamConnections, v.Sequence)
}

// rejection is the error of a change that a worker refused; nil for any other. It tells of a secret that the change
// has left behind, and how to get the one before.
func (m *Manager) rejection(v ChangeView) error {
	if v.Answer != AnswerRejected {
		return nil
	}
	p := v.refused("a worker rejected it: ")
	if v.SecretWritten {
		p.Text += fmt.Sprintf("; version %d of the secret is in Vault all the same", v.SecretVersion)
	}
	if v.SecretWritten && v.SecretVersion > 1 {
		p.Hint = fmt.Sprintf("vault kv rollback -version=%d %s; %s", v.SecretVersion-1, m.Secrets.config(v.Tenant, v.Connection), p.Hint)
	}
	return p
}

// refused says what is in the way, beginning with who says so.
func (v ChangeView) refused(by string) *Problem {
	text := by + v.Detail
	if v.Field != "" {
		text += " (" + v.Field + ")"
	}
	if v.Rule != "" {
		text += "; the rule is " + v.Rule
	}
	return &Problem{Kind: Refused, Text: text, Hint: v.whatNow()}
}

// whatNow is a command that helps with a rejection.
func (v ChangeView) whatNow() string {
	show := "holdfast connections show " + v.Connection + " --tenant " + v.Tenant
	switch fault.Reason(v.Reason) {
	case fault.RevisionConflict:
		return "somebody changed it meanwhile: look again, and do it again: " + show
	case fault.NameTaken:
		return "choose another --name; holdfast connections list --tenant " + v.Tenant
	case fault.NotPermitted, fault.NotOwner, fault.NotAvailable:
		return "holdfast directory show --tenant " + v.Tenant
	case fault.ConnectionMissing:
		return "holdfast connections list --tenant " + v.Tenant
	case fault.ConnectionDeleted:
		return "holdfast connections restore " + v.Connection + " --tenant " + v.Tenant
	default:
		return show
	}
}
