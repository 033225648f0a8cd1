package app

import (
	"context"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
)

// retryEvery is the pause between two tries at start.
const retryEvery = time.Second

// retryFor calls f until it works, what is wrong will not pass by itself, or the time is over.
func retryFor(ctx context.Context, d time.Duration, f func(context.Context) error) error {
	deadline := time.Now().Add(d)
	for {
		err := f(ctx)
		if err == nil || !passing(err) || time.Now().After(deadline) || !pause.For(ctx, retryEvery) {
			return err
		}
	}
}

// passing tells whether a start may work when it is tried again.
func passing(err error) bool {
	return fault.From(err).Class() == fault.Transient
}

// safeText is an error in words that may be shown.
func safeText(err error) string { return fault.From(err).Error() }

func logFault(log zerolog.Logger, err error, message string) {
	f := fault.From(err)
	if f == nil || f.Reason == fault.Draining {
		return
	}
	log.Warn().Str("reason", string(f.Reason)).Str("detail", f.Detail).Msg(message)
}
