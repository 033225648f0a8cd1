package letters

import (
	"bytes"
	"errors"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/secretscan"
)

// Page is a message for people to look at, with what is wrong under the line where it is.
type Page struct {
	Lines []string
	// Line is the index of the line that is wrong, -1 where none is to blame; Column is where in it, in bytes.
	Line, Column int
	// Note is what is wanted there.
	Note string
}

// Render shows a letter's message: JSON one member a line, anything else as it is, what could be a secret masked.
func Render(v View) Page {
	var m masking
	text, ok := m.show(v.structured())
	if !ok {
		return v.plain()
	}
	p := Page{Lines: strings.Split(string(text), "\n"), Line: -1, Note: v.Detail}
	path := pointerPath(v.Field)
	if len(path) == 0 {
		return p
	}
	at := locate(text)
	for depth := len(path); depth >= 0; depth-- {
		offset, found := at[pointer(path[:depth])]
		if !found {
			continue
		}
		p.Line, p.Column = position(text, offset)
		if depth < len(path) {
			p.Note = strings.Join(path[depth:], "/") + ": " + v.Detail
		}
		break
	}
	return p
}

const notShown = "(not shown: it seems to hold a secret)"

// withheld tells that nothing is shown.
func (p Page) withheld() bool { return len(p.Lines) == 1 && p.Lines[0] == notShown }

// plain shows what is no JSON, with a mark where reading it ended.
func (v View) plain() Page {
	if secretscan.Found(v.Original) {
		return Page{Lines: []string{notShown}, Line: -1}
	}
	p := Page{Lines: strings.Split(string(v.Original), "\n"), Line: -1, Note: v.Detail}
	if v.Truncated || !utf8.Valid(v.Original) || len(v.Headers) > 0 {
		return p
	}
	dec := jsontext.NewDecoder(bytes.NewReader(v.Original))
	var err error
	for err == nil {
		err = dec.SkipValue()
	}
	if bad, ok := errors.AsType[*jsontext.SyntacticError](err); ok {
		p.Line, p.Column = position(v.Original, int(bad.ByteOffset))
	}
	return p
}

// locate finds where in a text that secretscan.Mask wrote each value begins, by its JSON pointer.
func locate(text []byte) map[string]int {
	at := map[string]int{}
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	for {
		before := int(dec.InputOffset())
		token, err := dec.ReadToken()
		if err != nil {
			return at
		}
		if kind := token.Kind(); kind == '}' || kind == ']' {
			continue
		}
		name := string(dec.StackPointer())
		if begin := before + len(text[before:]) - len(bytes.TrimLeft(text[before:], " \n:,")); at[name] == 0 || !isName(dec) {
			at[name] = begin // a member's name first, and then its value
		}
	}
}

// isName tells whether the last token was a member's name.
func isName(dec *jsontext.Decoder) bool {
	kind, length := dec.StackIndex(dec.StackDepth())
	return kind == '{' && length%2 == 1
}

// position is the line and the column, in bytes, of an offset.
func position(text []byte, offset int) (line, column int) {
	before := text[:min(offset, len(text))]
	return bytes.Count(before, []byte("\n")), len(before) - bytes.LastIndexByte(before, '\n') - 1
}

func pointerPath(field string) []string {
	if field == "" {
		return nil
	}
	path := strings.Split(strings.TrimPrefix(field, "/"), "/")
	for i, segment := range path {
		path[i] = strings.NewReplacer("~1", "/", "~0", "~").Replace(segment)
	}
	return path
}

// pointer is the JSON pointer of a path, as package jsontext writes it.
func pointer(path []string) string {
	var p jsontext.Pointer
	for _, segment := range path {
		p = p.AppendToken(segment)
	}
	return string(p)
}
