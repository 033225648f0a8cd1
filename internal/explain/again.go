package explain

import (
	"context"
	"strings"

	"holdfast/events"
	"holdfast/internal/bus"
)

// doneAgain is a request's beginning as the story of the one has it that it does again.
func (e Entry) doneAgain() Entry {
	e.DoneAgainAs, e.Request, e.ReplayOf = e.Request, e.ReplayOf, ""
	e.Text = "done again as " + e.DoneAgainAs + by(e.Actor) + reasoned(e.Why)
	return e
}

// repeats adds the requests that did an ended one again. No subject names them: the tenant's requests since its end are
// read, where any replay was at work since.
func (t *teller) repeats(ctx context.Context) error {
	th := t.story.about[t.story.ID]
	if th.open() || t.story.Since > 0 || t.Replays == nil { // with Since, all are read anyway
		return nil
	}
	any, err := t.Replays.Since(ctx, th.ledger.At)
	if err != nil || !any {
		return err
	}
	return t.search(ctx, bus.Search{Stream: events.StreamActions, Filter: events.SubjectOf(t.story.Tenant, events.ActionRequested),
		Since: th.ledger.At, Holding: []string{t.story.ID}})
}

// doneAgainAs says which requests did it again.
func doneAgainAs(requests []string) string {
	if len(requests) == 0 {
		return ""
	}
	return ", and done again as " + strings.Join(requests, ", ")
}
