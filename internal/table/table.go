// Package table is a map that never changes: another one is made of it, which shares with it what is the same.
package table

import (
	"hash/maphash"
	"slices"
)

// Of maps strings to values. The zero table is empty and ready to use.
//
// It is pages of buckets of entries. Finding one reads a page, a bucket and a key, wherever they are in memory; that is why
// it is no tree, which reads a node for each level. Another table is made by copying one page and one bucket.
type Of[V any] struct {
	pages []*page[V] // as many as a power of two, or none
	n     int
}

type page[V any] [buckets][]entry[V]

type entry[V any] struct {
	hash  uint64
	key   string
	value V
}

const (
	buckets = 64 // of a page
	most    = 6  // entries of a bucket, on average: beyond it, there are twice as many pages
)

var seed = maphash.MakeSeed()

// Get is the value of a key; ok is false where there is none.
func (t Of[V]) Get(key string) (v V, ok bool) {
	if len(t.pages) == 0 {
		return v, false
	}
	hash := maphash.String(seed, key)
	p, b := t.place(hash)
	bucket := t.pages[p][b]
	for i := range bucket {
		if e := &bucket[i]; e.hash == hash && e.key == key {
			return e.value, true
		}
	}
	return v, false
}

// place is the page and the bucket of a hash.
func (t Of[V]) place(hash uint64) (p, b int) {
	return int(hash/buckets) & (len(t.pages) - 1), int(hash % buckets)
}

// With is the table with a value set.
func (t Of[V]) With(key string, v V) Of[V] {
	e := entry[V]{maphash.String(seed, key), key, v}
	if t.n >= len(t.pages)*buckets*most {
		t = t.grown()
	}
	bucket, i := t.find(e.hash, key)
	if i >= 0 {
		bucket = slices.Clone(bucket)
		bucket[i] = e
		return t.put(e.hash, bucket, t.n)
	}
	return t.put(e.hash, append(slices.Clip(bucket), e), t.n+1)
}

// Without is the table without a key.
func (t Of[V]) Without(key string) Of[V] {
	if t.n == 0 {
		return t
	}
	hash := maphash.String(seed, key)
	bucket, i := t.find(hash, key)
	if i < 0 {
		return t
	}
	return t.put(hash, slices.Concat(bucket[:i], bucket[i+1:]), t.n-1)
}

// find is the bucket of a key, and where it is in it; -1: it is not.
func (t Of[V]) find(hash uint64, key string) ([]entry[V], int) {
	p, b := t.place(hash)
	bucket := t.pages[p][b]
	return bucket, slices.IndexFunc(bucket, func(e entry[V]) bool { return e.hash == hash && e.key == key })
}

// put is a table with one bucket replaced.
func (t Of[V]) put(hash uint64, bucket []entry[V], n int) Of[V] {
	p, b := t.place(hash)
	changed := *t.pages[p]
	changed[b] = bucket
	pages := slices.Clone(t.pages)
	pages[p] = &changed
	return Of[V]{pages, n}
}

// grown is the same table with twice as many pages.
func (t Of[V]) grown() Of[V] {
	next := Of[V]{make([]*page[V], max(1, 2*len(t.pages))), t.n}
	for i := range next.pages {
		next.pages[i] = new(page[V])
	}
	for _, old := range t.pages {
		for _, bucket := range old {
			for _, e := range bucket {
				p, b := next.place(e.hash)
				next.pages[p][b] = append(next.pages[p][b], e)
			}
		}
	}
	return next
}

// Len is how many keys there are.
func (t Of[V]) Len() int { return t.n }

// Each calls do with every key and its value, in no order, until it says false.
func (t Of[V]) Each(do func(key string, v V) bool) {
	for _, p := range t.pages {
		for _, bucket := range p {
			for _, e := range bucket {
				if !do(e.key, e.value) {
					return
				}
			}
		}
	}
}
