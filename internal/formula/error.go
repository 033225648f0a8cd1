package formula

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"holdfast/internal/nearest"
)

// Error is what is wrong with a formula, or with evaluating it, and where. It holds no value of a record and
// none of a user's attributes: kinds, and the formula's own text.
type Error struct {
	Offset int // in the formula's text, in bytes
	Line   int // from 1
	Column int // from 1, in characters
	// Detail is one sentence: what is wrong, and what to write instead.
	Detail string

	text  string
	cause error
}

// Error is the place and what is wrong there.
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Line, e.Column, e.Detail)
}

// Unwrap is the cause, if there is one; its text is never shown.
func (e *Error) Unwrap() error { return e.cause }

// errorAt places what is wrong in the text.
func errorAt(text string, offset int, err error) *Error {
	before := text[:offset]
	line := strings.Count(before, "\n")
	column := utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:])
	e := &Error{Offset: offset, Line: line + 1, Column: column + 1, text: text}
	var why refusal
	if errors.As(err, &why) {
		e.Detail = string(why)
		return e
	}
	e.Detail, e.cause = "this could not be evaluated: an unexpected error, whose text is withheld", err
	return e
}

// refusal is why a value or a part of a formula is not taken, in words that may be shown.
type refusal string

func (r refusal) Error() string { return string(r) }

func failf(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

// list is words for people: a, b or c.
func list(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " or " + words[last]
}

// short is a word of the formula in a message about it.
func short(word string) string {
	if runes := []rune(word); len(runes) > 40 {
		return string(runes[:40]) + "…"
	}
	return word
}

// closest is the known word that was probably meant; empty where none is near. A third of the letters may be off: who
// comes from another language writes LOWERCASE for LOWER.
func closest(word string, known []string) string {
	return nearest.Word(word, known, len(word)/3+1)
}
