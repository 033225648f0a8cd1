package permission

import (
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// Set is a permission set as it is kept: its last state, and since when it is there.
type Set struct {
	events.PermissionSet

	// Created is the HF_PERMISSIONS sequence of its creation, 0 for a system set: an assignment from before is of a
	// set of the same id that was deleted, and counts for nothing.
	Created uint64 `json:"created"`

	key         table.Key
	connections table.Names[*connection]
	forces      bool            // something
	apps        map[string]bool // of a site set
}

// Asset is the set's id that is the same in every environment.
func (s *Set) Asset() string {
	if s.AssetID != "" {
		return s.AssetID
	}
	return s.ID
}

// is tells whether ref is the set's id or its asset id.
func (s *Set) is(ref string) bool { return s.ID == ref || s.AssetID == ref }

// connection is what the set grants of one; nil: nothing.
func (s *Set) connection(name table.Key) *connection {
	c, _ := s.connections.Get(name)
	return c
}

// connection is what a set grants of one.
type connection struct {
	raw     bool
	objects table.Names[*object]
	others  *object // what Any grants; nil: nothing
}

// object gives what is granted of an object; nil: nothing. Any does not stand for a name that is written in another case
// than the set writes it: some services would take it for the object that the set names.
func (c *connection) object(name table.Key) *object {
	if o, ok := c.objects.Get(name); ok {
		return o
	}
	if c.others != nil {
		for named := range c.objects.All() {
			if strings.EqualFold(named, name.Name()) {
				return nil
			}
		}
	}
	return c.others
}

// access is what may be done with a field.
type access uint8

const (
	readable access = 1 << iota
	writable
)

// operations are a set of events.DataOp.
type operations uint8

func bit(op events.DataOp) operations {
	switch op {
	case events.ReadRecords:
		return 1
	case events.CreateRecords:
		return 2
	case events.UpdateRecords:
		return 4
	case events.DeleteRecords:
		return 8
	default:
		return 0
	}
}

// object is what a set grants of one object.
type object struct {
	events.ObjectGrant

	ops      operations
	fields   table.Names[access]
	others   access   // of fields that are not named
	guarded  []string // fields that are named, forced or read by conditions: none in another case stands for them
	needs    []string
	formulas []*formula.Program
	forced   []forced
	broken   bool // a condition that can not be read lets nothing through
}

// forced is a value that a field gets.
type forced struct {
	field string
	value *formula.Program
}

// everything is what a site set without rules for objects grants.
var everything = &object{ObjectGrant: events.ObjectGrant{Object: events.Any, Operations: events.DataOps()},
	ops: 1 | 2 | 4 | 8, others: readable | writable}

// field is what is granted of a field: by its own name, by that of what it is inside of, or as one that is not named.
func (o *object) field(name string) access {
	granted, by := o.others, ""
	for at, ok := name, true; ok; at, ok = parent(at) {
		if a, named := o.fields.Get(table.KeyOf(at)); named {
			granted, by = a, at
			break
		}
	}
	if granted == 0 || by == name || !o.guards(name, by) {
		return granted
	}
	return 0
}

// guards tells whether a field, or one behind by that it is inside of, is a guarded one in another case: some services
// would take it for that one, and what is said of that one counted for nothing.
func (o *object) guards(name, by string) bool {
	return slices.ContainsFunc(o.guarded, func(g string) bool {
		for at, ok := name, true; ok && len(at) > len(by); at, ok = parent(at) {
			if twin(at, g) {
				return true
			}
		}
		return false
	})
}

// twin tells whether two names are one for a service that does not tell case.
func twin(a, b string) bool { return a != b && strings.EqualFold(a, b) }

// parent is the path of what a field is inside of.
func parent(path string) (up string, ok bool) {
	slash := strings.LastIndexByte(path, '/')
	if slash < 0 {
		return "", false
	}
	return path[:slash], true
}
