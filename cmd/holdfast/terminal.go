package main

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// hiddenLine reads a line from a terminal that does not show it. An interrupt leaves the terminal as it was.
func hiddenLine(ctx context.Context, f *os.File) (string, error) {
	fd := int(f.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	text, err := interruptible(ctx, func() (string, error) {
		line, err := term.ReadPassword(fd)
		return string(line), err
	})
	if ctx.Err() != nil {
		_ = term.Restore(fd, before) // it is all that can be done
	}
	return text, err
}

// shownLine reads a line from a terminal and nothing of the next one.
func shownLine(ctx context.Context, f *os.File) (string, error) {
	return interruptible(ctx, func() (string, error) {
		var line strings.Builder
		one := make([]byte, 1)
		for {
			n, err := f.Read(one)
			switch {
			case n > 0 && one[0] == '\n', errors.Is(err, io.EOF) && line.Len() > 0:
				return strings.TrimSuffix(line.String(), "\r"), nil
			case err != nil:
				return "", err
			}
			line.Write(one[:n])
		}
	})
}

// interruptible waits for what a person types, or for the end of the command. Nothing can end a read of a
// terminal: it is left alone then.
func interruptible(ctx context.Context, read func() (string, error)) (string, error) {
	type typed struct {
		text string
		err  error
	}
	came := make(chan typed, 1)
	go func() {
		text, err := read()
		came <- typed{text, err}
	}()
	select {
	case t := <-came:
		return t.text, t.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
