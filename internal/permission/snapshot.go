package permission

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"holdfast/events"
	dir "holdfast/internal/access"
	"holdfast/internal/formula"
	"holdfast/internal/table"
)

// Snapshot is a tenant's permissions at one moment. It never changes. The zero Snapshot is a tenant of which nothing
// was said: it has the system sets. A nil one, too.
type Snapshot struct {
	directory *dir.Directory
	sets      table.Of[*Set]
	given     table.Of[given] // set → the groups that have it, and whether the public has
	apps      table.Of[*app]
	people    table.Of[*person]
}

// given is whom an app set is assigned to beside users.
type given struct {
	groups []since // in order of their ids
	mask   uint64  // of the groups
	public uint64  // sequence; 0: no
}

// since is an id, and the sequence at which it was said.
type since struct {
	table.Key

	sequence uint64
}

// app is what counts in an app.
type app struct {
	open bool    // to the public
	sets []inApp // in order of their ids
}

// inApp is a set of an app, and whom it is assigned to beside users. What every decision in the app asks of it is here
// once more, so that the sets which are not held need not be read.
type inApp struct {
	*Set
	given

	key     table.Key
	created uint64
}

// person is what permissions know of a user; groups and removal are the directory's.
type person struct {
	attributes map[string]formula.Value
	sets       []since // app sets that are assigned in person, in order of their ids
	site       since   // the site set; none: ""
}

// Directory is the users, groups, roles and places that the snapshot stands on; never nil.
func (s *Snapshot) Directory() *dir.Directory {
	if s == nil || s.directory == nil {
		return new(dir.Directory)
	}
	return s.directory
}

// Apply is the snapshot with one fact changed. A fact of another kind, or one that can not be read, changes nothing
// but takes away what it replaces: nobody keeps a right that nobody can read.
func (s *Snapshot) Apply(f events.Fact) *Snapshot {
	var next Snapshot
	if s != nil {
		next = *s
	}
	next.directory = next.directory.Apply(f)
	switch f.Kind {
	case events.FactUser:
		p := next.person(f.ID)
		p.attributes = attributesOf(events.ReadFact[events.User](&f))
		next.people = next.people.With(f.ID, p)
	case events.FactSet:
		next.setSet(f)
	case events.FactAssignment:
		next.assign(f)
	case events.FactSiteSet:
		a := events.ReadFact[events.PermissionAssignment](&f)
		p := next.person(f.ID)
		p.site = since{table.KeyOf(a.Set), f.Sequence}
		next.people = next.people.With(f.ID, p)
	case events.FactPublicAccess:
		a := next.app(f.ID)
		a.open = events.ReadFact[events.PublicAccess](&f).Enabled
		next.apps = next.apps.With(f.ID, a)
	default: // the directory's, or none of ours
	}
	return &next
}

// person is a copy to change.
func (s *Snapshot) person(id string) *person {
	if p, ok := s.people.Get(id); ok {
		next := *p
		return &next
	}
	return new(person)
}

// app is a copy to change.
func (s *Snapshot) app(id string) *app {
	if a, ok := s.apps.Get(id); ok {
		next := *a
		return &next
	}
	return new(app)
}

// attributesOf reads a user's attributes; what can not be read is not there.
func attributesOf(u events.User) map[string]formula.Value {
	if len(u.Attributes) == 0 && u.Name == "" {
		return nil
	}
	all := make(map[string]formula.Value, len(u.Attributes)+1)
	for name, text := range u.Attributes {
		if v, ok := valueOf(text); ok {
			all[name] = v
		}
	}
	if u.Name != "" {
		all[attributeName] = u.Name
	}
	return all
}

// valueOf reads a scalar; numbers stay as they are written.
func valueOf(text json.RawMessage) (formula.Value, bool) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil, false
	}
	return formula.FromJSON(v), true
}

// setSet replaces a set, and puts it where it counts.
func (s *Snapshot) setSet(f events.Fact) {
	old, _ := s.sets.Get(f.ID)
	kept := events.ReadFact[Set](&f)
	var next *Set
	if f.Removed || kept.ID != f.ID {
		s.sets = s.sets.Without(f.ID)
	} else {
		if isSystem(f.ID) {
			kept.Created = 0 // it was there from the start, however late it was changed for the first time
		}
		next = compile(kept)
		s.sets = s.sets.With(f.ID, next)
	}
	if old != nil && old.App != "" {
		s.place(f.ID, old.App, nil)
	}
	if next != nil && next.App != "" {
		s.place(f.ID, next.App, next)
	}
}

// place puts a set into its app; nil takes it out.
func (s *Snapshot) place(id, in string, set *Set) {
	a := s.app(in)
	i, there := slices.BinarySearchFunc(a.sets, id, func(x inApp, id string) int { return strings.Compare(x.ID, id) })
	a.sets = slices.Clone(a.sets)
	g, _ := s.given.Get(id)
	switch {
	case there && set == nil:
		a.sets = slices.Delete(a.sets, i, i+1)
	case there:
		a.sets[i] = inApp{set, g, set.key, set.Created}
	case set != nil:
		a.sets = slices.Insert(a.sets, i, inApp{set, g, set.key, set.Created})
	}
	s.apps = s.apps.With(in, a)
}

// assign notes or forgets an assignment of an app set; its id says whom it is about.
func (s *Snapshot) assign(f events.Fact) {
	a := events.ReadFact[events.PermissionAssignment](&f)
	if a.FactID() != f.ID { // it was removed, or its key belies it
		f.Removed = true
	}
	set, to, _ := strings.Cut(f.ID, ".")
	kind, id, _ := strings.Cut(to, ".")
	if kind == "user" {
		p := s.person(id)
		p.sets = with(p.sets, since{table.KeyOf(set), f.Sequence}, f.Removed)
		s.people = s.people.With(id, p)
		return
	}
	g, _ := s.given.Get(set)
	switch {
	case kind == "group":
		g.groups = with(g.groups, since{table.KeyOf(id), f.Sequence}, f.Removed)
		g.mask = maskOf(g.groups)
	case f.Removed:
		g.public = 0
	default:
		g.public = f.Sequence
	}
	s.given = s.given.With(set, g)
	if now, ok := s.sets.Get(set); ok && now.App != "" {
		s.place(set, now.App, now)
	}
}

func maskOf(groups []since) (mask uint64) {
	for _, g := range groups {
		mask |= dir.Mask(g.Key)
	}
	return mask
}

// with is an ordered list with one id in it, or without.
func with(list []since, x since, without bool) []since {
	i, there := slices.BinarySearchFunc(list, x.Name(), func(y since, id string) int { return strings.Compare(y.Name(), id) })
	list = slices.Clone(list)
	switch {
	case there && without:
		return slices.Delete(list, i, i+1)
	case there:
		list[i] = x
	case !without:
		list = slices.Insert(list, i, x)
	}
	return list
}

// set is a set that is there: one that was made, or a system set.
func (s *Snapshot) set(id string) *Set {
	if s != nil {
		if found, ok := s.sets.Get(id); ok {
			return found
		}
	}
	return systemSets[id]
}
