package catalog

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

// Problem is one mistake in a type's file.
type Problem struct {
	Place string `json:"place"`         // file:line:column
	Key   string `json:"key,omitempty"` // such as auth[0].token_url
	Text  string `json:"text"`          // what is wrong
}

// String is the problem in one line.
func (p Problem) String() string {
	if p.Key == "" {
		return p.Place + ": " + p.Text
	}
	return p.Place + ": " + p.Key + ": " + p.Text
}

// Error is all mistakes that were found in types' files.
type Error struct{ Problems []Problem }

// Error lists the problems, one a line.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// source is a file as it was parsed, to tell where something stands.
type source struct {
	name string
	body ast.Node
}

// problem names what is at path (member names and indices), or the nearest that is there.
func (s source) problem(text string, path ...string) Problem {
	key, at := "", s.body
	line, column := position(at)
	for _, step := range path {
		if _, err := strconv.Atoi(step); err == nil {
			key += "[" + step + "]"
		} else {
			key += "." + step
		}
		var where ast.Node
		if where, at = child(at, step); where != nil {
			line, column = position(where)
		}
	}
	return Problem{Place: fmt.Sprintf("%s:%d:%d", s.name, line, column), Key: strings.TrimPrefix(key, "."), Text: text}
}

func position(n ast.Node) (line, column int) {
	if n == nil || n.GetToken() == nil || n.GetToken().Position == nil {
		return 1, 1
	}
	at := n.GetToken().Position
	return at.Line, at.Column
}

// child is where a member or an element begins, and its value; nil where there is none.
func child(n ast.Node, step string) (where, value ast.Node) {
	switch n := n.(type) {
	case *ast.MappingNode:
		for _, pair := range n.Values {
			if pair.Key.GetToken().Value == step {
				return pair.Key, pair.Value
			}
		}
	case *ast.MappingValueNode:
		if n.Key.GetToken().Value == step {
			return n.Key, n.Value
		}
	case *ast.SequenceNode:
		if i, err := strconv.Atoi(step); err == nil && i >= 0 && i < len(n.Values) {
			return first(n.Values[i]), n.Values[i]
		}
	}
	return nil, nil
}

// first is the node that an element begins with: a mapping's own token is the colon behind its first key.
func first(n ast.Node) ast.Node {
	switch m := n.(type) {
	case *ast.MappingNode:
		if len(m.Values) > 0 {
			return m.Values[0].Key
		}
	case *ast.MappingValueNode:
		return m.Key
	}
	return n
}
