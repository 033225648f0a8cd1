package letters

import (
	"context"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// Edition is a dead letter that somebody corrects.
type Edition struct {
	View

	// Text is what to edit: JSON where it is, what could be a secret masked.
	Text []byte

	acts  done
	masks masking
}

// Edit begins to correct a letter. Refused: it is done with, or there is nothing to correct.
func (d *Desk) Edit(ctx context.Context, letter uint64) (*Edition, error) {
	v, acts, err := d.letter(ctx, letter)
	if err != nil {
		return nil, err
	}
	o, no := v.stands(acts)
	if !no {
		o, no = v.incomplete()
	}
	if !no && v.State == Retrying {
		if o, err = d.underway(ctx, v, acts); err != nil {
			return nil, err
		}
		no = o.verdict != Lost
	}
	if no {
		return nil, &ops.Problem{Kind: ops.Refused, Text: o.detail, Hint: o.hint}
	}
	e := &Edition{View: v, acts: acts}
	text, ok := e.masks.show(v.structured())
	switch page := v.plain(); {
	case ok:
		e.Text = line(text)
	case page.withheld():
		return nil, &ops.Problem{Kind: ops.Refused, Text: "it is no JSON, and seems to hold a secret",
			Hint: "holdfast deadletters show " + number(letter) + " --save event.jsonl"}
	default:
		e.Text = v.Original
	}
	return e, nil
}

// line is a text that ends in a line's end.
func line(text []byte) []byte { return slices.Concat(text, []byte("\n")) }

// Proposal is a corrected letter before it is published.
type Proposal struct {
	Result

	// Diff is what is different, in lines (unified), what could be a secret masked.
	Diff string

	message message
}

// Propose holds an edited text against all that a worker holds it against, and makes a new event of it: under a new id,
// naming the message and the letter that it stands for. Unclear: it is wrong. Refused: publishing it would be.
func (d *Desk) Propose(ctx context.Context, e *Edition, text []byte) (*Proposal, error) {
	changed, anew, err := d.amend(e, text)
	if err != nil {
		return nil, err
	}
	after, err := e.masks.again(changed)
	if err != nil {
		return nil, err
	}
	raw, err := e.masks.restore(changed)
	if err != nil {
		return nil, err
	}
	checked, f := d.Checker.Check(ctx, raw, e.Tenant)
	if f != nil {
		return nil, &ops.Problem{Kind: ops.Unclear, Text: at(f) + f.Detail, Hint: f.Hint}
	}
	p := &Proposal{Diff: e.difference(line(after)),
		message: message{stream: events.StreamOf(checked.Type), subject: checked.Subject, header: map[string][]string{}, raw: raw, edited: true, anew: anew}}
	p.Result, err = d.prospect(ctx, e.View, raw, anew)
	p.EventID, p.Type = checked.ID, string(checked.Type)
	return p, err
}

// difference is what a new text changes; empty where that is nothing.
func (e *Edition) difference(after []byte) string {
	_, lines, _ := strings.Cut(string(diff.Diff("dead letter "+number(e.Sequence), e.Text, "new event", after)), "\n")
	return lines // without the line that only names both
}

// prospect is what would come of a corrected letter. What would change nothing, or put an older state back, is said;
// what must not be done is refused.
func (d *Desk) prospect(ctx context.Context, v View, raw []byte, anew bool) (Result, error) {
	event, err := events.Decode(raw)
	if err != nil {
		return Result{}, fault.Wrap(fault.Internal, "an event that was checked can not be read", err)
	}
	if !anew {
		byAge := v
		byAge.Reason = "" // one that was stale is so by its age
		if o, old, err := d.tooOld(ctx, byAge, event); old || err != nil {
			return Result{}, orRefused(o, err)
		}
	}
	o, err := d.effect(ctx, v, event)
	if err != nil || o.verdict == Begun {
		return Result{}, orRefused(o, err)
	}
	return v.result(o), nil
}

func orRefused(o outlook, err error) error {
	if err != nil {
		return err
	}
	return &ops.Problem{Kind: ops.Refused, Text: o.detail, Hint: o.hint}
}

// Publish publishes a corrected letter as a new event.
func (d *Desk) Publish(ctx context.Context, e *Edition, p *Proposal, by By) (Result, error) {
	if err := by.Check(); err != nil {
		return p.Result, err
	}
	return d.publish(ctx, e.View, e.acts, by, p.message, p.Result)
}
