package permission

import (
	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/table"
)

// Create is a new set as it is kept after an event of this sequence, or why its actor may not make it so.
func (s *Snapshot) Create(p events.PermissionSet, sequence uint64) (Set, *fault.Fault) {
	if f := s.MayConfigure(p.Actor); f != nil {
		return Set{}, f
	}
	if f := s.CheckCreate(&p); f != nil {
		return Set{}, f
	}
	return Set{PermissionSet: p, Created: sequence}, nil
}

// Update is a changed set as it is kept, or why its actor may not change it so.
func (s *Snapshot) Update(p events.PermissionSet) (Set, *fault.Fault) {
	if f := s.MayConfigure(p.Actor); f != nil {
		return Set{}, f
	}
	if f := s.CheckUpdate(&p); f != nil {
		return Set{}, f
	}
	return Set{PermissionSet: p, Created: s.set(p.ID).Created}, nil
}

// Kept is where an assignment is kept: a user's one site set under the user, so that there is never a second one; every
// other under the set.
func (s *Snapshot) Kept(a events.PermissionAssignment) events.Fact {
	if set := s.set(a.Set); set != nil && set.Kind == events.SiteSet && a.User != "" {
		return events.Fact{Kind: events.FactSiteSet, ID: a.User}
	}
	return events.Fact{Kind: events.FactAssignment, ID: a.FactID()}
}

// Has tells whether a set is assigned already, to this very user, group or public.
func (s *Snapshot) Has(a events.PermissionAssignment) bool {
	set := s.set(a.Set)
	if s == nil || set == nil {
		return false
	}
	g, _ := s.given.Get(a.Set)
	switch {
	case a.Public:
		return g.public > set.Created
	case a.Group != "":
		return among(g.groups, table.KeyOf(a.Group), set.Created)
	}
	p, ok := s.people.Get(a.User)
	return ok && (among(p.sets, table.KeyOf(a.Set), set.Created) || s.siteSet(a.User, p) == set)
}

// Try is the fact that a worker would keep of an event of this sequence, or why it would refuse it. It is for whoever
// wants to know before the event is published; payload is that of one of the permission events.
func (s *Snapshot) Try(t events.Type, payload any, sequence uint64) (events.Fact, *fault.Fault) {
	f := events.Fact{Sequence: sequence}
	var why *fault.Fault
	switch p := payload.(type) {
	case events.PermissionSet:
		f.Kind, f.ID = events.FactSet, p.ID
		var set Set
		if t == events.PermissionSetCreated {
			set, why = s.Create(p, sequence)
		} else {
			set, why = s.Update(p)
		}
		payload = set
	case events.PermissionSetRef:
		f.Kind, f.ID, f.Removed = events.FactSet, p.ID, true
		if why = s.MayConfigure(p.Actor); why == nil {
			why = s.CheckDelete(p.ID)
		}
	case events.PermissionAssignment:
		kept := s.Kept(p)
		f.Kind, f.ID, f.Removed = kept.Kind, kept.ID, t == events.PermissionUnassigned
		if why = s.MayConfigure(p.Actor); why == nil && !f.Removed {
			why = s.CheckAssign(p)
		}
	case events.PublicAccess:
		f.Kind, f.ID, why = events.FactPublicAccess, p.App, s.MayConfigure(p.Actor)
	default:
		why = fault.New(fault.Internal, "no permission event has this payload")
	}
	if why != nil || f.Removed {
		return f, why
	}
	var err error
	if f.Data, err = events.Marshal(payload); err != nil {
		return f, fault.Wrap(fault.Internal, "a payload can not be written as JSON", err)
	}
	return f, nil
}
