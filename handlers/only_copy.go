package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
)

// copyLease is how long the copies of a request wait for a worker that died with one of them.
const copyLease = 15 * time.Second

// onlyCopy keeps the copies of a request apart that operators published, replays and retries of dead letters, across
// all workers: of two at once, one is put off, and finds what came of the other on the ledger. Who publishes them looks
// that no other message of the request is before the workers; this is for what slips through there. It costs a copy
// two more messages, and a request that came as usual nothing.
func (h *Handlers) onlyCopy(ctx context.Context, m dispatch.Meta, request string) (release func(), ok bool, err error) {
	if m.Get(events.HeaderOriginal) == "" && m.Get(events.HeaderRetryOf) == "" {
		return func() {}, true, nil
	}
	return h.Leases.Keep(ctx, "copy-"+m.Tenant+"."+request, copyLease)
}
