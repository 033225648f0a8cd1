package handlers

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/permission"
)

// tellConflicts says which sets force different values on the same users since a change, so that somebody mends it
// before a write is denied.
func (h *Handlers) tellConflicts(ctx context.Context, m dispatch.Meta, before *permission.Snapshot, f events.Fact) error {
	for _, c := range h.Permissions.Of(f.Tenant).NewConflicts(before, f) {
		n := events.ForceConflict{
			Tenant: f.Tenant, App: c.App, Sets: c.Sets[:], Connection: c.Connection, Object: c.Object, Field: c.Field,
			User: c.User, Users: c.Users, Origin: events.Origin{Stream: m.Stream, Sequence: m.Sequence},
		}
		id := noticeID("conflict_found", f.Tenant, conflictKey(c), m.Sequence)
		if err := h.notify(ctx, events.PermissionConflictFound, f.Tenant, id, n); err != nil {
			return err
		}
	}
	return nil
}

// tellConflictsAgain is for a change that was stored already: whoever stored it may not have come to telling. What was
// before is not known any more, so all conflicts of those whom it concerns are told; told twice, they count once.
func (h *Handlers) tellConflictsAgain(ctx context.Context, m dispatch.Meta, stored, f events.Fact) error {
	if stored.Sequence != f.Sequence && m.Deliveries < 2 {
		return nil // it was never stored
	}
	without := f
	without.Removed, without.Data = true, nil
	return h.tellConflicts(ctx, m, h.Permissions.Of(f.Tenant).Apply(without), f)
}

// conflictKey is the same for one conflict however often it is found. Names of objects and fields are anything.
func conflictKey(c permission.Conflict) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{c.App, c.Sets[0], c.Sets[1], c.Connection, c.Object, c.Field}, "\x00")))
	return c.Sets[0] + "/" + c.Sets[1] + "/" + hex.EncodeToString(sum[:8])
}
