// Package strictjson reads one JSON document in one pass and refuses what readers disagree about: member
// names that come twice, invalid UTF-8, bytes after the document, and nesting deep enough to hurt.
package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// ErrTooDeep is a document with more nested arrays and objects than were allowed.
var ErrTooDeep = errors.New("too deeply nested")

// ErrDuplicate is an object with the same member name twice (RFC 8259 section 4 leaves open which counts).
var ErrDuplicate = errors.New("a member name comes twice")

// Error says what is wrong with a document, and where. It never repeats a part of it.
type Error struct {
	// Err is ErrTooDeep, ErrDuplicate, or nil for plain bad syntax.
	Err error
	// Path is the member names and array indexes that lead there.
	Path []string
	// Offset is the byte at or after which it was found.
	Offset int64
}

// Error is one safe sentence.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return fmt.Sprintf("not JSON, at or after byte %d", e.Offset)
}

// Unwrap is ErrTooDeep or ErrDuplicate.
func (e *Error) Unwrap() error { return e.Err }

// Document is what was read.
type Document struct {
	// Root is nil, bool, string, float64, int64, uint64, []any or map[string]any. Numbers are whole where
	// they are written as such and fit; others are cut to what a float64 holds, so that a number like
	// 1e999999999 costs no memory: whoever needs all its digits decodes Member.
	Root any
	// Member is the raw text of the top-level member that Parse was asked to keep; nil where it is absent.
	// It shares the input's memory.
	Member []byte
}

// Parse reads the one document in raw, nested maxDepth deep at most, and keeps the raw text of the
// top-level member named keep. Its errors are *Error.
func Parse(raw []byte, maxDepth int, keep string) (Document, error) {
	p := parser{dec: jsontext.NewDecoder(bytes.NewBuffer(raw)), raw: raw, maxDepth: maxDepth, keep: keep}
	root, err := p.value()
	if err != nil {
		return Document{}, p.describe(err)
	}
	if _, err := p.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return Document{}, &Error{Offset: p.dec.InputOffset()}
	}
	return Document{Root: root, Member: p.member}, nil
}

type parser struct {
	dec      *jsontext.Decoder
	raw      []byte
	maxDepth int
	keep     string
	member   []byte
}

func (p *parser) value() (any, error) {
	kind := p.dec.PeekKind()
	if (kind == '{' || kind == '[') && p.dec.StackDepth() >= p.maxDepth {
		return nil, ErrTooDeep
	}
	token, err := p.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch token.Kind() {
	case '{':
		return p.object()
	case '[':
		return p.array()
	case '"':
		return token.String(), nil
	case '0':
		return number(token.String()), nil
	case 't', 'f':
		return token.Bool(), nil
	default:
		return nil, nil
	}
}

func (p *parser) object() (any, error) {
	top := p.dec.StackDepth() == 1
	members := make(map[string]any, 8)
	for p.dec.PeekKind() != '}' {
		token, err := p.dec.ReadToken()
		if err != nil {
			return nil, err
		}
		name := token.String()
		start := p.dec.InputOffset()
		if members[name], err = p.value(); err != nil {
			return nil, err
		}
		if top && name == p.keep {
			p.member = memberText(p.raw[start:p.dec.InputOffset()])
		}
	}
	_, err := p.dec.ReadToken()
	return members, err
}

func (p *parser) array() (any, error) {
	elements := []any{}
	for p.dec.PeekKind() != ']' {
		v, err := p.value()
		if err != nil {
			return nil, err
		}
		elements = append(elements, v)
	}
	_, err := p.dec.ReadToken()
	return elements, err
}

// memberText takes the colon and the white space off that stand between a name's end and its value.
func memberText(text []byte) []byte { return bytes.TrimLeft(text, ": \t\r\n") }

func number(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
		if u, err := strconv.ParseUint(text, 10, 64); err == nil {
			return u
		}
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil { // out of range: an infinity is no JSON value
		return math.Copysign(math.MaxFloat64, f)
	}
	return f
}

func (p *parser) describe(err error) *Error {
	out := &Error{Offset: p.dec.InputOffset()}
	pointer := p.dec.StackPointer()
	if syntax, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		pointer, out.Offset = syntax.JSONPointer, syntax.ByteOffset
		if errors.Is(syntax.Err, jsontext.ErrDuplicateName) {
			out.Err = ErrDuplicate
		}
	}
	if errors.Is(err, ErrTooDeep) {
		out.Err = ErrTooDeep
	}
	for token := range pointer.Tokens() {
		out.Path = append(out.Path, token)
	}
	return out
}
