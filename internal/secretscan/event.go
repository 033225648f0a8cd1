package secretscan

import (
	"maps"
	"slices"
	"strconv"

	"holdfast/events"
)

// InEvent looks through a structured event, as strictjson reads it, and gives the JSON pointer of the first
// place that looks like a secret. The package comment says what does.
func InEvent(t events.Type, doc any) (pointer string, found bool) {
	s := scan{rule: strict, path: make([]string, 0, maxSegments)}
	if t == events.ActionRequested {
		s.request = inData
	}
	return s.first(doc)
}

// InStored is InEvent for an event that Holdfast itself has published. It carries what is a customer's own business
// as well: a suspension's original is a request, and is held to a request's rule; what a target answered, in an
// outcome, is held to that of a request's body. A dead letter's original, which is no JSON, is passed over: see
// FoundKept.
func InStored(t events.Type, doc any) (pointer string, found bool) {
	s := scan{rule: strict, path: make([]string, 0, maxSegments)}
	s.response = t.Noun() == "action"
	s.letter = t == events.DeadLetter
	if t.Noun() == "suspension" {
		s.request = inOriginal
	}
	return s.first(doc)
}

func (s *scan) first(doc any) (pointer string, found bool) {
	if !s.value(doc) {
		return "", false
	}
	return Pointer(s.path...), true
}

// A rule says how much is refused in a part of an event.
type rule uint8

const (
	strict  rule = iota // secret names, also in URLs' queries, and secret-looking strings
	outward             // secret-looking strings: an action's url, path and query
	headers             // like outward, and no header that authenticates
	free                // private keys and Vault tokens only
)

// Where an action request's payload is in a document: how many names deep.
const (
	inData     = 1 // /data
	inOriginal = 2 // /data/original
)

// scan walks a document; path is where it is, and where it stopped when something was found.
type scan struct {
	rule     rule
	request  int  // inData, inOriginal, or 0: there is none
	response bool // /data/response is what a target answered
	letter   bool // /data/original is a dead letter's
	path     []string
}

func (s *scan) value(v any) bool {
	switch v := v.(type) {
	case string:
		return s.text(v)
	case map[string]any:
		return s.object(v)
	case []any:
		return s.array(v)
	default:
		return false
	}
}

func (s *scan) text(v string) bool {
	switch s.rule {
	case free:
		return everywhereSecret(v)
	case strict:
		return LooksSecret(v) || secretQuery(v)
	default:
		return LooksSecret(v)
	}
}

// object goes through the members in whatever order, and once more in order of their names where something
// was found, so that the same event is always told the same pointer and a clean one costs no sorting.
func (s *scan) object(members map[string]any) bool {
	depth := len(s.path)
	for name, v := range members {
		if s.member(name, v) {
			return s.firstMember(members, depth)
		}
	}
	return false
}

func (s *scan) firstMember(members map[string]any, depth int) bool {
	for _, name := range slices.Sorted(maps.Keys(members)) {
		s.path = s.path[:depth]
		if s.member(name, members[name]) {
			return true
		}
	}
	return false
}

func (s *scan) member(name string, v any) bool {
	before := s.rule
	s.path = append(s.path, name)
	if s.letter && s.at("data", "original") {
		s.path = s.path[:len(s.path)-1]
		return false
	}
	if s.refusesName(name) && holdsValue(v) || s.text(name) {
		return true
	}
	s.rule = s.ruleWithin(name)
	if s.value(v) {
		s.rule = before
		return true
	}
	s.rule = before
	s.path = s.path[:len(s.path)-1]
	return false
}

func (s *scan) array(elements []any) bool {
	for i, v := range elements {
		s.path = append(s.path, strconv.Itoa(i))
		if s.value(v) {
			return true
		}
		s.path = s.path[:len(s.path)-1]
	}
	return false
}

func (s *scan) refusesName(name string) bool {
	switch s.rule {
	case strict:
		return NamesSecret(name)
	case headers:
		return authenticates(name)
	default:
		return false
	}
}

// ruleWithin is the rule for the value of the member that path now ends in.
func (s *scan) ruleWithin(name string) rule {
	switch {
	case s.response && s.at("data", "response"):
		return free
	case s.request == 0 && s.rule == strict && name == "headers": // a connection's settings have them, too
		return headers
	case s.request == 0:
		return s.rule
	case s.isInput():
		return free
	case len(s.path) != s.request+3 || s.rule != free:
		return s.rule
	}
	switch name {
	case "headers":
		return headers
	case "url", "path", "query":
		return outward
	default:
		return free
	}
}

// isInput tells whether path ends in a request's input: …/action/input.
func (s *scan) isInput() bool {
	if s.request == inOriginal {
		return s.at("data", "original", "action", "input")
	}
	return s.at("data", "action", "input")
}

func (s *scan) at(path ...string) bool { return slices.Equal(s.path, path) }

// holdsValue tells whether v is something that could be a secret: not null, not empty, not true or false.
func holdsValue(v any) bool {
	switch v := v.(type) {
	case nil, bool:
		return false
	case string:
		return v != ""
	case map[string]any:
		return anyValue(maps.Values(v))
	case []any:
		return anyValue(slices.Values(v))
	default:
		return true
	}
}

func anyValue(values func(yield func(any) bool)) bool {
	for v := range values {
		if holdsValue(v) {
			return true
		}
	}
	return false
}
