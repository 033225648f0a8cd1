package permission

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"holdfast/events"
)

// longestID is how long an id may be.
const longestID = 128

// place is the id of a set that is to be made, or of one that is there and says the same; empty: none is left. It is one that no condition
// names. Where the set shows fields, it comes behind those whose word counts more than a site set's.
func (p *proposer) place(want events.PermissionSet, base string) (id string, there bool) {
	behind := ""
	if showsFields(want.Connections) {
		behind = p.was.lastShowing(want.App)
	}
	free, anywhere := "", ""
	for _, id := range candidates(base, behind) {
		want.ID = id
		switch old := p.now.set(id); {
		case old != nil && SameSet(old.PermissionSet, want) && !p.has(id):
			return id, true
		case old != nil || p.named[id] || p.now.assetTaken(&want):
		case id > behind:
			free = cmp.Or(free, id)
		default:
			anywhere = cmp.Or(anywhere, id) // the comparison tells whether its place matters
		}
	}
	return cmp.Or(free, anywhere), false
}

// candidates are ids to choose from, those that say the most first.
func candidates(base, behind string) (ids []string) {
	add := func(id string) {
		for n := 1; n <= 50; n++ {
			ids = append(ids, shortened(id, n))
		}
	}
	add(base)
	for z := "z-"; len(z) < 8; z = "z" + z {
		add(z + base)
	}
	add(behind + "-" + base) // behind it whatever it is
	return ids
}

// shortened is an id with a number behind it from the second on; where it would be too long, what is cut off is told apart
// by its hash.
func shortened(id string, n int) string {
	end := ""
	if n > 1 {
		end = "-" + strconv.Itoa(n)
	}
	if len(id)+len(end) > longestID {
		sum := sha256.Sum256([]byte(id))
		end = "-" + hex.EncodeToString(sum[:6]) + end
		id = id[:longestID-len(end)]
	}
	return id + end
}

// namedSets are the ids and asset ids that conditions name, and that sets have.
func (s *Snapshot) namedSets() map[string]bool {
	all := make(map[string]bool)
	for _, set := range s.Sets() {
		all[set.ID], all[set.Asset()] = true, true
		for _, c := range set.connections.All() {
			for _, o := range c.objects.All() {
				o.names(all)
			}
			if c.others != nil {
				c.others.names(all)
			}
		}
	}
	return all
}

// names adds the sets that the object's conditions name.
func (o *object) names(all map[string]bool) {
	for _, ref := range o.needs {
		all[ref] = true
	}
	for _, p := range o.formulas {
		note(all, p.Sets())
	}
	for _, f := range o.forced {
		note(all, f.value.Sets())
	}
}

func note(all map[string]bool, names []string) {
	for _, n := range names {
		all[n] = true
	}
}

// showsFields tells whether grants say how fields are to be shown.
func showsFields(grants []events.ConnectionGrant) bool {
	for _, c := range grants {
		for _, o := range c.Objects {
			for _, f := range o.Fields {
				if f.DisplayName+f.Type+f.Usage != "" {
					return true
				}
			}
		}
	}
	return false
}

// lastShowing is the last of an app's sets that say how fields are to be shown; empty: there is none.
func (s *Snapshot) lastShowing(in string) (last string) {
	if s == nil {
		return ""
	}
	a, ok := s.apps.Get(in)
	if !ok {
		return ""
	}
	for _, set := range a.sets { // in order
		if showsFields(set.Connections) {
			last = set.ID
		}
	}
	return last
}
