package handlers

import (
	"context"
	"time"

	"golang.org/x/sync/semaphore"

	"holdfast/internal/fault"
)

const (
	// tenantShare is how many tests, revocations and paced resumes of one tenant go on at the same time in a worker:
	// each may wait for a system that does not answer, and other tenants' come through the same consumers.
	tenantShare = 8
	// shareWait is how long one waits for its turn before it comes again later: those of a system that answers are
	// through by then.
	shareWait = 200 * time.Millisecond
)

// share takes one of a tenant's places for what may take long. Fault: conflict, all are taken.
func (h *Handlers) share(ctx context.Context, tenant string) (release func(), f *fault.Fault) {
	kept, ok := h.shares.Load(tenant)
	if !ok {
		kept, _ = h.shares.LoadOrStore(tenant, semaphore.NewWeighted(tenantShare))
	}
	places, ok := kept.(*semaphore.Weighted)
	ctx, cancel := context.WithTimeout(ctx, shareWait)
	defer cancel()
	if !ok || places.Acquire(ctx, 1) != nil {
		return func() {}, fault.New(fault.Conflict, "other connections of the tenant are being tried").WithRetryAfter(time.Second)
	}
	return func() { places.Release(1) }, nil
}
