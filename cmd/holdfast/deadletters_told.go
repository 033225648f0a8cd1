package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/schollz/progressbar/v3"

	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

// told is what came of letters so far.
type told struct {
	*command
	*handling

	verb    string
	bar     func()
	waiting []letters.Result // retried, and not answered yet
	results []letters.Result // of the others, and of those that were answered
}

// carryOut does something with letters, waits to see what workers make of it, and tells.
func (t *told) carryOut(ctx context.Context, desk *letters.Desk, do func() error) error {
	before := desk.Clock.Now()
	err := do()
	if err == nil && len(t.waiting) > 0 {
		err = desk.Follow(ctx, t.waiting, before, t.wait, t.tellAnswer)
	}
	return t.end(err)
}

// tell takes a result in; one that a worker has yet to answer is told later.
func (t *told) tell(r letters.Result) error {
	t.bar()
	if r.Done && r.Published != nil && !t.noWait {
		t.waiting = append(t.waiting, r)
		return nil
	}
	return t.say(r)
}

// tellAnswer takes in what a worker made of a letter.
func (t *told) tellAnswer(r letters.Result) error {
	t.waiting = slices.DeleteFunc(t.waiting, func(w letters.Result) bool { return w.Letter == r.Letter })
	return t.say(r)
}

func (t *told) say(r letters.Result) error {
	t.results = append(t.results, r)
	if t.json {
		return t.object(r)
	}
	return nil
}

// end prints what people are told, and gives the command's error. What is still waiting when the command ends is told
// as it is.
func (t *told) end(err error) error {
	for _, r := range t.waiting {
		err = errors.Join(err, t.say(r))
	}
	if !t.json {
		t.print()
	}
	done := slices.ContainsFunc(t.results, func(r letters.Result) bool { return r.Done })
	switch {
	case err != nil:
		return err
	case !t.yes:
		return nil
	case !done && len(t.results) == 1:
		return &ops.Problem{Kind: ops.Refused, Text: "not " + t.verb + ": " + t.results[0].Detail, Hint: t.results[0].Hint}
	case !done:
		return &ops.Problem{Kind: ops.Refused, Text: "none of them was " + t.verb, Hint: "holdfast deadletters list --each"}
	case slices.ContainsFunc(t.results, letters.Result.Failed):
		return errTold
	default:
		return nil
	}
}

func (t *told) print() {
	if t.each || len(t.results) == 1 {
		rows := make([]table.Row, 0, len(t.results))
		for _, r := range t.results {
			rows = append(rows, table.Row{r.Letter, r.Tenant, r.Reason, t.word(r), r.Detail, r.Hint})
		}
		t.table(table.Row{"letter", "tenant", "reason", "what", "detail", "what to do"}, rows)
	} else {
		t.table(table.Row{"letters", "what", "such as", "detail", "what to do"}, t.summary())
	}
	switch {
	case t.yes:
	case slices.ContainsFunc(t.results, func(r letters.Result) bool { return r.Verdict.Retries() }):
		fmt.Fprintln(t.out, "nothing was done: add --yes to have done what can be")
	default:
		fmt.Fprintln(t.out, "nothing was done, and nothing can be")
	}
}

// summary is how many letters came to the same, the most first, with one for an example.
func (t *told) summary() []table.Row {
	type class struct {
		word    string
		n       int
		example letters.Result
	}
	var classes []class
	for _, r := range t.results {
		word := t.word(r)
		i := slices.IndexFunc(classes, func(c class) bool { return c.word == word })
		if i < 0 {
			i, classes = len(classes), append(classes, class{word: word, example: r})
		}
		classes[i].n++
	}
	slices.SortStableFunc(classes, func(a, b class) int { return cmp.Compare(b.n, a.n) })
	rows := make([]table.Row, 0, len(classes))
	for _, c := range classes {
		rows = append(rows, table.Row{c.n, c.word, c.example.Letter, c.example.Detail, c.example.Hint})
	}
	return rows
}

// word is what came of a letter, or would.
func (t *told) word(r letters.Result) string {
	switch {
	case r.Failed():
		return "failed again, " + strconv.Itoa(r.Tries) + " times now"
	case r.Outcome != "":
		return t.verb + ": " + r.Outcome
	case r.Done:
		return t.verb
	case !t.yes && r.Verdict.Retries():
		return "would be " + t.verb + because(r.Verdict)
	default:
		return "not " + t.verb + ": " + reasons[r.Verdict]
	}
}

func because(v letters.Verdict) string {
	if text := reasons[v]; text != "" {
		return " (" + text + ")"
	}
	return ""
}

// reasons are the verdicts in words.
var reasons = map[letters.Verdict]string{
	letters.Ready: "", letters.HasOutcome: "has its outcome", letters.Waits: "is suspended", letters.Interrupted: "goes on",
	letters.Invalid: "would be refused again", letters.Stale: "too old", letters.Begun: "begun, and nobody knows",
	letters.Overtaken: "changed since", letters.Command: "would end too much", letters.Withheld: "withheld",
	letters.Truncated: "cut", letters.Foreign: "not anybody's to publish", letters.Underway: "being retried",
	letters.Lost: "edit interrupted", letters.Over: "done with",
}

// counter shows a person how far many letters are, on stderr; each call is one more.
func (c *command) counter(all int, verb string) func() {
	if all < 100 {
		return func() {}
	}
	var n atomic.Int64
	m := c.meter(progressbar.OptionShowCount(), progressbar.OptionShowIts())
	return func() { m.at(verb, n.Add(1), int64(all)) }
}
