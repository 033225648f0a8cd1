package permission

import (
	"maps"
	"slices"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Proposal is app sets that give what the site sets in use give, who is to have them, and what is left of the site sets
// then. What is there already, of a proposal that was carried out in part, is not in it.
type Proposal struct {
	Sets   []ProposedSet
	Assign []events.PermissionAssignment // what is not assigned yet
	Empty  []events.PermissionSet        // the site sets in use, without apps and connections
}

// ProposedSet is an app set that says what a site set says in one app.
type ProposedSet struct {
	events.PermissionSet

	From  string // the site set
	There bool   // it is there already
}

// Propose finds, for each site set that anybody has and each app that it allows, an app set that says the same, and
// assigns it to whoever has the site set. Users of removed accounts are among them: they may come back. What lets
// configure the site and own settings, and where users land, stays with the site set. The fault says what would be
// refused.
func (s *Snapshot) Propose(actor string) (Proposal, *fault.Fault) {
	p := proposer{was: s, now: s, next: beyond, named: s.namedSets()}
	for _, set := range s.Sets() {
		if set.Kind != events.SiteSet || !set.grantsAnything() {
			continue
		}
		holders := s.Assigned(set.ID)
		if len(holders) == 0 {
			continue
		}
		for _, app := range slices.Sorted(maps.Keys(set.apps)) {
			if f := p.propose(set, app, actor, holders); f != nil {
				return Proposal{}, f
			}
		}
		p.Empty = append(p.Empty, emptied(set, actor))
	}
	return p.Proposal, nil
}

// After is what becomes of a snapshot once the app sets are there and assigned, and the site sets are empty.
func (p *Proposal) After(s *Snapshot) (*Snapshot, *fault.Fault) {
	w := proposer{now: s, next: beyond}
	var f *fault.Fault
	for _, set := range p.Sets {
		if !set.There {
			f = w.take(f, events.PermissionSetCreated, set.PermissionSet)
		}
	}
	for _, a := range p.Assign {
		f = w.take(f, events.PermissionAssigned, a)
	}
	for _, set := range p.Empty {
		f = w.take(f, events.PermissionSetUpdated, set)
	}
	return w.now, f
}

// beyond is behind every sequence that a stream has had.
const beyond = 1 << 62

// proposer makes a proposal, and knows what would come of it so far.
type proposer struct {
	Proposal

	was, now *Snapshot
	next     uint64
	named    map[string]bool // the sets that conditions name, and that are there
}

// take tries an event, and goes on from what would come of it; f is what was refused before.
func (p *proposer) take(f *fault.Fault, t events.Type, payload any) *fault.Fault {
	if f != nil {
		return f
	}
	fact, f := p.now.Try(t, payload, p.next)
	if f != nil {
		return f
	}
	p.now, p.next = p.now.Apply(fact), p.next+1
	return nil
}

// propose adds the sets for one site set in one app.
func (p *proposer) propose(set *Set, app, actor string, holders []events.PermissionAssignment) *fault.Fault {
	for _, grants := range inParts(p.now.adapted(set, app)) {
		next := events.PermissionSet{Kind: events.AppSet, Name: set.Name, App: app, Workspaces: set.Workspaces, Connections: grants, Actor: actor}
		id, there := p.place(next, set.ID+"-"+app)
		if id == "" {
			return refuse(SetExists, "/data/set_id", "every id that a set could have beside %s is taken", set.ID)
		}
		next.ID, p.named[id] = id, true
		if !there {
			if f := p.take(nil, events.PermissionSetCreated, next); f != nil {
				return f
			}
		}
		p.Sets = append(p.Sets, ProposedSet{PermissionSet: next, From: set.ID, There: there})
		for _, h := range holders {
			a := events.PermissionAssignment{Set: id, App: app, User: h.User, Public: h.Public, Actor: actor}
			if p.now.Has(a) {
				continue
			}
			if f := p.take(nil, events.PermissionAssigned, a); f != nil {
				return f
			}
			p.Assign = append(p.Assign, a)
		}
	}
	return nil
}

// grantsAnything tells whether anything of a site set is to be moved.
func (s *Set) grantsAnything() bool { return len(s.apps) > 0 || len(s.Connections) > 0 }

// emptied is a site set without apps and connections.
func emptied(set *Set, actor string) events.PermissionSet {
	p := set.PermissionSet
	p.Connections, p.Actor = nil, actor
	if set.Site != nil {
		site := *set.Site
		site.Apps = nil
		p.Site = &site
	}
	return p
}

// has tells whether the proposal uses a set already.
func (p *proposer) has(id string) bool {
	return slices.ContainsFunc(p.Sets, func(s ProposedSet) bool { return s.ID == id })
}

// SameSet tells whether two states of a set say the same, whoever said so.
func SameSet(a, b events.PermissionSet) bool {
	x, errX := plain(a)
	y, errY := plain(b)
	return errX == nil && errY == nil && x == y
}

func plain(p events.PermissionSet) (string, error) {
	if p.Tenant, p.Actor = "", ""; p.AssetID == p.ID {
		p.AssetID = ""
	}
	raw, err := events.Marshal(p)
	return string(raw), err
}
