package httpc

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"holdfast/internal/fault"
)

func TestO4_NothingWrittenIsProvenNoEffect(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	_ = l.Close()
	tls := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(tls.Close)
	c := newConnector(t, Options{})
	for base, detail := range map[string]string{
		closed:                    "refused the connection",
		"http://no-such.invalid.": "name",
		tls.URL:                   "certificate is not trusted",
	} {
		_, err := c.Execute(t.Context(), request(base, "POST", "/"))
		if shown := wantFault(t, err, fault.TargetUnavailable, true); !strings.Contains(shown, detail) {
			t.Errorf("%s: %s", base, shown)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = c.Execute(ctx, request(closed, "POST", "/"))
	wantFault(t, err, fault.TargetUnavailable, true)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the cause is lost: %v", err)
	}
}

func TestO4_ALostAnswerProvesNothing(t *testing.T) {
	release := make(chan struct{})
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		switch r.URL.Path {
		case "/reset":
			conn, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				if tcp, ok := conn.(*net.TCPConn); ok {
					_ = tcp.SetLinger(0)
				}
				_ = conn.Close()
			}
		case "/half":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
			panic(http.ErrAbortHandler)
		case "/slow-body":
			_, _ = w.Write([]byte("begun"))
			_ = http.NewResponseController(w).Flush()
			<-release
		case "/slow":
			<-release
		}
	})
	t.Cleanup(func() { close(release) })
	slow := newConnector(t, Options{HeaderTimeout: 50 * time.Millisecond, Timeout: 200 * time.Millisecond})
	for _, path := range []string{"/reset", "/half", "/slow", "/slow-body"} {
		_, err := slow.Execute(t.Context(), request(s.URL, "POST", path))
		if shown := wantFault(t, err, fault.TargetUnavailable, false); !strings.Contains(shown, "after the request was sent") {
			t.Errorf("%s: %s", path, shown)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := newConnector(t, Options{}).Execute(ctx, request(s.URL, "POST", "/slow"))
	wantFault(t, err, fault.TargetUnavailable, false)
}

// A pooled connection that breaks must not make net/http send a POST twice on its own.
func TestO4_AnOperationIsSentOnce(t *testing.T) {
	var posts atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			return
		}
		posts.Add(1)
		if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
			_ = conn.Close()
		}
	})
	c := newConnector(t, Options{})
	if _, err := c.Execute(t.Context(), request(s.URL, "GET", "/")); err != nil {
		t.Fatal(err)
	}
	_, err := c.Execute(t.Context(), request(s.URL, "POST", "/"))
	wantFault(t, err, fault.TargetUnavailable, false)
	if n := posts.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/big":
			_, _ = w.Write([]byte(strings.Repeat("äb", 1<<20)))
		case "/forever":
			for r.Context().Err() == nil {
				if _, err := w.Write([]byte(strings.Repeat("x", 4096))); err != nil {
					return
				}
			}
		case "/headers":
			for i := range 10_000 {
				w.Header().Set("X-Header-"+strconv.Itoa(i), "some value")
			}
		case "/long-header":
			w.Header().Set("ETag", strings.Repeat("e", 10_000))
		case "/deep":
			_, _ = w.Write([]byte(strings.Repeat("[", 9000) + strings.Repeat("]", 9000)))
		}
	})
	c := newConnector(t, Options{})
	for _, path := range []string{"/big", "/forever"} {
		result, err := c.Execute(t.Context(), request(s.URL, "GET", path))
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if d := response(t, result); !d.Truncated || d.Bytes != defaultResponseBytes || len(d.BodyText) > defaultResponseBytes {
			t.Errorf("%s: truncated %v, %d bytes", path, d.Truncated, d.Bytes)
		}
	}
	_, err := c.Execute(t.Context(), request(s.URL, "GET", "/headers"))
	wantFault(t, err, fault.TargetUnavailable, false)
	result, err := c.Execute(t.Context(), request(s.URL, "GET", "/long-header"))
	if err != nil {
		t.Fatal(err)
	}
	if n := len(response(t, result).Headers["Etag"]); n != maxReturnedHeader {
		t.Errorf("a header of %d bytes", n)
	}
	result, err = c.Execute(t.Context(), request(s.URL, "GET", "/deep"))
	if err != nil {
		t.Fatal(err)
	}
	if d := response(t, result); d.Body != nil || len(d.BodyText) != 18000 {
		t.Errorf("deep JSON: %d bytes of text", len(d.BodyText))
	}
}
