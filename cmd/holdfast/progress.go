package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"holdfast/internal/ops"
)

// progress shows a person how far reading is, on stderr. Where the lines themselves go to the same terminal, they are
// progress enough.
func (c *command) progress(in io.Reader) (counted io.Reader, tell func(ops.Line) error, done func()) {
	if !terminal(c.err) || terminal(c.out) {
		return in, c.line, func() {}
	}
	return c.bar(in)
}

// bar counts what is read of in.
func (c *command) bar(in io.Reader) (counted io.Reader, tell func(ops.Line) error, done func()) {
	bar := progressbar.NewOptions64(size(in), progressbar.OptionSetWriter(c.err), progressbar.OptionSetDescription("publishing"),
		progressbar.OptionShowBytes(true), progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())
	tell = func(l ops.Line) error {
		if !l.OK {
			_ = bar.Clear() // the line takes its place; drawing is best effort
		}
		return c.line(l)
	}
	return io.TeeReader(in, bar), tell, func() { _ = bar.Clear(); _ = bar.Exit() }
}

// size is how much there is to read; -1 where nobody knows.
func size(in io.Reader) int64 {
	if f, ok := in.(*os.File); ok {
		if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
			return info.Size()
		}
	}
	return -1
}

// searchTold is after how long of a search people are told, and how often.
const searchTold = 2 * time.Second

// search shows how far reading through streams is, on stderr: a bar at a terminal, else a line now and then. A search
// that is over within moments shows nothing.
type search struct {
	c     *command
	bar   *progressbar.ProgressBar // nil: no terminal
	began time.Time
	told  time.Time
}

func (c *command) searching() *search {
	s := &search{c: c, began: time.Now(), told: time.Now()}
	if terminal(c.err) {
		s.bar = progressbar.NewOptions64(-1, progressbar.OptionSetWriter(c.err), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"), progressbar.OptionClearOnFinish())
	}
	return s
}

// tell hears of a stream how many of its messages were read.
func (s *search) tell(stream string, read, all uint64) {
	if time.Since(s.began) < searchTold/4 {
		return
	}
	if s.bar != nil {
		s.bar.Describe("reading " + stream)
		s.bar.ChangeMax64(int64(all))
		_ = s.bar.Set64(int64(read)) // drawing is best effort
		return
	}
	if time.Since(s.told) >= searchTold {
		s.told = time.Now()
		fmt.Fprintf(s.c.err, "holdfast: read %d of %d messages of %s\n", read, all, stream)
	}
}

func (s *search) done() {
	if s.bar != nil {
		_ = s.bar.Clear()
		_ = s.bar.Exit()
	}
}
