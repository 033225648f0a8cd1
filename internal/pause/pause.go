// Package pause waits, but not for longer than it is wanted.
package pause

import (
	"context"
	"time"
)

// For waits for d; false when ctx ended before, or has ended by then.
func For(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}

// Until asks again and again, with a pause in between, whether something is so. The error is what asking says, or the
// context's where that ends first.
func Until(ctx context.Context, every time.Duration, so func() (bool, error)) error {
	for {
		if ok, err := so(); ok || err != nil {
			return err
		}
		if !For(ctx, every) {
			return ctx.Err()
		}
	}
}
