package replay

import (
	"encoding/json"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/permission"
)

// Which change makes which other one pointless: an event ends the earlier ones of some marks, and later ones of some
// marks end it. Mostly both are what it is about, since it says all of that. The exceptions:
//
//	connection: deleted, undeleted, secret_rotated   end nothing, for what came before still counts
//	permission: set_created     ends what was said of the set; only that it was deleted ends a creation: an update of a set
//	                            needs one
//	            set_deleted     ends what was said of the set, and its assignments
//	            assigned        says all of the one assignment, and of the one site set that a user has
//	            unassigned      ends that set's alone: it leaves another site set that the user has by then

// kindGone is the mark of what ends with a permission set. It is no kind of fact.
const kindGone = "set_gone"

func gone(tenant, set string) handlers.Concern {
	return handlers.Concern{Tenant: tenant, Kind: kindGone, ID: set}
}

// relations are the marks that an event about something ends, and those that end it.
func (o original) relations(about handlers.Concern) (ends, endedBy []handlers.Concern) {
	if about == (handlers.Concern{}) {
		return nil, nil
	}
	same := []handlers.Concern{about}
	switch t := typeOf(o.Subject); t {
	case events.ConnectionDeleted, events.ConnectionUndeleted, events.ConnectionSecretRotated:
		return nil, same
	case events.PermissionSetCreated:
		return same, []handlers.Concern{gone(about.Tenant, about.ID)}
	case events.PermissionSetUpdated:
		return same, append(same, gone(about.Tenant, about.ID))
	case events.PermissionSetDeleted:
		only := []handlers.Concern{gone(about.Tenant, about.ID)}
		return only, only
	case events.PermissionAssigned, events.PermissionUnassigned:
		a := o.assignment()
		one := handlers.Concern{Tenant: about.Tenant, Kind: string(events.FactAssignment), ID: a.FactID()}
		endedBy = []handlers.Concern{about, one, gone(about.Tenant, a.Set)}
		if t == events.PermissionUnassigned {
			return []handlers.Concern{one}, endedBy
		}
		return []handlers.Concern{about, one}, endedBy
	default:
		return same, same
	}
}

// assignment is what an event says that assigns a set, or ends that; the zero one where it can not be read.
func (o original) assignment() (a events.PermissionAssignment) {
	raw := o.Raw
	if !binary(o.Header) {
		e, err := events.Decode(o.Raw)
		if err != nil {
			return a
		}
		raw = e.Data
	}
	_ = json.Unmarshal(raw, &a) // its schema was checked
	return a
}

// unsettled are the permission sets that a replay has created, or deleted, so far: what is foreseen of later events knows
// nothing of that yet.
type unsettled map[handlers.Concern]events.Type

// follow makes a forecast one of after what the replay does before: what is refused only because a set is not there, or
// still is, is not.
func (u unsettled) follow(c *candidate) {
	about := whole(c.Concern)
	t, set := typeOf(c.Subject), about
	if t == events.PermissionAssigned {
		set = handlers.Concern{Tenant: about.Tenant, Kind: string(events.FactSet), ID: c.assignment().Set}
	}
	before, known := u[set]
	refused := map[events.Type]permission.Rule{events.PermissionSetCreated: permission.SetUnknown, events.PermissionSetDeleted: permission.SetExists}
	if known && c.Verdict == handlers.Denied && c.Rule == string(refused[before]) {
		c.Forecast = handlers.Forecast{Verdict: handlers.WouldApply, Concern: c.Concern, Live: c.Live}
	}
	if c.Verdict == handlers.WouldApply && (t == events.PermissionSetCreated || t == events.PermissionSetDeleted) {
		u[about] = t
	}
}

// refuses tells whether a forecast says that a change will not be made. That the set is not known is no such refusal: an
// earlier event, which was missed, may make it.
func refuses(f handlers.Forecast) bool {
	return f.Verdict == handlers.NotValid || f.Verdict == handlers.Denied && f.Rule != string(permission.SetUnknown)
}
