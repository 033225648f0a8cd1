package events

import (
	"encoding/json"
	"strings"
)

// FactKind is what a fact is about.
type FactKind string

// The kinds of fact, as keys of their bucket and rejections name them.
const (
	FactUser           FactKind = "user"
	FactGroup          FactKind = "group"
	FactRole           FactKind = "role"
	FactSiteCollection FactKind = "site_collection"
	FactSite           FactKind = "site"
	FactProcess        FactKind = "process"

	FactSet          FactKind = "set"           // a permission set
	FactAssignment   FactKind = "assignment"    // of an app set
	FactSiteSet      FactKind = "site_set"      // the one that a user has
	FactPublicAccess FactKind = "public_access" // of an app
)

// Fact is one user, group, role, place, process, permission set or assignment as upstream systems last described it.
type Fact struct {
	Tenant string   `json:"-"` // Tenant, Kind and ID are the key's
	Kind   FactKind `json:"-"`
	ID     string   `json:"-"` // safe ids, joined by dots
	// Sequence is the HF_PERMISSIONS message applied last: older ones are ignored.
	Sequence uint64 `json:"sequence"`
	// Removed is a tombstone: it was there, and is no more.
	Removed bool `json:"removed,omitempty"`
	// Data is the payload of the event that described it last.
	Data json.RawMessage `json:"data,omitempty"`
}

// Key is where the fact is in its bucket: <tenant>.<kind>.<id>.
func (f Fact) Key() string { return FactKey(f.Tenant, f.Kind, f.ID) }

// FactKey is the key of a fact.
func FactKey(tenant string, kind FactKind, id string) string {
	return strings.Join([]string{tenant, string(kind), id}, ".")
}

// ParseFactKey reads whose fact a key is, of which kind, and its id; ok is false for any other key.
func ParseFactKey(key string) (f Fact, ok bool) {
	t := strings.SplitN(key, ".", 3)
	if len(t) != 3 {
		return Fact{}, false
	}
	return Fact{Tenant: t[0], Kind: FactKind(t[1]), ID: t[2]}, true
}

// ReadFact is what a fact says; the zero payload of one that was removed or can not be read, which then counts as
// removed.
func ReadFact[T any](f *Fact) (p T) {
	var none T
	if f.Removed {
		return none
	}
	if json.Unmarshal(f.Data, &p) != nil {
		f.Removed = true
		return none
	}
	return p
}

// FactID is the id of who has a role: the role, and the one place that it is in where it has one.
func (r RoleHolders) FactID() string {
	switch r.Role {
	case SiteCollectionAdministrator:
		return string(r.Role) + "." + r.SiteCollection
	case SiteOwner:
		return string(r.Role) + "." + r.Site
	default:
		return string(r.Role)
	}
}

// FactID is the id of an assignment of an app set: the set, and whom it is assigned to.
func (a PermissionAssignment) FactID() string {
	switch {
	case a.User != "":
		return a.Set + ".user." + a.User
	case a.Group != "":
		return a.Set + ".group." + a.Group
	default:
		return a.Set + ".public"
	}
}
