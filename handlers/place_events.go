package handlers

import (
	"context"

	"holdfast/events"
	"holdfast/internal/access"
	"holdfast/internal/dispatch"
)

// PlaceSiteCollectionUpdated handles place.site_collection_updated.
func (h *Handlers) PlaceSiteCollectionUpdated(ctx context.Context, m dispatch.Meta, c events.SiteCollection) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactSiteCollection, ID: c.ID}, c.Actor, nil, c)
}

// PlaceSiteCollectionRemoved handles place.site_collection_removed: its sites are no places any more, either.
func (h *Handlers) PlaceSiteCollectionRemoved(ctx context.Context, m dispatch.Meta, c events.SiteCollectionRef) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactSiteCollection, ID: c.ID, Removed: true}, c.Actor, nil, nil)
}

// PlaceSiteUpdated handles place.site_updated. The site collection must be there.
func (h *Handlers) PlaceSiteUpdated(ctx context.Context, m dispatch.Meta, s events.Site) dispatch.Result {
	check := func(d *access.Directory) access.Decision { return access.CheckSite(d, s) }
	return h.describe(ctx, m, events.Fact{Kind: events.FactSite, ID: s.ID}, s.Actor, check, s)
}

// PlaceSiteRemoved handles place.site_removed: roles in it end, and nobody is in it any more.
func (h *Handlers) PlaceSiteRemoved(ctx context.Context, m dispatch.Meta, s events.SiteRef) dispatch.Result {
	return h.describe(ctx, m, events.Fact{Kind: events.FactSite, ID: s.ID, Removed: true}, s.Actor, nil, nil)
}
