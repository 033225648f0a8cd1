package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"holdfast/internal/audit"
)

// On a terminal an audit shows a bar, elsewhere lines, and programs are shown nothing.
func TestO5_AnAuditShowsHowFarItIs(t *testing.T) {
	half := audit.Progress{Stream: "HF_OUTCOMES", Done: 50, Total: 100}
	var out bytes.Buffer
	c := &command{streams: streams{err: &out}}
	told, done := c.reading(0)
	told(half)
	told(audit.Progress{Done: 100, Total: 100})
	done()
	if got, want := out.String(), "reading HF_OUTCOMES: 50 of 100\nreading is done: 100 of 100\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	out.Reset()
	told, done = c.reading(time.Hour)
	told(half)
	done()
	c.json = true
	if told, done = c.reading(0); told != nil || out.Len() > 0 {
		t.Errorf("too much is told: %q", out.String())
	}
	done()

	person, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = person.Close() }()
	c = &command{streams: streams{err: tty}}
	told, done = c.reading(0)
	told(half)
	done()
	if err := tty.Close(); err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	buf := make([]byte, 4096)
	for {
		n, err := person.Read(buf)
		shown.Write(buf[:n])
		if err != nil { // the terminal's end
			break
		}
	}
	if text := shown.String(); !strings.Contains(text, "HF_OUTCOMES") || !strings.Contains(text, "/100") {
		t.Errorf("a person sees %q", text)
	}
}
