package pause_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/internal/pause"
)

func TestFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		tests := []struct {
			d, took time.Duration
			want    bool
		}{
			{0, 0, true},
			{-time.Second, 0, true},
			{20 * time.Second, 20 * time.Second, true},
			{time.Hour, 40 * time.Second, false},
			{0, 0, false}, // ctx has ended
		}
		for _, tt := range tests {
			began := time.Now()
			if got := pause.For(ctx, tt.d); got != tt.want || time.Since(began) != tt.took {
				t.Errorf("%s: %v after %s, want %v after %s", tt.d, got, time.Since(began), tt.want, tt.took)
			}
		}
	})
}

func TestUntil(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 3500*time.Millisecond)
		defer cancel()
		failed := errors.New("asking failed")
		tests := []struct {
			name string
			so   func(asked int) (bool, error)
			want error
			asks int
		}{
			{"at once", func(int) (bool, error) { return true, nil }, nil, 1},
			{"later", func(n int) (bool, error) { return n == 2, nil }, nil, 2},
			{"failed", func(int) (bool, error) { return false, failed }, failed, 1},
			{"never", func(int) (bool, error) { return false, nil }, context.DeadlineExceeded, 3}, // at 1, 2 and 3 s
		}
		for _, tt := range tests {
			asked := 0
			err := pause.Until(ctx, time.Second, func() (bool, error) { asked++; return tt.so(asked) })
			if !errors.Is(err, tt.want) || asked != tt.asks {
				t.Errorf("%s: %v, asked %d times", tt.name, err, asked)
			}
		}
	})
}
