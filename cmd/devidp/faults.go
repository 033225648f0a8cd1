package main

import (
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"time"
)

// What a fault does to a request. Only none and slow do the real work.
const (
	modeNone            = "none"
	modeSlow            = "slow"              // the real answer, after delay_ms
	modeStatus          = "status"            // status (503), headers and body as given
	modeReset           = "reset"             // the connection is reset
	modeHTML            = "html200"           // a page where a token should be
	modeEmpty           = "empty200"          // nothing where a token should be
	modeTruncated       = "truncated"         // an answer that ends too early
	modeEcho            = "echo"              // an error that repeats what was sent, secrets and all
	modeInvalidGrant500 = "invalid_grant_500" // a failure that looks like a refusal
	modeError           = "error"             // the OAuth error given, with status (400)
)

var modes = []string{modeNone, modeSlow, modeStatus, modeReset, modeHTML, modeEmpty, modeTruncated, modeEcho, modeInvalidGrant500, modeError}

// fault is one way an endpoint fails, and for how long.
type fault struct {
	Mode        string            `json:"mode"`
	Status      int               `json:"status,omitempty"`
	Body        string            `json:"body,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	Error       string            `json:"error,omitempty"`             // for mode error
	Description string            `json:"error_description,omitempty"` // for mode error
	DelayMS     int               `json:"delay_ms,omitempty"`          // waited first, whatever the mode
	LoseAnswer  bool              `json:"lose_answer,omitempty"`       // the work is done, its answer cut off
	// Count is how many more requests it lasts; without one, or -1, for ever.
	Count *int `json:"count,omitempty"`
	// ClientID and GrantType narrow it down to some token requests.
	ClientID  string `json:"client_id,omitempty"`
	GrantType string `json:"grant_type,omitempty"`
}

func (f fault) validate() error {
	if !slices.Contains(modes, f.Mode) {
		return fmt.Errorf("mode %q is not one of %v", f.Mode, modes)
	}
	if f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		return fmt.Errorf("status %d is not one that can be answered", f.Status)
	}
	return nil
}

func (f fault) meets(r *http.Request) bool {
	return (f.ClientID == "" || f.ClientID == clientID(r)) &&
		(f.GrantType == "" || f.GrantType == r.PostForm.Get("grant_type"))
}

// faults holds at most one fault for each endpoint.
type faults struct {
	mu     sync.Mutex
	active map[string]fault
}

func newFaults() *faults { return &faults{active: map[string]fault{}} }

// set replaces all faults.
func (f *faults) set(next map[string]fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = maps.Clone(next)
	if f.active == nil {
		f.active = map[string]fault{}
	}
}

// list returns the faults with what is left of their counts.
func (f *faults) list() map[string]fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	return maps.Clone(f.active)
}

// take returns the fault that the request meets, and counts it down.
func (f *faults) take(endpoint string, r *http.Request) (fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	found, ok := f.active[endpoint]
	if !ok || !found.meets(r) {
		return fault{}, false
	}
	if found.Count == nil || *found.Count < 0 {
		return found, true
	}
	if *found.Count == 0 {
		return fault{}, false
	}
	left := *found.Count - 1
	found.Count = &left
	f.active[endpoint] = found
	return found, true
}

// faulty lets the endpoint fail as it is told to.
func (s *server) faulty(endpoint string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, ok := s.faults.take(endpoint, r)
		if !ok {
			next.ServeHTTP(w, r)
			return
		}
		s.calls.faulted()
		if !wait(r, time.Duration(f.DelayMS)*time.Millisecond) {
			return
		}
		if f.LoseAnswer {
			next.ServeHTTP(httptest.NewRecorder(), r)
			reset(w)
			return
		}
		f.answer(w, r, next)
	})
}

// wait returns false when the client or the server went away meanwhile.
func wait(r *http.Request, d time.Duration) bool {
	if d <= 0 {
		return true
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

func (f fault) answer(w http.ResponseWriter, r *http.Request, next http.Handler) {
	for name, value := range f.Headers {
		w.Header().Set(name, value)
	}
	switch f.Mode {
	case modeNone, modeSlow:
		next.ServeHTTP(w, r)
	case modeStatus:
		f.write(w, orStatus(f.Status, http.StatusServiceUnavailable), f.Body)
	case modeReset:
		reset(w)
	case modeHTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		f.write(w, http.StatusOK, "<html><body>The service is being maintained.</body></html>")
	case modeEmpty:
		w.WriteHeader(http.StatusOK)
	case modeTruncated:
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Length", "512")
		f.write(w, http.StatusOK, `{"access_token":"trunc`)
	case modeEcho:
		writeOAuthError(w, orStatus(f.Status, http.StatusBadRequest), "invalid_request", echoOf(r))
	case modeInvalidGrant500:
		writeOAuthError(w, http.StatusInternalServerError, "invalid_grant", "The store is not available.")
	case modeError:
		writeOAuthError(w, orStatus(f.Status, http.StatusBadRequest), f.Error, f.Description)
	}
}

func (f fault) write(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the reader is gone, if it fails
}

func writeOAuthError(w http.ResponseWriter, status int, code, description string) {
	writeJSON(w, status, map[string]string{"error": code, "error_description": description})
}

// echoOf repeats all that a request was sent with, as careless servers do.
func echoOf(r *http.Request) string {
	sent := "got"
	if header := r.Header.Get("Authorization"); header != "" {
		sent += " Authorization: " + header
	}
	if id, secret, ok := r.BasicAuth(); ok {
		sent += " as " + id + " with " + secret
	}
	for name, values := range r.PostForm {
		sent += fmt.Sprintf(" %s=%s", name, values)
	}
	return sent
}

// reset cuts the connection so that the client sees a reset, not an end.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler) // cuts it as well
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func orStatus(status, fallback int) int {
	if status == 0 {
		return fallback
	}
	return status
}
