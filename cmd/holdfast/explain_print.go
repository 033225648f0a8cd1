package main

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"

	"holdfast/internal/explain"
	"holdfast/internal/ops"
)

// printStory prints a story for people, the newest last, or an object for each of its entries.
func (c *command) printStory(s *explain.Story, all bool) error {
	if c.json {
		return objects(c, s.Entries)
	}
	fmt.Fprintf(c.out, "%s\n\n", printable(title(s)))
	lines := explain.Fold(s.Entries)
	if all {
		lines = lines[:0]
		for _, e := range s.Entries {
			lines = append(lines, explain.Line{Entry: e})
		}
	}
	width := nameWidth(lines)
	var rows, advice []string
	for _, l := range lines {
		rows = append(rows, row(l.Entry, width))
		if l.Folded > 0 { // one row with those that it counts: no cut may leave it alone
			first := len(rows) - l.Block
			rows = append(rows[:first], strings.Join(append(rows[first:], folded(l)), "\n"))
		}
		for _, a := range l.Advice {
			if !slices.Contains(advice, a) {
				advice = append(advice, a)
			}
		}
	}
	if !all {
		rows = c.fitting(rows, len(advice)+3)
	}
	for r := range strings.SplitSeq(strings.Join(rows, "\n"), "\n") {
		if _, err := fmt.Fprintln(c.out, printable(r)); err != nil {
			return err
		}
	}
	c.advice(advice)
	return nil
}

// title says what the story is about, as far as its entries know.
func title(s *explain.Story) string {
	text := string(s.Kind) + " " + s.ID + " of tenant " + s.Tenant
	var e explain.Entry
	for _, o := range s.Entries {
		e.Workflow, e.Run, e.Step = cmp.Or(e.Workflow, o.Workflow), cmp.Or(e.Run, o.Run), cmp.Or(e.Step, o.Step)
	}
	switch {
	case s.Kind == explain.Run && e.Workflow != "":
		text += ": workflow " + e.Workflow
	case s.Kind == explain.Request && e.Run != "":
		text += ": run " + e.Run + ", workflow " + e.Workflow + ", step " + e.Step
	}
	return text
}

// timeWidth is that of a time for people.
const timeWidth = len("2006-01-02 15:04:05Z")

// row is one line of the time line: when, what it is about, what happened, and where that is kept.
func row(e explain.Entry, width int) string {
	at, place, more := ops.At(e.At), "", ""
	if e.Event == explain.EventNow {
		at = "now"
	}
	if e.Sequence > 0 {
		place = "  [" + e.Stream + " " + strconv.FormatUint(e.Sequence, 10) + "]"
	}
	if e.Event == explain.EventNow && e.More > 0 {
		more = fmt.Sprintf(" (and %d more)", e.More)
	}
	return fmt.Sprintf("%-*s  %-*s  %s%s%s", timeWidth, at, width, about(e), e.Text, more, place)
}

func about(e explain.Entry) string { return cmp.Or(e.Request, e.Run, e.Connection) }

// mostName is how wide the column of names gets.
const mostName = 36

func nameWidth(lines []explain.Line) (width int) {
	for _, l := range lines {
		width = max(width, min(utf8.RuneCountInString(about(l.Entry)), mostName))
	}
	return width
}

func folded(l explain.Line) string {
	what := fmt.Sprintf("%d more", l.Folded)
	if l.Block > 1 {
		what = fmt.Sprintf("these %d lines %d more times", l.Block, l.Folded)
	}
	return fmt.Sprintf("%-*s  … %s, the last at %s", timeWidth, "", what, ops.At(l.Until))
}

// fitting cuts rows from the middle until they and reserved lines are one screen; nothing where there is no terminal.
func (c *command) fitting(rows []string, reserved int) []string {
	f, ok := c.out.(*os.File)
	if !ok || !terminal(c.out) {
		return rows
	}
	width, height, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return rows
	}
	return cutTo(rows, width, height-reserved)
}

// head is how many of the first rows are kept: how it began.
const head = 2

// cutTo keeps the first rows and as many of the last as fit; rows longer than a line take several, and a row may be
// several lines that stay together.
func cutTo(rows []string, width, height int) []string {
	room := height - 1
	for _, r := range rows[:min(head, len(rows))] {
		room -= lines(r, width)
	}
	last := len(rows)
	for last > head && room >= lines(rows[last-1], width) {
		last--
		room -= lines(rows[last], width)
	}
	if last <= head || len(rows) <= head {
		return rows
	}
	last = min(last, len(rows)-1) // how it stands now is always shown
	out := strings.Count(strings.Join(rows[head:last], "\n"), "\n") + 1
	cut := fmt.Sprintf("%s  … %d lines left out; --all shows them", strings.Repeat(" ", timeWidth), out)
	return slices.Concat(rows[:head], []string{cut}, rows[last:])
}

// lines is how many lines of the screen a row takes.
func lines(row string, width int) (n int) {
	for line := range strings.SplitSeq(row, "\n") {
		n += max(1, (utf8.RuneCountInString(line)+width-1)/width)
	}
	return n
}

// newLine prints what is new in a story that is followed.
func (c *command) newLine(s *explain.Story) func(explain.Entry) error {
	width := nameWidth(explain.Fold(s.Entries))
	return func(e explain.Entry) error {
		if c.json {
			return c.object(e)
		}
		if e.Mark() {
			return nil
		}
		width = max(width, nameWidth([]explain.Line{{Entry: e}}))
		_, err := fmt.Fprintln(c.out, printable(row(e, width)))
		c.advice(e.Advice)
		return err
	}
}
