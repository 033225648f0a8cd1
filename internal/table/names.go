package table

import (
	"cmp"
	"hash/maphash"
	"iter"
	"slices"
)

// Key is a name that is ready to be looked for: two are told apart without reading them.
type Key struct {
	hash uint64
	name string
}

// KeyOf makes a key of a name.
func KeyOf(name string) Key { return Key{maphash.String(seed, name), name} }

// Name is the key's name.
func (k Key) Name() string { return k.name }

// Is tells whether two keys are of the same name.
func (k Key) Is(other Key) bool { return k.hash == other.hash && k.name == other.name }

// Bucket is the same number below n for the same name.
func (k Key) Bucket(n uint64) uint64 { return k.hash % n }

// Insert is a list in order of names with another key in it.
func Insert(list []Key, k Key) []Key {
	i, _ := slices.BinarySearchFunc(list, k, func(a, b Key) int { return cmp.Compare(a.name, b.name) })
	return slices.Insert(slices.Clone(list), i, k)
}

// Names is a map that is made once, of few names mostly. The zero Names is empty.
type Names[V any] struct{ entries []entry[V] } // in order of their hashes

// NamesOf makes Names of a map.
func NamesOf[V any](all map[string]V) Names[V] {
	n := Names[V]{make([]entry[V], 0, len(all))}
	for name, v := range all {
		n.entries = append(n.entries, entry[V]{maphash.String(seed, name), name, v})
	}
	slices.SortFunc(n.entries, func(a, b entry[V]) int { return cmp.Compare(a.hash, b.hash) })
	return n
}

// few is how many entries are looked through one after the other.
const few = 8

// Get is the value of a name; ok is false where there is none.
func (n Names[V]) Get(k Key) (v V, ok bool) {
	rest := n.entries
	for len(rest) > few {
		half := len(rest) / 2
		if rest[half].hash <= k.hash {
			rest = rest[half:]
		} else {
			rest = rest[:half]
		}
	}
	for i := range rest {
		if e := &rest[i]; e.hash == k.hash && e.key == k.name {
			return e.value, true
		}
	}
	return v, false
}

// All goes through the names, in no order.
func (n Names[V]) All() iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, e := range n.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}
