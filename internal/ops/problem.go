package ops

import "fmt"

// Kind says what stands in the way of what was asked for.
type Kind uint8

// The kinds of Problem.
const (
	NotFound Kind = iota + 1 // there is no such thing
	Refused                  // it is there, and it can not be done with it
	Unclear                  // what was asked for does not say which, or does not make sense
	Waiting                  // it was asked for, and has not happened in time
)

// Problem is an answer that an operator did not want, in words for people.
type Problem struct {
	Kind Kind
	Text string
	Hint string // a command that runs, where there is one
}

// Error is the text.
func (p *Problem) Error() string { return p.Text }

func problem(kind Kind, hint, format string, args ...any) *Problem {
	return &Problem{Kind: kind, Hint: hint, Text: fmt.Sprintf(format, args...)}
}
