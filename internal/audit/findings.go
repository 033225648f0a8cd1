package audit

import (
	"cmp"
	"slices"
)

// finding is a violation before its names are looked up.
type finding struct {
	stream   string
	sequence uint64
	at       int64
	seen     string
	field    string
}

// findings are what checks come to. The zero findings keep everything.
type findings struct {
	most    int // of each check; 0: all
	lists   [len(promises)][]finding
	tallies [len(promises)]tally
}

// tally counts what one check has looked at.
type tally struct{ looked, broken, unproven int }

func (f *findings) tally(c Check) *tally { return &f.tallies[place[c]] }

func (f *findings) add(c Check, one finding) {
	f.tally(c).broken++
	f.keep(place[c], one)
}

// keep keeps the first by stream and sequence, so that whatever order they are found in, the same are listed.
func (f *findings) keep(check int, all ...finding) {
	list := &f.lists[check]
	if *list = append(*list, all...); f.most > 0 && len(*list) > 2*f.most {
		*list = slices.Clip(first(*list, f.most))
	}
}

func first(list []finding, most int) []finding {
	slices.SortFunc(list, func(a, b finding) int {
		return cmp.Or(cmp.Compare(a.stream, b.stream), cmp.Compare(a.sequence, b.sequence), cmp.Compare(a.seen, b.seen))
	})
	return list[:min(len(list), most)]
}

// merge adds what was found elsewhere.
func (f *findings) merge(more *findings) {
	for i := range more.tallies {
		t := &more.tallies[i]
		f.tallies[i].looked += t.looked
		f.tallies[i].broken += t.broken
		f.tallies[i].unproven += t.unproven
		f.keep(i, more.lists[i]...)
	}
}
