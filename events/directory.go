package events

import "encoding/json"

// Role is what a user may be in a place.
type Role string

// The roles. A tenant administrator has the whole tenant; the others have one place each.
const (
	TenantAdministrator         Role = "tenant_administrator"
	SiteCollectionAdministrator Role = "site_collection_administrator"
	SiteOwner                   Role = "site_owner"
)

// User is the payload of directory.user_updated.
type User struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"user_id"`
	Name   string `json:"name,omitempty"`
	// Attributes are strings, numbers, true and false, by name: what formulas read of the user.
	Attributes map[string]json.RawMessage `json:"attributes,omitempty"`
	Actor      string                     `json:"actor"`
}

// Group is the payload of directory.group_updated: all members, every time.
type Group struct {
	Tenant  string   `json:"tenant,omitempty"`
	ID      string   `json:"group_id"`
	Name    string   `json:"name,omitempty"`
	Members []string `json:"members"`
	Actor   string   `json:"actor"`
}

// RoleHolders is the payload of directory.role_updated: all who have one role in one place, every time.
type RoleHolders struct {
	Tenant         string   `json:"tenant,omitempty"`
	Role           Role     `json:"role"`
	SiteCollection string   `json:"site_collection_id,omitempty"` // site_collection_administrator
	Site           string   `json:"site_id,omitempty"`            // site_owner
	Users          []string `json:"users,omitempty"`
	Groups         []string `json:"groups,omitempty"`
	Actor          string   `json:"actor"`
}

// SiteCollection is the payload of place.site_collection_updated.
type SiteCollection struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"site_collection_id"`
	Name   string `json:"name,omitempty"`
	Actor  string `json:"actor"`
}

// Site is the payload of place.site_updated.
type Site struct {
	Tenant         string `json:"tenant,omitempty"`
	ID             string `json:"site_id"`
	SiteCollection string `json:"site_collection_id"`
	Name           string `json:"name,omitempty"`
	// DesignerOff forbids creating connections in the site's designer.
	DesignerOff bool   `json:"designer_connections_off,omitempty"`
	Actor       string `json:"actor"`
}

// UserRef is the payload of directory.user_removed.
type UserRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"user_id"`
	Actor  string `json:"actor"`
}

// GroupRef is the payload of directory.group_removed.
type GroupRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"group_id"`
	Actor  string `json:"actor"`
}

// SiteCollectionRef is the payload of place.site_collection_removed.
type SiteCollectionRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"site_collection_id"`
	Actor  string `json:"actor"`
}

// SiteRef is the payload of place.site_removed.
type SiteRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"site_id"`
	Actor  string `json:"actor"`
}

// ChangeNotice is the payload of directory.change_rejected, process.publish_rejected and permission.change_rejected.
type ChangeNotice struct {
	Tenant string `json:"tenant"`
	// Kind is what it was about (user, group, role, site_collection, site, process, set, assignment, site_set,
	// public_access), ID which one.
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Reason string `json:"reason"`
	Rule   string `json:"rule"`
	Detail string `json:"detail,omitempty"`
	Field  string `json:"field,omitempty"` // JSON pointer into the event
	Origin Origin `json:"origin"`
}
