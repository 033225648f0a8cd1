package devtarget

import (
	"net"
	"net/http"
	"time"

	"holdfast/internal/pause"
)

// Fault is how the next requests are answered, whatever they ask and whoever asks.
type Fault struct {
	// Resource is whose requests it is for ("basic"); empty for all.
	Resource string `json:"resource,omitempty"`
	// Status, Body and Headers are the answer; without a status, only DelayMS and Reset count.
	Status  int               `json:"status,omitempty"`
	Body    string            `json:"body,omitempty"`
	Headers map[string]string `json:"headers,omitempty"`
	// Count is for how many requests it holds; 0 until it is removed.
	Count int `json:"count,omitempty"`
	// DelayMS is how long to wait before, in milliseconds.
	DelayMS int `json:"delay_ms,omitempty"`
	// Reset cuts the connection with a TCP reset instead of an answer.
	Reset bool `json:"reset,omitempty"`
	// AfterEffect lets the request take effect first and keeps its own answer back: what a lost answer
	// looks like from outside.
	AfterEffect bool `json:"after_effect,omitempty"`
}

// SetFault makes the next requests fail; nil ends it.
func (t *Target) SetFault(f *Fault) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if f == nil {
		t.fault = nil
		return
	}
	own := *f
	t.fault = &own
}

// takeFault uses the fault up by one request.
func (t *Target) takeFault(resource string) (Fault, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fault == nil || t.fault.Resource != "" && t.fault.Resource != resource {
		return Fault{}, false
	}
	f := *t.fault
	if t.fault.Count > 0 {
		if t.fault.Count--; t.fault.Count == 0 {
			t.fault = nil
		}
	}
	return f, true
}

// faulty answers by the fault that is set, or else properly.
func (t *Target) faulty(resource string, w http.ResponseWriter, r *http.Request, proper func(http.ResponseWriter)) {
	if !t.held(r) {
		return
	}
	f, ok := t.takeFault(resource)
	if !ok {
		proper(w)
		return
	}
	if f.AfterEffect {
		proper(discard{http.Header{}})
	}
	if f.DelayMS > 0 && !pause.For(r.Context(), time.Duration(f.DelayMS)*time.Millisecond) {
		return
	}
	switch {
	case f.Reset:
		reset(w)
	case f.Status != 0:
		f.write(w)
	case !f.AfterEffect:
		proper(w)
		return
	}
	if !f.AfterEffect {
		t.count(resource, Faulted)
	}
}

func (f Fault) write(w http.ResponseWriter) {
	for name, value := range f.Headers {
		w.Header().Set(name, value)
	}
	w.WriteHeader(f.Status)
	_, _ = w.Write([]byte(f.Body)) // an error means that the client is gone
}

// reset closes the connection with unsent data dropped, which TCP signals as a reset. Where the connection
// cannot be had (a recorder in a test), the handler is aborted, with the same effect for the client.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

// discard is an answer that nobody sees.
type discard struct{ header http.Header }

func (d discard) Header() http.Header       { return d.header }
func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) WriteHeader(int)             {}
