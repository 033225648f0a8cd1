package handlers

import (
	"math/rand/v2"
	"time"
)

// jitter is d, a tenth of it more or less, so that workers do not move in step.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + time.Duration(rand.Int64N(int64(d/5)+1)) //nolint:gosec // spreading load is no secret
}
