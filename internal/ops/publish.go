package ops

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Line is what came of one line of a file of events.
type Line struct {
	Number   int         `json:"line"`
	OK       bool        `json:"ok"`
	Subject  string      `json:"subject,omitempty"`
	ID       string      `json:"event_id,omitempty"`
	Type     events.Type `json:"type,omitempty"`
	Sequence uint64      `json:"sequence,omitempty"` // 0 in a dry run
	Reason   string      `json:"reason,omitempty"`   // not ok: why
	Pointer  string      `json:"pointer,omitempty"`  // not ok: where in the event
	Detail   string      `json:"detail,omitempty"`
	Hint     string      `json:"hint,omitempty"`
}

// PublishOptions says how a file is published.
type PublishOptions struct {
	Tenant          string // for events that do not name one; those that name another are refused
	ContinueOnError bool
}

// Publish checks and publishes the events of r, one a line, and tells of each; empty lines are passed
// over. A nil Publisher makes a dry run. It stops at the first line that is refused, unless told to go on;
// the error is a bus that fails, or r's own. The numbers are those of good and refused lines.
func Publish(ctx context.Context, r io.Reader, c *Checker, p Publisher, o PublishOptions, tell func(Line) error) (good, refused int, err error) {
	lines := bufio.NewReaderSize(r, 64<<10)
	for number := 1; ; number++ {
		raw, tooLong, err := readLine(lines)
		if errors.Is(err, io.EOF) {
			return good, refused, nil
		}
		if err != nil {
			return good, refused, fmt.Errorf("line %d can not be read: %w", number, err)
		}
		if len(bytes.TrimSpace(raw)) == 0 && !tooLong {
			continue
		}
		line, err := publishLine(ctx, raw, c, p, o.Tenant)
		line.Number = number
		if err := errors.Join(tell(line), err); err != nil {
			return good, refused, err
		}
		if line.OK {
			good++
			continue
		}
		if refused++; !o.ContinueOnError {
			return good, refused, nil
		}
	}
}

func publishLine(ctx context.Context, raw []byte, c *Checker, p Publisher, tenant string) (Line, error) {
	checked, f := c.Check(ctx, raw, tenant)
	if f != nil {
		return refusedLine(f), nil
	}
	line := Line{OK: true, Subject: checked.Subject, ID: checked.ID, Type: checked.Type}
	if p == nil {
		return line, nil
	}
	sequence, err := p.PublishEvent(ctx, checked.Subject, checked.ID, raw)
	if err != nil {
		return refusedLine(fault.From(err)), err
	}
	line.Sequence = sequence
	return line, nil
}

func refusedLine(f *fault.Fault) Line {
	return Line{Reason: string(f.Reason), Pointer: f.Field, Detail: f.Detail, Hint: f.Hint}
}

// readLine reads one line of any length, and keeps no more of it than shows that it is too long for an
// event: a file without line ends must not fill the memory.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, more, err := r.ReadLine()
		if err != nil {
			return line, tooLong, err
		}
		if tooLong = len(line) > dispatch.MaxBytes; !tooLong {
			line = append(line, part...)
		}
		if !more {
			return line, tooLong, nil
		}
	}
}
