package access

import (
	"holdfast/events"
	"holdfast/internal/fault"
)

// Op is what somebody wants to do with a connection.
type Op string

// The operations.
const (
	See                Op = "see"                 // find it in a list, and look at it
	Use                Op = "use"                 // run an action with it
	Create             Op = "create"              // needs Wanted; of what is there: Edit
	Edit               Op = "edit"                // needs Wanted; of what is not there: Create. What it changes may take more
	Delete             Op = "delete"              //
	Restore            Op = "restore"             // bring a deleted one back
	Test               Op = "test"                // see whether it authenticates
	Credentials        Op = "credentials"         // write them, rotate them, or sign in for them
	ChangeAvailability Op = "change_availability" // needs Wanted
	Assign             Op = "assign"              // owners, users and groups; needs Wanted
)

// Ops lists the operations.
func Ops() []Op {
	return []Op{See, Use, Create, Edit, Delete, Restore, Test, Credentials, ChangeAvailability, Assign}
}

// Rule names what allows or refuses. The set is closed; docs/who-may-do-what.md has each in plain words.
type Rule string

// What allows.
const (
	System                 Rule = "system"
	TenantAdmin            Rule = "tenant_administrator"
	SiteCollectionAdmin    Rule = "site_collection_administrator"
	SiteOwner              Rule = "site_owner"
	ConfiguresSite         Rule = "configure_site"
	Owner                  Rule = "owner"
	PersonalOwner          Rule = "personal_owner"
	NamedUser              Rule = "named_user"
	NamedGroup             Rule = "named_group"
	SharedInTenant         Rule = "shared_tenant"
	SharedInSiteCollection Rule = "shared_site_collection"
	SharedInSite           Rule = "shared_site"
)

// What refuses.
const (
	RemovedUser         Rule = "removed_user"
	NoRole              Rule = "no_role"
	AboveRole           Rule = "above_role"
	OwnersOnly          Rule = "owners_and_administrators_only"
	AvailabilityOnly    Rule = "availability_needs_owning_administrator"
	AvailabilityUnclear Rule = "availability_unclear"
	PersonalCreatorOnly Rule = "personal_creator_only"
	PersonalNoTakeover  Rule = "personal_owner_stays"
	KindStays           Rule = "kind_stays"
	LastOwner           Rule = "last_owner_stays"
	DesignerOff         Rule = "designer_connections_off"
	PlaceUnknown        Rule = "place_unknown"
	PlaceContradicted   Rule = "place_contradicted"
	NotAvailableHere    Rule = "not_available_here"
	NotNamed            Rule = "not_named"
	DirectoryAdmins     Rule = "directory_administrators_only"
	SystemIsNoUser      Rule = "system_is_no_user"
	ConfigureSelfNeeded Rule = "configure_self_needed"
)

// Rules lists every rule.
func Rules() []Rule {
	return []Rule{
		System, TenantAdmin, SiteCollectionAdmin, SiteOwner, ConfiguresSite, Owner, PersonalOwner, NamedUser, NamedGroup,
		SharedInTenant, SharedInSiteCollection, SharedInSite,
		RemovedUser, NoRole, AboveRole, OwnersOnly, AvailabilityOnly, AvailabilityUnclear, PersonalCreatorOnly,
		PersonalNoTakeover, KindStays, LastOwner, DesignerOff, PlaceUnknown, PlaceContradicted, NotAvailableHere,
		NotNamed, DirectoryAdmins, SystemIsNoUser, ConfigureSelfNeeded,
	}
}

// Question is who wants to do what with which connection.
type Question struct {
	Op    Op
	Actor string // a user, or events.ActorSystem; empty: nobody, a run without a user
	// Now is the connection as it is, or was before it was deleted; nil where there never was one.
	Now *events.Connection
	// Wanted is the connection as it shall be: for Create, Edit, ChangeAvailability and Assign.
	Wanted *events.Connection
	// Place is where it happens: for See and Use.
	Place Place
	// Site is what the actor's site permission set says.
	Site SiteRights
}

// SiteRights is what a user's site permission set says of the site itself. The zero value is that of a user who has
// none.
type SiteRights struct {
	// Configures: may manage others' connections.
	Configures bool
	// NotSelf: may not change the credentials of the user's own connections.
	NotSelf bool
}

// Place is where somebody says to be; either may be empty.
type Place struct {
	SiteCollection string
	Site           string
}

// Decision is the answer, and the rule that gave it.
type Decision struct {
	Allowed bool
	Rule    Rule
	// Reason, Detail and Field say why not: a safe sentence, and the offending value in the event.
	Reason fault.Reason
	Detail string
	Field  string
}

// Fault is a refusal as a fault; nil for what is allowed.
func (d Decision) Fault() *fault.Fault {
	if d.Allowed {
		return nil
	}
	return fault.New(d.Reason, d.Detail).WithRule(string(d.Rule)).WithField(d.Field)
}

func allow(r Rule) Decision { return Decision{Allowed: true, Rule: r} }

func refuse(r Rule, detail string) Decision {
	return Decision{Rule: r, Reason: reasonOf(r), Detail: detail}
}

func (d Decision) at(field string) Decision { d.Field = field; return d }

// reasonOf is a refusal's reason: what limits use has reasons of its own.
func reasonOf(r Rule) fault.Reason {
	switch r {
	case PersonalCreatorOnly:
		return fault.NotOwner
	case PlaceContradicted, NotAvailableHere, NotNamed:
		return fault.NotAvailable
	default:
		return fault.NotPermitted
	}
}

// FromDirectory tells whether a refusal of Use may rest on something that the directory has not heard yet.
func FromDirectory(r Rule) bool {
	switch r {
	case RemovedUser, NotNamed, NotAvailableHere, PlaceContradicted:
		return true
	default:
		return false
	}
}
