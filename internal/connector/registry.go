package connector

import (
	"fmt"
	"maps"
	"slices"
)

// Registry finds connectors by name. It does not change once it is made.
type Registry struct{ byName map[string]Connector }

// NewRegistry holds the given connectors; two of one name are an error.
func NewRegistry(connectors ...Connector) (*Registry, error) {
	r := &Registry{byName: make(map[string]Connector, len(connectors))}
	for _, c := range connectors {
		if _, ok := r.byName[c.Name()]; ok {
			return nil, fmt.Errorf("connector %q is registered twice", c.Name())
		}
		r.byName[c.Name()] = c
	}
	return r, nil
}

// Lookup finds a connector by its name.
func (r *Registry) Lookup(name string) (Connector, bool) {
	c, ok := r.byName[name]
	return c, ok
}

// Names lists the connectors' names, sorted.
func (r *Registry) Names() []string { return slices.Sorted(maps.Keys(r.byName)) }
