package top

import (
	"context"
	"time"

	"holdfast/internal/pause"
)

// Plain gives a snapshot to print every interval, the first as soon as there are rates; once: that one alone. It ends
// with ctx, without an error.
func Plain(ctx context.Context, s Source, every time.Duration, once bool, print func(Snapshot) error) error {
	wait := min(every, firstLook)
	for {
		snapshot, err := s.Snapshot(ctx)
		switch {
		case ctx.Err() != nil:
			return nil //nolint:nilerr // interrupted: that is how it ends
		case err != nil:
			return err
		}
		if snapshot.Seconds > 0 {
			if err := print(snapshot); err != nil || once {
				return err
			}
			wait = every
		}
		if !pause.For(ctx, wait) {
			return nil
		}
	}
}
