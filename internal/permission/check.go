package permission

import (
	"fmt"

	"holdfast/events"
	dir "holdfast/internal/access"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

// What refuses a change of sets, assignments and public access.
const (
	AdministratorsOnly   Rule = "permission_administrators_only"
	SetExists            Rule = "set_exists"
	SetUnknown           Rule = "set_unknown"
	SystemSetStays       Rule = "system_set_stays"
	KindStays            Rule = "set_kind_stays"
	AppStays             Rule = "set_app_stays"
	AssetIDStays         Rule = "asset_id_stays"
	AssetIDTaken         Rule = "asset_id_taken"
	NameStays            Rule = "site_set_name_stays"
	OriginStays          Rule = "cloned_from_stays"
	CloneNeeded          Rule = "clone_needed"
	PublicNotCloned      Rule = "public_set_not_cloned"
	NotOfThisKind        Rule = "not_of_this_kind"
	GrantedTwice         Rule = "granted_twice"
	FormulaUnreadable    Rule = "formula_unreadable"
	ForceReadsRecord     Rule = "force_reads_record"
	SetOfAnotherApp      Rule = "set_of_another_app"
	SecondSiteSet        Rule = "second_site_set"
	SiteSetToUsersOnly   Rule = "site_set_to_users_only"
	PublicSetIsThePublic Rule = "public_set_is_the_publics"
)

// ChangeRules lists the rules that refuse changes.
func ChangeRules() []Rule {
	return []Rule{
		AdministratorsOnly, SetExists, SetUnknown, SystemSetStays, KindStays, AppStays, AssetIDStays, AssetIDTaken, NameStays,
		OriginStays, CloneNeeded, PublicNotCloned, NotOfThisKind, GrantedTwice, FormulaUnreadable, ForceReadsRecord,
		SetOfAnotherApp, SecondSiteSet, SiteSetToUsersOnly, PublicSetIsThePublic,
	}
}

func refuse(r Rule, field, format string, args ...any) *fault.Fault {
	return fault.New(fault.NotPermitted, fmt.Sprintf(format, args...)).WithField(field).WithRule(string(r))
}

// MayConfigure is why an actor may not change sets, assignments and public access; nil where the actor may: the
// upstream system, tenant administrators, and users whose site set lets them configure the site.
func (s *Snapshot) MayConfigure(actor string) *fault.Fault {
	var d *dir.Directory
	if s != nil {
		d = s.directory
	}
	by := dir.Describe(d, actor)
	switch {
	case by.Allowed, by.Rule != dir.RemovedUser && s.ConfiguresSite(actor):
		return nil
	case by.Rule == dir.RemovedUser:
		return by.Fault()
	default:
		return refuse(AdministratorsOnly, "/data/actor",
			"permission sets change by tenant administrators, users whose site set configures the site, or the upstream system")
	}
}

// CheckCreate is what is wrong with a new set; nil where nothing is. It completes a clone with what its origin says.
func (s *Snapshot) CheckCreate(p *events.PermissionSet) *fault.Fault {
	switch {
	case s.set(p.ID) != nil:
		return refuse(SetExists, "/data/set_id", "there is a permission set of this id already")
	case p.Kind == events.SiteSet:
		if f := s.clone(p); f != nil {
			return f
		}
	}
	return s.check(p)
}

// clone makes a site set of the one that it is cloned from: what the event does not say is as it is there.
func (s *Snapshot) clone(p *events.PermissionSet) *fault.Fault {
	from := s.set(p.ClonedFrom)
	switch {
	case p.ClonedFrom == "":
		return refuse(CloneNeeded, "/data/cloned_from", "a site set is cloned from a system set or an earlier clone: it has to say from which")
	case from == nil || from.Kind != events.SiteSet:
		return refuse(SetUnknown, "/data/cloned_from", "there is no site set of this id to clone")
	case from.ID == events.SystemSetPublic:
		return refuse(PublicNotCloned, "/data/cloned_from", "the site set Public can not be cloned")
	}
	if p.Site == nil {
		p.Site = from.Site
	}
	if p.Connections == nil {
		p.Connections = from.Connections
	}
	if p.Workspaces == nil {
		p.Workspaces = from.Workspaces
	}
	return nil
}

// CheckUpdate is what is wrong with the new state of a set; nil where nothing is.
func (s *Snapshot) CheckUpdate(p *events.PermissionSet) *fault.Fault {
	old := s.set(p.ID)
	switch {
	case old == nil:
		return refuse(SetUnknown, "/data/set_id", "there is no permission set of this id: it was never created, or was deleted")
	case old.Kind != p.Kind:
		return refuse(KindStays, "/data/kind", "a set stays of its kind")
	case old.App != p.App:
		return refuse(AppStays, "/data/app_id", "a set stays in its app")
	case p.AssetID != "" && old.Asset() != p.AssetID:
		return refuse(AssetIDStays, "/data/ntx_asset_id", "a set's asset id stays the same for its whole life")
	case p.Kind == events.SiteSet && old.Name != p.Name:
		return refuse(NameStays, "/data/name", "a site set's name can not change after its creation")
	case p.ClonedFrom != "" && old.ClonedFrom != p.ClonedFrom:
		return refuse(OriginStays, "/data/cloned_from", "what a set was cloned from stays the same")
	}
	p.AssetID, p.ClonedFrom = old.AssetID, old.ClonedFrom
	return s.check(p)
}

// CheckDelete is why a set can not be deleted; nil where it can.
func (s *Snapshot) CheckDelete(id string) *fault.Fault {
	switch {
	case isSystem(id):
		return refuse(SystemSetStays, "/data/set_id", "a system set can be changed, but not deleted")
	case s.set(id) == nil:
		return refuse(SetUnknown, "/data/set_id", "there is no permission set of this id")
	default:
		return nil
	}
}

// CheckAssign is why a set can not be assigned so; nil where it can.
func (s *Snapshot) CheckAssign(a events.PermissionAssignment) *fault.Fault {
	set := s.set(a.Set)
	switch {
	case set == nil:
		return refuse(SetUnknown, "/data/set_id", "there is no permission set of this id: it was never created, or was deleted")
	case a.App != "" && a.App != set.App:
		return refuse(SetOfAnotherApp, "/data/app_id", "the set is one of another app")
	case set.Kind == events.AppSet && a.Replaces != "":
		return refuse(NotOfThisKind, "/data/replaces_set_id", "a user may hold many sets of an app: none is replaced")
	case set.Kind == events.AppSet && a.User == events.PermissionPublic:
		return refuse(NotOfThisKind, "/data/user_id", "whoever is not signed in is no user: the set is assigned to the public")
	case set.Kind == events.AppSet:
		return nil
	case set.ID == events.SystemSetPublic:
		return refuse(PublicSetIsThePublic, "/data/set_id", "the site set Public is the public's, and nobody else's")
	case a.User == "" || a.User == events.PermissionPublic:
		return refuse(SiteSetToUsersOnly, "/data", "a site set is assigned to users only: a group or the public gets an app's set")
	}
	if now := s.SiteSet(a.User); now != nil && now.ID != a.Set && now.ID != a.Replaces {
		return refuse(SecondSiteSet, "/data/set_id", "the user has another site set, and a user has one at the most: %s", now.ID)
	}
	return nil
}

// check is what is wrong with a set beyond its schema.
func (s *Snapshot) check(p *events.PermissionSet) *fault.Fault {
	switch {
	case p.Kind == events.AppSet && p.Site != nil:
		return refuse(NotOfThisKind, "/data/site", "only a site set says this")
	case p.Kind == events.AppSet && p.ClonedFrom != "":
		return refuse(NotOfThisKind, "/data/cloned_from", "only a site set is cloned")
	case p.Kind == events.SiteSet && p.App != "":
		return refuse(NotOfThisKind, "/data/app_id", "a site set is one of no app")
	case s.assetTaken(p):
		return refuse(AssetIDTaken, "/data/ntx_asset_id", "another set of the app has this id or asset id")
	}
	seen := make(map[string]bool, len(p.Connections))
	for i, c := range p.Connections {
		at := fmt.Sprintf("/data/connections/%d", i)
		if seen[c.Connection] {
			return refuse(GrantedTwice, at+"/connection_id", "the set names this connection twice")
		}
		seen[c.Connection] = true
		if f := s.checkObjects(p, c.Objects, at+"/objects"); f != nil {
			return f
		}
	}
	return nil
}

// assetTaken tells whether another set of the app could be meant by the set's ids, or the other way round.
func (s *Snapshot) assetTaken(p *events.PermissionSet) bool {
	if s == nil || p.Kind != events.AppSet {
		return false
	}
	a, _ := s.apps.Get(p.App)
	if a == nil {
		return false
	}
	for _, other := range a.sets {
		if other.ID != p.ID && (other.is(p.ID) || p.AssetID != "" && other.is(p.AssetID)) {
			return true
		}
	}
	return false
}

func (s *Snapshot) checkObjects(p *events.PermissionSet, objects []events.ObjectGrant, at string) *fault.Fault {
	seen := make(map[string]bool, len(objects))
	for i, o := range objects {
		here := fmt.Sprintf("%s/%d", at, i)
		if seen[o.Object] {
			return refuse(GrantedTwice, here+"/object", "the set names this object twice: a second set may say more of it")
		}
		seen[o.Object] = true
		fields := make(map[string]bool, len(o.Fields))
		for j, f := range o.Fields {
			if fields[f.Field] {
				return refuse(GrantedTwice, fmt.Sprintf("%s/fields/%d/field", here, j), "the set names this field twice")
			}
			fields[f.Field] = true
		}
		if f := s.checkConditions(p, o.Conditions, here+"/conditions"); f != nil {
			return f
		}
	}
	return nil
}

func (s *Snapshot) checkConditions(p *events.PermissionSet, all []events.Condition, at string) *fault.Fault {
	forced := make(map[string]bool)
	for i, c := range all {
		here := fmt.Sprintf("%s/%d", at, i)
		if f := s.checkCondition(p, c, here); f != nil {
			return f
		}
		if c.Force == nil {
			continue
		}
		if forced[c.Force.Field] {
			return refuse(GrantedTwice, here+"/force/field", "the grant forces this field twice")
		}
		forced[c.Force.Field] = true
	}
	return nil
}

func (s *Snapshot) checkCondition(p *events.PermissionSet, c events.Condition, at string) *fault.Fault {
	switch {
	case c.HasSet != "":
		return s.checkRefs(p, []string{c.HasSet}, at+"/has_set")
	case c.Force != nil:
		program, err := formula.Compile(c.Force.Value)
		switch {
		case err != nil:
			return unreadable(err, at+"/force/value")
		case !program.OfUser():
			return refuse(ForceReadsRecord, at+"/force/value", "a forced value follows from the user, not from the record")
		case !forceable(c.Force.Field):
			return refuse(NotOfThisKind, at+"/force/field", "one field is forced, not all of them, nor a part of one")
		}
		return s.checkRefs(p, program.Sets(), at+"/force/value")
	default:
		program, err := formula.Compile(c.Formula)
		if err == nil {
			err = program.Condition()
		}
		if err != nil {
			return unreadable(err, at+"/formula")
		}
		return s.checkRefs(p, program.Sets(), at+"/formula")
	}
}

func unreadable(err error, at string) *fault.Fault {
	return refuse(FormulaUnreadable, at, "the formula can not be read: %s", err)
}

// checkRefs refuses sets of other apps: they would never be held. One that is not there yet may come.
func (s *Snapshot) checkRefs(p *events.PermissionSet, refs []string, at string) *fault.Fault {
	for _, ref := range refs {
		other := s.set(ref)
		if other == nil || other.App == p.App || s.namedIn(p.App, ref) {
			continue
		}
		return refuse(SetOfAnotherApp, at, "the set %s is one of another app", ref)
	}
	return nil
}

// namedIn tells whether an app has a set of an id or asset id.
func (s *Snapshot) namedIn(in, ref string) bool {
	if s == nil {
		return false
	}
	a, _ := s.apps.Get(in)
	if a == nil {
		return false
	}
	for _, set := range a.sets {
		if set.is(ref) {
			return true
		}
	}
	return false
}
