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
	m := c.meter(progressbar.OptionShowBytes(true))
	tell = func(l ops.Line) error {
		if !l.OK {
			m.makeWay()
		}
		return c.line(l)
	}
	return io.TeeReader(in, &reading{meter: m, all: size(in)}), tell, m.done
}

// reading is told what was read.
type reading struct {
	*meter

	read, all int64
}

func (r *reading) Write(p []byte) (int, error) {
	r.read += int64(len(p))
	r.at("publishing", r.read, r.all)
	return len(p), nil
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
	meter *meter
	began time.Time
	told  time.Time
}

func (c *command) searching() *search {
	return &search{c: c, began: time.Now(), told: time.Now(),
		meter: c.meter(progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionSetItsString("messages"))}
}

// tell hears of a stream how many of its messages were read.
func (s *search) tell(stream string, read, all uint64) {
	if time.Since(s.began) < searchTold/4 {
		return
	}
	s.meter.at("reading "+stream, int64(read), int64(all))
	if !s.meter.seen && time.Since(s.told) >= searchTold {
		s.told = time.Now()
		fmt.Fprintf(s.c.err, "holdfast: read %d of %d messages of %s\n", read, all, stream)
	}
}

func (s *search) done() { s.meter.done() }
