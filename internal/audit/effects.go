package audit

import (
	"bufio"
	"fmt"
	"io"
	"iter"

	"github.com/go-json-experiment/json"
)

// readEffects takes in what the target did.
func (a *auditor) readEffects() error {
	if a.Effects == nil {
		return nil
	}
	for e, err := range a.Effects {
		if err != nil {
			return err
		}
		if err := a.follows.add(fact{key: a.hash("effect", e.Key), kind: ofTheTarget, previous: uint64(max(1, e.Times))}); err != nil {
			return err
		}
	}
	return nil
}

// logLine is one line of a target's log.
type logLine struct {
	Key    string `json:"idempotency_key"`
	Effect *bool  `json:"effect"`
	Status int    `json:"status"`
}

// mostLine is the longest line of a target's log, in bytes.
const mostLine = 1 << 20

// TargetLogError is a line of a target's log that is not understood.
type TargetLogError struct {
	Line int
	Text string
}

// Error names the line, and repeats nothing of it.
func (e *TargetLogError) Error() string {
	return fmt.Sprintf("line %d of the target's log: %s", e.Line, e.Text)
}

// TargetLog reads a target's log of the requests that it got: one JSON object a line, with the Idempotency-Key as
// idempotency_key, and whether it did something as effect (true or false), or its answer's status, of which those from
// 200 to 299 mean that it did. Other members are passed over, and so are lines without a key and empty ones. What can
// not be read is a *TargetLogError.
func TargetLog(r io.Reader) iter.Seq2[Effect, error] {
	return func(yield func(Effect, error) bool) {
		lines := bufio.NewScanner(r)
		lines.Buffer(nil, mostLine)
		n := 0
		for lines.Scan() {
			n++
			e, ok, err := effectOf(lines.Bytes(), n)
			if err != nil || ok {
				if !yield(e, err) || err != nil {
					return
				}
			}
		}
		if lines.Err() != nil {
			yield(Effect{}, &TargetLogError{n + 1, "it can not be read, or is longer than 1 MiB"})
		}
	}
}

func effectOf(line []byte, n int) (Effect, bool, error) {
	if len(line) == 0 {
		return Effect{}, false, nil
	}
	var l logLine
	if json.Unmarshal(line, &l) != nil {
		return Effect{}, false, &TargetLogError{n, "wants a JSON object with idempotency_key (text) and effect (true or false) or status (a number)"}
	}
	if l.Effect == nil && l.Status == 0 {
		return Effect{}, false, &TargetLogError{n, "wants effect (true or false) or status (a number)"}
	}
	did := l.Status >= 200 && l.Status < 300
	if l.Effect != nil {
		did = *l.Effect
	}
	return Effect{Key: l.Key}, did && l.Key != "", nil
}

// Counted is what a target did, by Idempotency-Key.
func Counted(effects map[string]int) iter.Seq2[Effect, error] {
	return func(yield func(Effect, error) bool) {
		for key, times := range effects {
			if times > 0 && !yield(Effect{key, times}, nil) {
				return
			}
		}
	}
}
