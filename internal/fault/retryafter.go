package fault

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ReadRetryAfter is how long a response asks to be left alone (Retry-After in both of its forms, RFC 9110 section
// 10.2.3): most at most, 0 where it does not ask, or for longer than anybody means. now is what a date is compared with.
func ReadRetryAfter(h http.Header, now time.Time, most time.Duration) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 32); err == nil {
		return min(time.Duration(n)*time.Second, most)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(now), 0), most)
	}
	return 0
}
