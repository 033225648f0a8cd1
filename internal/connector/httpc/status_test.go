package httpc

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
)

// rawServer answers every request on a socket of its own with exactly these bytes and closes.
func rawServer(t *testing.T, answer func(request *http.Request) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { _ = l.Close(); <-done })
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				_, _ = conn.Write([]byte(answer(r)))
			}
			_ = conn.Close()
		}
	}()
	return "http://" + l.Addr().String()
}

// expected is the table of the design, written down a second time on purpose.
func expected(code int) (reason fault.Reason, noEffect, answers bool) {
	switch {
	case code == 100 || code > 101 && code < 200: // informational: the connection ends before the answer
		return fault.TargetUnavailable, false, false
	case code == 401:
		return fault.BadCredentials, true, false
	case code == 403:
		return fault.Forbidden, false, true
	case code == 408:
		return fault.TargetUnavailable, false, false
	case code == 425, code == 429:
		return fault.TargetThrottled, true, false
	case code >= 500:
		return fault.TargetUnavailable, false, false
	case code >= 200 && code < 300, code == 304:
		return "", false, true
	default:
		return fault.TargetRejected, false, true
	}
}

func TestC12_EveryStatusHasItsMeaning(t *testing.T) {
	base := rawServer(t, func(r *http.Request) string {
		return fmt.Sprintf("HTTP/1.1 %s Word\r\nRetry-After: 7\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", strings.TrimPrefix(r.URL.Path, "/"))
	})
	c := newConnector(t, Options{})
	for code := 100; code <= 599; code++ {
		reason, noEffect, answers := expected(code)
		result, err := c.Execute(t.Context(), request(base, "POST", fmt.Sprintf("/%d", code)))
		if (result.Response != nil) != answers {
			t.Errorf("%d: response %s", code, result.Response)
		}
		if reason == "" {
			if err != nil {
				t.Errorf("%d: %v", code, err)
			}
			continue
		}
		f := fault.From(err)
		if f == nil || f.Reason != reason || f.NoEffect != noEffect {
			t.Errorf("%d: %+v, want %s with NoEffect %v", code, f, reason, noEffect)
			continue
		}
		waits := code == 408 || code == 425 || code == 429 || code >= 500
		if (f.RetryAfter == 7*time.Second) != waits {
			t.Errorf("%d: RetryAfter %s", code, f.RetryAfter)
		}
	}
}

func TestC12_AStatusMayBeDeclaredToMeanAuthentication(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/login" {
			http.Redirect(w, r, "/sign-in", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusForbidden)
	})
	c := newConnector(t, Options{})
	for _, path := range []string{"/", "/login"} {
		result, err := c.Execute(t.Context(), request(s.URL, "GET", path, `"auth_failure_statuses":[403,302]`))
		wantFault(t, err, fault.BadCredentials, true)
		if result.Response != nil {
			t.Errorf("%s: response %s", path, result.Response)
		}
	}
	_, err := c.Execute(t.Context(), request(s.URL, "GET", "/"))
	wantFault(t, err, fault.Forbidden, false)
}
