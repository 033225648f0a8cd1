package fault_test

import (
	"net/http"
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestReadRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	const most = 24 * time.Hour
	for in, want := range map[string]time.Duration{
		"": 0, "x": 0, "-1": 0, "0": 0, "120": 2 * time.Minute, "3\t": 3 * time.Second,
		"4000000000": most, "1767225845000": 0, "99999999999999999999": 0,
		now.Add(time.Hour).Format(http.TimeFormat):        time.Hour,
		now.Add(-time.Hour).Format(http.TimeFormat):       0,
		now.Add(1000 * time.Hour).Format(http.TimeFormat): most,
	} {
		if got := fault.ReadRetryAfter(http.Header{"Retry-After": {in}}, now, most); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}
