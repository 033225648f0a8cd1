package letters

import (
	"context"
	"encoding/json"
	"fmt"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/process"
)

// effect is what would come of a message that a worker takes.
func (d *Desk) effect(ctx context.Context, v View, e events.Event) (outlook, error) {
	switch e.Type.Noun() {
	case "action":
		return d.again(ctx, v, e)
	case "connection":
		return d.connectionSince(ctx, v, e)
	case "directory", "place":
		kind, id := factOf(e)
		return d.factSince(ctx, v, kind, id)
	case "permission":
		return d.permissionSince(ctx, v, e)
	case "process":
		return d.retiredSince(ctx, v, e)
	default:
		return outlook{verdict: Ready}, nil
	}
}

// payload reads what an event says, as far as it can be read.
func payload[T any](e events.Event) (p T, ok bool) {
	p, err := events.Payload[T](e)
	return p, err == nil
}

// again asks a request's ledger what a copy of it would do.
func (d *Desk) again(ctx context.Context, v View, e events.Event) (outlook, error) {
	r, ok := payload[events.Request](e)
	if !ok || !events.ValidID(r.ID) {
		return outlook{verdict: Ready}, nil
	}
	show := "holdfast requests show " + r.ID + " --tenant " + v.Tenant
	last, err := d.Journal.Last(ctx, events.LedgerSubject(v.Tenant, r.ID))
	switch {
	case err != nil:
		return outlook{}, err
	case last.Type.Ends():
		return outlook{HasOutcome, "request " + r.ID + " has ended: " + last.Type.What() + "; nothing is done again", show}, nil
	case last.Type == events.ActionStarted:
		return outlook{Begun, "the effect of request " + r.ID + " was begun, and nobody knows what came of it",
			"look at the target whether it happened; if not, give it a new request_id: holdfast deadletters edit " + number(v.Sequence)}, nil
	case last.Type == events.ActionSuspended:
		return outlook{Waits, "request " + r.ID + " is suspended; nothing is done again", show}, nil
	default:
		return outlook{verdict: Ready}, nil
	}
}

// connectionSince looks whether a connection was changed since the message was published: an event carries full state,
// and a later try of it comes behind all others.
func (d *Desk) connectionSince(ctx context.Context, v View, e events.Event) (outlook, error) {
	c, ok := payload[events.ConnectionRef](e)
	if e.Type == events.ConnectionTestRequested || e.Type == events.ConnectionSecretRotated || !ok || !events.ValidID(c.ID) {
		return outlook{verdict: Ready}, nil
	}
	entry, _, err := d.Registry().Fresh(ctx, v.Tenant, c.ID)
	if err != nil || entry == nil || entry.Sequence <= v.Origin.Sequence {
		return outlook{verdict: Ready}, err
	}
	return overtaken(v, fmt.Sprintf("connection %s was changed since (revision %d)", c.ID, entry.Sequence)), nil
}

func overtaken(v View, since string) outlook {
	return outlook{Overtaken, since + ": retrying would put back what it says", "look at what it says: holdfast deadletters edit " +
		number(v.Sequence) + "; or holdfast deadletters drop " + number(v.Sequence) + " --why TEXT"}
}

// factSince is connectionSince for a fact; one without an id is none.
func (d *Desk) factSince(ctx context.Context, v View, kind events.FactKind, id string) (outlook, error) {
	if id == "" {
		return outlook{verdict: Ready}, nil
	}
	facts, err := d.openFacts(ctx)
	if err != nil {
		return outlook{}, err
	}
	f, _, err := facts.Fresh(ctx, v.Tenant, kind, id)
	if err != nil || f.Sequence <= v.Origin.Sequence {
		return outlook{verdict: Ready}, err
	}
	return overtaken(v, fmt.Sprintf("%s %s was changed since (HF_PERMISSIONS %d)", kind, id, f.Sequence)), nil
}

// permissionSince is factSince for what is said of permission sets. An assignment ends with its set: one from before
// that is none of the set that was made anew under the same id.
func (d *Desk) permissionSince(ctx context.Context, v View, e events.Event) (outlook, error) {
	a, ok := payload[events.PermissionAssignment](e)
	switch {
	case !ok:
		return outlook{verdict: Ready}, nil
	case e.Type == events.PermissionPublicChanged:
		return d.factSince(ctx, v, events.FactPublicAccess, a.App)
	case e.Type != events.PermissionAssigned && e.Type != events.PermissionUnassigned:
		return d.factSince(ctx, v, events.FactSet, a.Set)
	}
	all, err := d.Permissions(ctx)
	if err != nil {
		return outlook{}, err
	}
	now := all.Of(v.Tenant)
	switch set := now.Set(a.Set); {
	case set == nil:
		return d.factSince(ctx, v, events.FactSet, a.Set)
	case set.Created > v.Origin.Sequence:
		return overtaken(v, fmt.Sprintf("permission set %s was made anew since (HF_PERMISSIONS %d)", a.Set, set.Created)), nil
	}
	kept := now.Kept(a)
	return d.factSince(ctx, v, kept.Kind, kept.ID)
}

// retiredSince looks whether all versions of a process were retired since one was published: a later try of it is
// published behind the retirement, and runs could begin with it. A version that is stored stays as it is, and so does the
// retirement of one.
func (d *Desk) retiredSince(ctx context.Context, v View, e events.Event) (outlook, error) {
	p, ok := payload[events.ProcessRef](e)
	if e.Type != events.ProcessPublished || !ok || !events.ValidID(p.ID) {
		return outlook{verdict: Ready}, nil
	}
	facts, err := d.openFacts(ctx)
	if err != nil {
		return outlook{}, err
	}
	f, revision, err := facts.Fresh(ctx, v.Tenant, events.FactProcess, p.ID)
	if err != nil || revision == 0 {
		return outlook{verdict: Ready}, err
	}
	var last process.Retirement
	if err := json.Unmarshal(f.Data, &last); err != nil {
		return outlook{}, fault.Wrap(fault.Internal, "what is kept of a process can not be read", err)
	}
	if last.Sequence <= v.Origin.Sequence { // publishing leaves one that ends nothing
		return outlook{verdict: Ready}, nil
	}
	return overtaken(v, fmt.Sprintf("all versions of process %s were retired since (HF_PERMISSIONS %d)", p.ID, last.Sequence)), nil
}

// factOf names the fact that an event is about; id is empty where it can not be read.
func factOf(e events.Event) (kind events.FactKind, id string) {
	p, ok := payload[struct {
		User           string      `json:"user_id"`
		Group          string      `json:"group_id"`
		Role           events.Role `json:"role"`
		SiteCollection string      `json:"site_collection_id"`
		Site           string      `json:"site_id"`
	}](e)
	if !ok {
		return "", ""
	}
	switch e.Type {
	case events.DirectoryUserUpdated, events.DirectoryUserRemoved:
		return events.FactUser, p.User
	case events.DirectoryGroupUpdated, events.DirectoryGroupRemoved:
		return events.FactGroup, p.Group
	case events.DirectoryRoleUpdated:
		return events.FactRole, events.RoleHolders{Role: p.Role, SiteCollection: p.SiteCollection, Site: p.Site}.FactID()
	case events.PlaceSiteCollectionUpdated, events.PlaceSiteCollectionRemoved:
		return events.FactSiteCollection, p.SiteCollection
	case events.PlaceSiteUpdated, events.PlaceSiteRemoved:
		return events.FactSite, p.Site
	default:
		return "", ""
	}
}
