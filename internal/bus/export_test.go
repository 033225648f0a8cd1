package bus

import (
	"context"

	"holdfast/events"
)

// Has tells whether the alarm is set and has not rung.
func (t *Timers) Has(ctx context.Context, c events.Chain, sequence uint64) (bool, error) {
	v, err := t.bus.kvGet(ctx, events.BucketTimers, timerKey(c, sequence))
	return err == nil && !v.gone, err
}
