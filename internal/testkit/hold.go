package testkit

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Hold is one request that a Proxy keeps: before it is sent on, or with its answer in hand.
type Hold struct {
	proxy   *Proxy
	answer  bool
	reached chan struct{}
	end     chan bool
}

// HoldRequest keeps the first request that only matches, before the server has seen it, until Release or Drop.
// The server never sees one whose client has gone meanwhile.
func (p *Proxy) HoldRequest(only func(*http.Request) bool) *Hold { return p.hold(only, false) }

// HoldAnswer keeps the server's answer to the first request that only matches, until Release or Drop.
func (p *Proxy) HoldAnswer(only func(*http.Request) bool) *Hold { return p.hold(only, true) }

func (p *Proxy) hold(only func(*http.Request) bool, answer bool) *Hold {
	h := &Hold{proxy: p, answer: answer, reached: make(chan struct{}), end: make(chan bool, 1)}
	taken := false // guarded by the proxy's lock, under which only is called
	p.Intercept(func(r *http.Request) bool {
		if taken || !only(r) {
			return false
		}
		taken = true
		return true
	}, h.serve)
	return h
}

// Reached waits until the request is held.
func (h *Hold) Reached(tb testing.TB, within time.Duration) {
	tb.Helper()
	select {
	case <-h.reached:
	case <-time.After(within):
		tb.Fatalf("no request to hold within %s", within)
	}
}

// Release lets the request, or its answer, go on.
func (h *Hold) Release() { h.end <- true }

// Drop cuts the client's connection. The server does not see a request that was held before it.
func (h *Hold) Drop() { h.end <- false }

func (h *Hold) serve(w http.ResponseWriter, r *http.Request) {
	answer := httptest.NewRecorder()
	if h.answer {
		h.proxy.forward.ServeHTTP(answer, r)
	}
	close(h.reached)
	select {
	case goOn := <-h.end:
		if !goOn {
			panic(http.ErrAbortHandler)
		}
	case <-r.Context().Done():
		return
	}
	if !h.answer {
		h.proxy.forward.ServeHTTP(w, r)
		return
	}
	copyHeader(w.Header(), answer.Header())
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes())
}
