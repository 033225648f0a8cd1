package top

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"

	"holdfast/internal/ops"
)

// View is how a snapshot is shown.
type View struct {
	Width, Height int // Height 0: as many lines as there are
	Colour        bool
	Title         string // where one looks
	Footer        string // what one can do
}

const (
	smallest = 80 // the width that everything is laid out for
	roomy    = 30 // the height from which there are empty lines
)

// Render is the snapshot as lines of at most Width columns, and at most Height of them. Nothing that came from the bus
// or a worker reaches a terminal as it is.
func (v View) Render(s Snapshot) string {
	v.Width = max(v.Width, 1)
	lines := []string{v.bold(v.title(s))}
	blocks := [][]string{v.rates(s), v.beside(v.consumers(s), v.stages(s))}
	if r := v.retries(s); len(r) > 0 {
		blocks = append(blocks, r)
	}
	for _, block := range append(blocks, nil) {
		if v.Height == 0 || v.Height >= roomy {
			lines = append(lines, "")
		}
		lines = append(lines, block...)
	}
	var footer []string
	if v.Footer != "" {
		footer = []string{v.Footer}
	}
	below := append(v.health(s, v.forHealth(len(lines)+len(footer))), footer...)
	broken, deadlines := v.room(len(lines)+len(below), s)
	lines = append(lines, v.broken(s, broken)...)
	lines = append(lines, v.deadlines(s, deadlines)...)
	lines = v.fill(lines, below)
	for i, l := range lines {
		lines[i] = v.cut(l)
	}
	return strings.Join(lines, "\n")
}

// fill puts the last lines at the bottom of the screen, and takes away from what is above them where it does not fit.
func (v View) fill(lines, below []string) []string {
	if v.Height == 0 {
		return append(lines, below...)
	}
	below = below[max(0, len(below)-v.Height):]
	room := v.Height - len(below)
	lines = lines[:min(len(lines), room)]
	return slices.Concat(lines, make([]string, room-len(lines)), below)
}

// What connections and deadlines have on a screen of 80 columns and 24 lines, whatever else there is to say.
const (
	usual          = 24
	leastBroken    = 3
	leastDeadlines = 2
)

// forHealth is how many lines there are for health, where so many are taken.
func (v View) forHealth(taken int) int {
	if v.Height < usual {
		return mostHealth
	}
	return max(2, min(mostHealth, v.Height-taken-2-leastBroken-leastDeadlines))
}

// room shares what is left of the height: three lines for connections to two for deadlines, and the unused ones of
// either for the other.
func (v View) room(taken int, s Snapshot) (broken, deadlines int) {
	broken, deadlines = len(s.Broken), len(s.Deadlines)
	if v.Height == 0 {
		return broken, deadlines
	}
	left := max(0, v.Height-taken-2) // two headings
	share := max(left*3/5, left-deadlines)
	broken = min(broken, share)
	return broken, min(deadlines, left-broken)
}

// cut is a line within the width. Ids are printable; what workers say of themselves was made so.
func (v View) cut(line string) string { return strings.TrimRight(text.Trim(line, v.Width), " ") }

func (v View) bold(s string) string {
	if !v.Colour {
		return s
	}
	return text.Bold.Sprint(s)
}

func (v View) red(s string, trouble bool) string {
	if !v.Colour || !trouble {
		return s
	}
	return text.FgRed.Sprint(s)
}

func (v View) title(s Snapshot) string {
	t := "holdfast top  " + ops.Printable(v.Title) + "  " + ops.At(s.At)
	if s.Tenant != "" {
		t += "  tenant " + s.Tenant
	}
	if s.Reading {
		t += "  (reading)"
	}
	return t
}

// ratesInLine is how many rates stand in one line.
const ratesInLine = 4

func (v View) rates(s Snapshot) []string {
	if len(s.Rates) == 0 {
		return []string{v.bold("PER SECOND") + "  a moment, please", ""}
	}
	about := ""
	if s.Partial {
		about = "~"
	}
	var lines []string
	for i := 0; i < len(s.Rates); i += ratesInLine {
		line := v.bold(pad(map[bool]string{true: "PER SECOND"}[i == 0], 12))
		for _, r := range s.Rates[i:min(i+ratesInLine, len(s.Rates))] {
			line += pad(fmt.Sprintf("%s %s%.1f", r.What, about, r.PerSecond), 17)
		}
		lines = append(lines, line)
	}
	return lines
}

func (v View) consumers(s Snapshot) []string {
	lines := []string{v.bold(fmt.Sprintf("%-12s%9s%9s%8s", "CONSUMER", "LAG", "OPEN", "AGAIN"))}
	for _, c := range s.Consumers {
		lines = append(lines, v.red(fmt.Sprintf("%-12s%9s%9s%8s", c.Name, count(c.Lag), count(uint64(c.Open)), count(uint64(c.Again))), c.Trouble))
	}
	return lines
}

// column is how wide the left of two columns is.
const column = 41

// beside puts two blocks next to each other.
func (v View) beside(left, right []string) []string {
	var lines []string
	for i := range max(len(left), len(right)) {
		var l, r string
		if i < len(left) {
			l = left[i]
		}
		if i < len(right) {
			r = right[i]
		}
		lines = append(lines, pad(l, column)+r)
	}
	return lines
}

func (v View) broken(s Snapshot, n int) []string {
	wide := v.nameWidth()
	lines := []string{v.bold(pad(fmt.Sprintf("BROKEN CONNECTIONS %s", count(uint64(s.BrokenTotal))), wide) + fmt.Sprintf("%9s  %-22s%s", "WAITING", "WHY", "SINCE"))}
	for _, b := range s.Broken[:n] {
		why, since := b.Reason, ""
		if why == "" {
			why = b.State
		}
		if b.Since != nil {
			since = ops.Span(s.At.Sub(*b.Since)) + " ago"
		}
		lines = append(lines, pad(text.Trim(b.Tenant+"/"+b.Connection, wide-1), wide)+
			v.red(fmt.Sprintf("%9s", count(uint64(b.Waiting))), b.Waiting > 0)+fmt.Sprintf("  %-22s%s", ops.Printable(why), since))
	}
	return lines
}

func (v View) deadlines(s Snapshot, n int) []string {
	wide := v.nameWidth()
	lines := []string{v.bold(pad(fmt.Sprintf("NEXT DEADLINES, OF %s SUSPENDED", count(uint64(s.SuspendedTotal))), wide) + fmt.Sprintf("  %-29s%s", "RUN", "IN"))}
	for _, d := range s.Deadlines[:n] {
		left := d.TerminatesAt.Sub(s.At)
		in := "now"
		if left > 0 {
			in = ops.Span(left)
		}
		lines = append(lines, pad(text.Trim(d.Tenant+"/"+d.Connection, wide-1), wide)+"  "+pad(text.Trim(d.Run, 28), 29)+v.red(in, left < soon))
	}
	return lines
}

// soon is when a deadline is shown as trouble.
const soon = time.Hour

// nameWidth is how wide tenant and connection may be.
func (v View) nameWidth() int { return 36 + max(0, v.Width-smallest) }

func pad(s string, width int) string { return text.Pad(s, width, ' ') }

// count is a number with its thousands apart.
func count(n uint64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// latency is seconds for people; empty where nothing was observed.
func latency(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	switch {
	case d <= 0:
		return "–"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < 10*time.Millisecond:
		return fmt.Sprintf("%.1fms", float64(d)/float64(time.Millisecond))
	case d < time.Second:
		return fmt.Sprintf("%dms", d.Milliseconds())
	default:
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
}
