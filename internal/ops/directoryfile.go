package ops

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"

	"holdfast/events"
)

// maxDirectoryFile is how long a file of users and places may be.
const maxDirectoryFile = 256 << 20

// described is one user, group, role or place of a file.
type described struct {
	line int // in the file
	kind events.FactKind
	data map[string]any // the payload as it is in the file
}

// part is one section of a file.
type part struct {
	name string
	kind events.FactKind
	t    events.Type
}

// sections are the parts of a file, in the order in which they are published: what others name comes first.
var sections = []part{
	{"site_collections", events.FactSiteCollection, events.PlaceSiteCollectionUpdated},
	{"sites", events.FactSite, events.PlaceSiteUpdated},
	{"users", events.FactUser, events.DirectoryUserUpdated},
	{"groups", events.FactGroup, events.DirectoryGroupUpdated},
	{"roles", events.FactRole, events.DirectoryRoleUpdated},
}

// readDirectory reads a file of users and places: YAML with a list for each section, or JSON objects, one a
// line, each with the kind of what it describes. The error tells the line.
func readDirectory(r io.Reader) ([]described, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxDirectoryFile+1))
	if err != nil {
		return nil, fmt.Errorf("the file can not be read: %w", err)
	}
	if len(raw) > maxDirectoryFile {
		return nil, problem(Unclear, "split it: each part may be loaded alone", "the file is longer than %d bytes", maxDirectoryFile)
	}
	var all []described
	if jsonLines(raw) {
		all, err = readLines(raw)
	} else {
		all, err = readSections(raw)
	}
	slices.SortStableFunc(all, func(a, b described) int { return cmp.Compare(orderOf(a.kind), orderOf(b.kind)) })
	return all, err
}

func orderOf(kind events.FactKind) int {
	for i, s := range sections {
		if s.kind == kind {
			return i
		}
	}
	return len(sections)
}

func readSections(raw []byte) (all []described, err error) {
	file, err := parser.ParseBytes(raw, 0)
	if err != nil {
		return nil, notYAML(err)
	}
	for _, doc := range file.Docs {
		pairs, err := pairsOf(doc.Body)
		if err != nil {
			return nil, err
		}
		for _, pair := range pairs {
			items, err := readItems(pair)
			if err != nil {
				return nil, err
			}
			all = append(all, items...)
		}
	}
	return all, nil
}

func pairsOf(n ast.Node) ([]*ast.MappingValueNode, error) {
	switch n := n.(type) {
	case nil, *ast.NullNode, *ast.CommentGroupNode:
		return nil, nil
	case *ast.MappingNode:
		return n.Values, nil
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, nil
	default:
		return nil, lineProblem(n, "lists of users, groups, roles, sites and site_collections are wanted here")
	}
}

// readItems reads one section.
func readItems(pair *ast.MappingValueNode) (all []described, err error) {
	name := pair.Key.GetToken().Value
	i := slices.IndexFunc(sections, func(s part) bool { return s.name == name })
	if i < 0 {
		return nil, lineProblem(pair.Key, "only users, groups, roles, sites and site_collections belong here")
	}
	list, ok := pair.Value.(*ast.SequenceNode)
	if !ok {
		return nil, lineProblem(pair.Value, "a list is wanted here")
	}
	for _, n := range list.Values {
		d := described{line: n.GetToken().Position.Line, kind: sections[i].kind}
		if err := yaml.NodeToValue(n, &d.data); err != nil {
			return nil, lineProblem(n, "names and values are wanted here")
		}
		all = append(all, d)
	}
	return all, nil
}

func lineProblem(n ast.Node, text string) error {
	return problem(Unclear, "docs/who-may-do-what.md shows a file", "line %d: %s", n.GetToken().Position.Line, text)
}

func notYAML(err error) error {
	if e, ok := errors.AsType[yaml.Error](err); ok && e.GetToken() != nil {
		return problem(Unclear, "", "line %d: not YAML: %s", e.GetToken().Position.Line, e.GetMessage())
	}
	return problem(Unclear, "", "the file is no YAML")
}
