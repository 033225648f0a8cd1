package tour

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/mattn/go-isatty"

	"holdfast/internal/dev"
)

// teller tells of the tour as it goes.
type teller interface {
	start(p dev.Places, after time.Duration)
	begin(n int, title string)
	did(line string)
	saw(line string)
	end(r Result) error
	sum(s Summary) error
}

func newTeller(o dev.Options) teller {
	if o.JSON {
		return &jsonTeller{json.NewEncoder(o.Out)}
	}
	f, ok := o.Out.(*os.File)
	_, plain := os.LookupEnv("NO_COLOR")
	return &story{out: o.Out, colours: ok && isatty.IsTerminal(f.Fd()) && !plain}
}

// jsonTeller writes one object a line: a Result for each step, then the Summary.
type jsonTeller struct{ out *json.Encoder }

func (*jsonTeller) start(dev.Places, time.Duration) {}
func (*jsonTeller) begin(int, string)               {}
func (*jsonTeller) did(string)                      {}
func (*jsonTeller) saw(string)                      {}
func (t *jsonTeller) end(r Result) error            { return t.out.Encode(r) }
func (t *jsonTeller) sum(s Summary) error           { return t.out.Encode(s) }

// story tells people.
type story struct {
	out     io.Writer
	colours bool
}

func (t *story) paint(s string, c ...text.Color) string {
	if !t.colours {
		return s
	}
	return text.Colors(c).EscapeSeq() + s + text.Reset.EscapeSeq()
}

// wide is where a line is wrapped.
const wide = 112

// line prints one thing, wrapped and indented below its mark.
func (t *story) line(mark, line string, c ...text.Color) {
	const indent = "              "
	for i, part := range strings.Split(text.WrapSoft(line, wide-len(indent)), "\n") {
		part = strings.TrimRight(part, " ") // WrapSoft fills lines up
		if i == 0 {
			fmt.Fprintf(t.out, "     %s %s\n", t.paint(fmt.Sprintf("%-8s", mark), c...), part)
			continue
		}
		fmt.Fprintf(t.out, "%s%s\n", indent, part)
	}
}

func (t *story) start(p dev.Places, after time.Duration) {
	fmt.Fprintf(t.out, "The stack was ready after %s: bus %s, Vault %s, provider %s, target %s\n",
		took(after), p.NATS, p.Vault, p.Provider, p.Target)
}

func (t *story) begin(n int, title string) {
	fmt.Fprintf(t.out, "\n%s\n", t.paint(fmt.Sprintf("%2d.  %s", n, title), text.Bold))
}

func (t *story) did(line string) { t.line("did", line, text.FgCyan) }
func (t *story) saw(line string) { t.line("saw", line, text.FgGreen) }

func (t *story) end(r Result) error {
	switch {
	case r.Broken != nil:
		t.line("BROKEN", "expected that "+r.Broken.Expected, text.FgRed, text.Bold)
		t.line("but saw", r.Broken.Seen, text.FgRed)
		t.line("look", r.Broken.Look)
	case r.Skipped != "":
		t.line("skipped", r.Skipped, text.FgYellow)
	default:
		t.line("kept", took(time.Duration(r.TookMS)*time.Millisecond), text.FgGreen, text.Bold)
	}
	return nil
}

func (t *story) sum(s Summary) error {
	word, c := "Every promise was kept", text.FgGreen
	switch {
	case !s.OK:
		word, c = "A promise was not kept", text.FgRed
	case s.Skipped > 0:
		word = "Every promise that was looked at was kept"
	}
	_, err := fmt.Fprintf(t.out, "\n%s: %d of %d steps (%d skipped), %d requests (%d completed, %d terminated, %d unknown), %d suspensions, %d dead letters, in %s.\n",
		t.paint(word, c, text.Bold), s.Kept, s.Steps, s.Skipped, s.Requests, s.Completed, s.Terminated, s.Unknown,
		s.Suspensions, s.DeadLetters, took(time.Duration(s.TookMS)*time.Millisecond))
	return err
}
