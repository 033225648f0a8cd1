package letters

import (
	"context"
	"slices"
	"strconv"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/secretscan"
)

// Step is one thing that happened to a message: it failed, or something was done about that.
type Step struct {
	Letter   uint64    `json:"sequence"` // the letter that it happened to
	StoredAt time.Time `json:"stored_at"`
	Event    string    `json:"event"` // failed, retried, dropped or answered
	// Failed: which message, how often it was delivered, and why it could not be handled.
	Origin     *events.Origin `json:"origin,omitempty"` // retried: the one that was published; answered: that was handled
	Deliveries uint64         `json:"deliveries,omitempty"`
	Reason     string         `json:"reason,omitempty"`
	Field      string         `json:"field,omitempty"`
	Detail     string         `json:"detail,omitempty"`
	// Retried, dropped: who, why, and whether another event was published.
	Actor  string `json:"actor,omitempty"`
	Why    string `json:"why,omitempty"`
	Edited bool   `json:"edited,omitempty"`
	// Answered: what came of it, and which letter where that is one again.
	Outcome string `json:"outcome,omitempty"`
	Next    uint64 `json:"next_sequence,omitempty"`
}

// stepFailed is the event of a Step that is the dead letter itself.
const stepFailed = "failed"

// Show gives the letter at a sequence with its history and what to do now. Of the message it gives all that was kept;
// Shown takes out what could be a secret.
func (d *Desk) Show(ctx context.Context, sequence uint64) (View, error) {
	v, acts, err := d.letter(ctx, sequence)
	if err != nil {
		return View{}, err
	}
	if v.History, err = d.history(ctx, v, acts); err != nil {
		return View{}, err
	}
	v.Advice = v.advice(acts)
	return v, nil
}

// Shown is the view with what could be a secret masked in its message.
func (v View) Shown() View {
	v.Original, v.Masked = v.shown()
	if len(v.Headers) == 0 {
		return v
	}
	headers := make(map[string]string, len(v.Headers))
	for name, value := range v.Headers {
		if secretscan.Found([]byte(attribute(name) + ": " + value)) {
			value, v.Masked = mark(1), true
		}
		headers[name] = value
	}
	v.Headers = headers
	return v
}

// letter reads one letter and what was done with it.
func (d *Desk) letter(ctx context.Context, sequence uint64) (View, done, error) {
	m, there, err := d.Messages.MessageAt(ctx, events.StreamDeadLetters, sequence)
	if err != nil {
		return View{}, done{}, err
	}
	r := m.Decoded()
	if !there || !isLetter(r) {
		return View{}, done{}, &ops.Problem{Kind: ops.NotFound, Hint: "holdfast deadletters list",
			Text: "there is no dead letter " + number(sequence)}
	}
	v := view(r)
	acts, err := d.acts(ctx, v)
	v.State = acts.stateOf()
	return v, acts, err
}

// history is what happened to a message since its first try, in order.
func (d *Desk) history(ctx context.Context, v View, acts done) ([]Step, error) {
	all := stepsOf(v, acts)
	for of := v; of.RetryOf > 0 && of.RetryOf < of.Sequence; {
		before, was, err := d.letter(ctx, of.RetryOf)
		if notFound(err) || err == nil && before.Tenant != v.Tenant {
			break // it has reached its age
		}
		if err != nil {
			return nil, err
		}
		all, of = slices.Concat(stepsOf(before, was), all), before
	}
	for is := acts; is.state == FailedAgain; {
		after, done, err := d.letter(ctx, is.reply.Next)
		if notFound(err) {
			break
		}
		if err != nil {
			return nil, err
		}
		all, is = slices.Concat(all, stepsOf(after, done)), done
	}
	return all, nil
}

func stepsOf(v View, acts done) []Step {
	steps := []Step{{Letter: v.Sequence, StoredAt: v.StoredAt, Event: stepFailed, Origin: &v.Origin, Deliveries: v.Deliveries,
		Reason: v.Reason, Field: v.Field, Detail: v.Detail}}
	if acts.state == "" {
		return steps
	}
	what := events.DeadLetterRetried
	if acts.state == Dropped {
		what = events.DeadLetterDropped
	}
	steps = append(steps, Step{Letter: v.Sequence, StoredAt: acts.at, Event: what.What(), Actor: acts.act.Actor,
		Why: acts.act.Why, Edited: acts.act.Edited, Origin: acts.act.Published})
	if a := acts.reply; a.Outcome != "" {
		steps = append(steps, Step{Letter: v.Sequence, StoredAt: acts.answeredAt, Event: events.DeadLetterAnswered.What(),
			Origin: &a.Origin, Outcome: a.Outcome, Reason: a.Reason, Next: a.Next})
	}
	return steps
}

// advice is what to do about a letter now.
func (v View) advice(acts done) []string {
	n := number(v.Sequence)
	switch {
	case v.State == FailedAgain:
		return []string{"it failed again: holdfast deadletters show " + number(acts.reply.Next)}
	case v.State.Over():
		return nil
	case v.State == Retrying:
		return []string{"it is being retried; where nothing comes of it: holdfast deadletters retry " + n}
	}
	if o, bad := v.unfit(); bad {
		return []string{o.detail, o.hint}
	}
	drop := "or give it up: holdfast deadletters drop " + n + " --why TEXT"
	if _, is := v.ofChain(); is {
		return []string{"nothing else takes it up; once what stopped it is repaired: holdfast deadletters retry " + n, drop}
	}
	switch fault.Reason(v.Reason) {
	case fault.Stale:
		return []string{"find out whether its effect happened already; if it did not, give it a new request_id: holdfast deadletters edit " + n, drop}
	case fault.Poison, fault.FromTheFuture, fault.UnknownType, fault.SchemaVersion, fault.TooLarge:
		return []string{"once what stopped it is repaired: holdfast deadletters retry " + n, "or correct it: holdfast deadletters edit " + n, drop}
	default:
		return []string{"holdfast deadletters edit " + n + "   # correct it, and have it handled", drop,
			"or publish it as a file: holdfast deadletters show " + n + " --save event.jsonl; holdfast publish event.jsonl --tenant " + v.Tenant + " --dry-run"}
	}
}

func number(n uint64) string { return strconv.FormatUint(n, 10) }
