package events

// PermissionPublic is the acting user of whoever is not signed in. No user of the directory has this id.
const PermissionPublic = "public"

// SetKind says where a permission set counts.
type SetKind string

// The kinds of permission set.
const (
	AppSet  SetKind = "app"  // in one app; a user may hold many
	SiteSet SetKind = "site" // in all apps; deprecated, a user has one at most
)

// The system site sets: every tenant has them from the start, and they can be changed, but not deleted.
const (
	SystemSetAdmin    = "admin"
	SystemSetStandard = "standard"
	SystemSetPublic   = "public"
)

// DataOp is what is done to the records of an object.
type DataOp string

// The operations on records.
const (
	ReadRecords   DataOp = "read"
	CreateRecords DataOp = "create"
	UpdateRecords DataOp = "update"
	DeleteRecords DataOp = "delete"
)

// DataOps lists the operations.
func DataOps() []DataOp { return []DataOp{ReadRecords, CreateRecords, UpdateRecords, DeleteRecords} }

// Any stands for every object, or every field, that a list of grants does not name.
const Any = "*"

// PermissionSet is the payload of permission.set_created and permission.set_updated: full state, every time.
type PermissionSet struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"set_id"`
	// AssetID stays the same when an app's sets are exported, imported and deployed elsewhere; empty: ID.
	AssetID string  `json:"ntx_asset_id,omitempty"`
	Kind    SetKind `json:"kind"`
	Name    string  `json:"name"`
	App     string  `json:"app_id,omitempty"` // of an app set
	// ClonedFrom is the site set that a site set began as; none for the system sets.
	ClonedFrom string `json:"cloned_from,omitempty"`
	// Workspaces are those that the set lets into, for whoever shows them.
	Workspaces  []string          `json:"workspaces,omitempty"`
	Connections []ConnectionGrant `json:"connections,omitempty"`
	Site        *SiteRights       `json:"site,omitempty"` // of a site set
	Actor       string            `json:"actor"`
}

// SiteRights are what only a site set says.
type SiteRights struct {
	ConfigureSite bool     `json:"configure_site,omitempty"` // change sets, apps and others' connections
	ConfigureSelf bool     `json:"configure_self,omitempty"` // change the credentials of one's own connections
	Apps          []string `json:"apps,omitempty"`           // the apps that are allowed
	DefaultApp    string   `json:"default_app_id,omitempty"` // where its users land, if they can reach it
	// LandOnLast lets users whose default app is out of reach land on the app that they visited last.
	LandOnLast bool `json:"land_on_last_visited,omitempty"`
}

// ConnectionGrant is what a set grants of one connection.
type ConnectionGrant struct {
	Connection string `json:"connection_id"`
	// Raw lets actions through that have no records, such as http's.
	Raw bool `json:"raw,omitempty"`
	// Objects are what of its data may be reached. nil: nothing in an app set; everything, Raw included, in a site
	// set (deprecated).
	Objects []ObjectGrant `json:"objects,omitzero"`
}

// ObjectGrant is what a set grants of one object: an entity set, a list.
type ObjectGrant struct {
	Object     string       `json:"object"` // as the connector names it; Any: those that the set does not name
	Operations []DataOp     `json:"operations"`
	Fields     []FieldGrant `json:"fields,omitempty"`
	Conditions []Condition  `json:"conditions,omitempty"`
}

// FieldGrant is what a set grants of one field, and how it wants it shown.
type FieldGrant struct {
	Field       string `json:"field"` // Any: those that the list does not name
	Read        bool   `json:"read,omitempty"`
	Write       bool   `json:"write,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Type        string `json:"type,omitempty"`
	Usage       string `json:"usage,omitempty"`
}

// Condition limits a grant. It is exactly one of HasSet, Formula and Force; a grant's conditions all count.
type Condition struct {
	Name string `json:"name,omitempty"`
	// HasSet is the id or the asset id of another set of the app that the user has to hold.
	HasSet string `json:"has_set,omitempty"`
	// Formula is true of the records that the grant reaches.
	Formula string `json:"formula,omitempty"`
	// Force gives a field its value, whatever is written.
	Force *ForcedValue `json:"force,omitempty"`
}

// ForcedValue is what a field gets on every write.
type ForcedValue struct {
	Field string `json:"field"`
	Value string `json:"value"` // a formula of the user, not of the record
}

// PermissionSetRef is the payload of permission.set_deleted.
type PermissionSetRef struct {
	Tenant string `json:"tenant,omitempty"`
	ID     string `json:"set_id"`
	Actor  string `json:"actor"`
}

// PermissionAssignment is the payload of permission.assigned and permission.unassigned: a set, and exactly one of
// a user, a group and the public.
type PermissionAssignment struct {
	Tenant string `json:"tenant,omitempty"`
	Set    string `json:"set_id"`
	App    string `json:"app_id,omitempty"` // the set's, where the sender wants to be sure
	User   string `json:"user_id,omitempty"`
	Group  string `json:"group_id,omitempty"`
	Public bool   `json:"public,omitempty"`
	// Replaces is the site set that the user has now: without it, a second one is refused.
	Replaces string `json:"replaces_set_id,omitempty"`
	Actor    string `json:"actor"`
}

// PublicAccess is the payload of permission.public_access_changed: whether an app is open to the public at all.
type PublicAccess struct {
	Tenant  string `json:"tenant,omitempty"`
	App     string `json:"app_id"`
	Enabled bool   `json:"enabled"`
	Actor   string `json:"actor"`
}

// ForceConflict is the payload of permission.conflict_found: two sets that force different values of one field on
// the same user. Whoever holds both can not write until that is mended.
type ForceConflict struct {
	Tenant     string   `json:"tenant"`
	App        string   `json:"app_id"`
	Sets       []string `json:"set_ids"` // the two
	Connection string   `json:"connection_id"`
	Object     string   `json:"object"`
	Field      string   `json:"field"`
	// User is one of those who hold both; Users is how many there are, the public counted as one.
	User   string `json:"user_id"`
	Users  int    `json:"users"`
	Origin Origin `json:"origin"`
}
