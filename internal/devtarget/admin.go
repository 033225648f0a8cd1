package devtarget

import (
	"encoding/json"
	"net/http"
)

// The admin API lets another process steer the target:
//
//	PUT    /admin/password  {"user": "…", "password": "…"}
//	PUT    /admin/fault     a Fault; DELETE ends it
//	GET    /admin/calls     what Calls returns; DELETE forgets them
//	GET    /admin/effects   what Effects returns; DELETE forgets them
//	GET    /admin/effects.jsonl  the same as a log: a line for each effect, as holdfast audit --target-log reads it
//	DELETE /admin           all of these, but for the password
//
// PUT and DELETE answer 204, a wrong body 400.

func (t *Target) putPassword(w http.ResponseWriter, r *http.Request) {
	var in struct {
		User     string `json:"user"`
		Password string `json:"password"`
	}
	if !decode(w, r, &in) {
		return
	}
	if in.User == "" || in.Password == "" {
		answer(w, http.StatusBadRequest, map[string]string{"error": "user and password are needed"})
		return
	}
	t.SetPassword(in.User, in.Password)
	w.WriteHeader(http.StatusNoContent)
}

func (t *Target) putFault(w http.ResponseWriter, r *http.Request) {
	var f Fault
	if !decode(w, r, &f) {
		return
	}
	if f.Count < 0 || f.DelayMS < 0 || f.Status != 0 && (f.Status < 200 || f.Status > 599) {
		answer(w, http.StatusBadRequest, map[string]string{"error": "status, count or delay_ms is out of range"})
		return
	}
	t.SetFault(&f)
	w.WriteHeader(http.StatusNoContent)
}

func (t *Target) deleteFault(w http.ResponseWriter, _ *http.Request) {
	t.SetFault(nil)
	w.WriteHeader(http.StatusNoContent)
}

func (t *Target) deleteAll(w http.ResponseWriter, _ *http.Request) {
	t.Reset()
	w.WriteHeader(http.StatusNoContent)
}

func (t *Target) getCalls(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, t.Calls())
}

func (t *Target) deleteCalls(w http.ResponseWriter, _ *http.Request) {
	t.resetCalls()
	w.WriteHeader(http.StatusNoContent)
}

func (t *Target) getEffects(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, t.Effects())
}

func (t *Target) getEffectsLog(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/jsonl")
	lines := json.NewEncoder(w)
	for key, times := range t.Effects() {
		for range times {
			_ = lines.Encode(map[string]any{"idempotency_key": key, "effect": true}) // whoever asked may be gone
		}
	}
}

func (t *Target) deleteEffects(w http.ResponseWriter, _ *http.Request) {
	t.resetEffects()
	w.WriteHeader(http.StatusNoContent)
}

func decode(w http.ResponseWriter, r *http.Request, into any) bool {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		answer(w, http.StatusBadRequest, map[string]string{"error": "the body is not what this endpoint takes"})
		return false
	}
	return true
}
