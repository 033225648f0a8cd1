package dev

import (
	"context"

	"holdfast/internal/audit"
	"holdfast/internal/ops"
)

// Audit holds what the streams say of a tenant, and what the target did, against what is promised, as things are now:
// nobody is given time for anything that follows.
func (s *Stack) Audit(ctx context.Context, tenant string) (audit.Report, error) {
	return audit.Run(ctx, ops.AuditSource(s.bus), audit.Options{Tenant: tenant, Settle: -1,
		Effects: audit.Counted(s.Target.Effects()), EffectsComplete: true})
}
