package oauth_test

import (
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/oauth"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// at is a clock that stands still.
type at time.Time

func (a at) Now() time.Time { return time.Time(a) }

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newClient(tb testing.TB) *oauth.Client {
	tb.Helper()
	c := oauth.New(oauth.Options{Clock: at(noon), Timeout: 5 * time.Second})
	tb.Cleanup(c.Close)
	return c
}
