package bus

import (
	"context"
	"time"

	"holdfast/events"
)

// Since tells whether any replay was at work after a time: whether one has noted anything.
func (r *Replays) Since(ctx context.Context, t time.Time) (bool, error) {
	for _, err := range r.bus.Messages(ctx, Search{Stream: kvPrefix + events.BucketReplays, Since: t, HeadersOnly: true}) {
		return err == nil, err
	}
	return false, nil
}
