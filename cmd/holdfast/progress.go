package main

import (
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
