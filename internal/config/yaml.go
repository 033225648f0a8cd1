package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// readYAML walks the file's syntax tree rather than decoding it: so every mistake is found, not the first
// alone, and every value knows its line.
func (l *loader) readYAML(path string, raw []byte) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		l.syntaxProblem(path, err)
		return
	}
	for i, doc := range file.Docs {
		if i > 0 {
			l.problem(path, "", "the file holds more than one YAML document", "keep one")
			return
		}
		l.readSection(path, "", doc.Body)
	}
}

// syntaxProblem passes on the parser's words and the place, without the excerpt of the file that the
// error's own text holds: there may be a secret in it.
func (l *loader) syntaxProblem(path string, err error) {
	if e, ok := errors.AsType[yaml.Error](err); ok {
		l.problem(place(path, e.GetToken()), "", "not YAML: "+e.GetMessage(), "")
		return
	}
	l.problem(path, "", "not YAML", "")
}

func place(path string, t *token.Token) string {
	if t == nil || t.Position == nil {
		return path
	}
	return fmt.Sprintf("%s:%d:%d", path, t.Position.Line, t.Position.Column)
}

func (l *loader) readSection(path, prefix string, node ast.Node) {
	switch n := node.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
	case *ast.MappingNode:
		for _, pair := range n.Values {
			l.readPair(path, prefix, pair)
		}
	case *ast.MappingValueNode:
		l.readPair(path, prefix, n)
	default:
		l.problem(place(path, node.GetToken()), strings.TrimSuffix(prefix, "."),
			"a section of settings is wanted here", "write key: value lines below it")
	}
}

func (l *loader) readPair(path, prefix string, pair *ast.MappingValueNode) {
	name := pair.Key.GetToken().Value
	key, at := prefix+name, place(path, pair.Key.GetToken())
	if s, ok := byPath(l.settings, key); ok {
		l.readLeaf(s, Origin{From: "file", Place: at}, pair.Value)
		return
	}
	children := l.children(prefix)
	if slices.Contains(children, name) {
		l.readSection(path, key+".", pair.Value)
		return
	}
	l.problem(at, key, "there is no such setting", l.suggestKey(prefix, name, children))
}

// children are the keys of the section that begins with prefix.
func (l *loader) children(prefix string) []string {
	var names []string
	for _, s := range l.settings {
		if rest, ok := strings.CutPrefix(s.path, prefix); ok {
			name, _, _ := strings.Cut(rest, ".")
			names = append(names, name)
		}
	}
	return slices.Compact(names)
}

// suggestKey looks in the section first, then for a setting of that name in another section.
func (l *loader) suggestKey(prefix, name string, children []string) string {
	if near := closest(name, children); near != "" {
		return "did you mean " + prefix + near + "?"
	}
	for _, s := range l.settings {
		if strings.HasSuffix(s.path, "."+name) {
			return "did you mean " + s.path + "?"
		}
	}
	return "known here: " + strings.Join(children, ", ")
}

func (l *loader) readLeaf(s setting, from Origin, node ast.Node) {
	if seq, ok := node.(*ast.SequenceNode); ok && s.list() {
		l.readList(s, from, seq)
		return
	}
	text, ok := scalar(node)
	switch {
	case !ok:
		l.problem(from.Place, s.path, "a single value is wanted here", "write it on one line, without anchors and tags")
	case isNull(node): // as if the line were not there
	default:
		l.apply(s, from, text)
	}
}

func (l *loader) readList(s setting, from Origin, seq *ast.SequenceNode) {
	var items []string
	for _, v := range seq.Values {
		text, ok := scalar(v)
		if !ok {
			l.problem(from.Place, s.path, "a list of single values is wanted here", "")
			return
		}
		items = append(items, text)
	}
	s.setList(items)
	l.loaded.origins[s.path] = from
}

// scalar is a value's text as it was written: 007 stays 007, so that passwords need no quotes.
func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode, *ast.NullNode:
		return n.GetToken().Value, true
	default:
		return "", false
	}
}

func isNull(node ast.Node) bool {
	_, ok := node.(*ast.NullNode)
	return ok
}
