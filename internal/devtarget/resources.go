package devtarget

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/pause"
)

// maxBody bounds what a request may send, in bytes.
const maxBody = 1 << 20

// protect registers a resource behind a credential check.
func (t *Target) protect(resource string, allowed check) {
	t.mux.HandleFunc("/"+resource+"/", func(w http.ResponseWriter, r *http.Request) {
		t.faulty(resource, w, r, func(w http.ResponseWriter) {
			outcome, challenge := allowed(r)
			t.count(resource, outcome)
			switch outcome {
			case Accepted:
				t.resource(w, r, resource)
			case Unavailable:
				answer(w, http.StatusServiceUnavailable, map[string]string{"error": "introspection_unavailable"})
			default:
				w.Header().Set("WWW-Authenticate", challenge)
				answer(w, http.StatusUnauthorized, map[string]string{"error": "unauthorized"})
			}
		})
	})
}

// open registers a resource that everybody may use.
func (t *Target) open(resource, pattern string, h http.HandlerFunc) {
	t.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		t.faulty(resource, w, r, func(w http.ResponseWriter) {
			t.count(resource, Accepted)
			h(w, r)
		})
	})
}

// resource is what is behind the check: POST to …/items is an effect, all else only says what it was.
func (t *Target) resource(w http.ResponseWriter, r *http.Request, resource string) {
	if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/items") {
		answer(w, http.StatusOK, map[string]any{"resource": resource, "method": r.Method, "path": r.URL.Path})
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		answer(w, http.StatusRequestEntityTooLarge, map[string]string{"error": "body"})
		return
	}
	key := r.Header.Get("Idempotency-Key")
	answer(w, http.StatusCreated, map[string]any{
		"resource": resource, "key": key, "applied": t.apply(key), "bytes": len(body),
	})
}

func echo(w http.ResponseWriter, r *http.Request) { repeat(w, r, http.StatusOK) }

func echo401(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("WWW-Authenticate", `Basic realm="devtarget"`)
	w.Header().Set("X-Request-Id", r.Header.Get("Authorization"))
	repeat(w, r, http.StatusUnauthorized)
}

func repeat(w http.ResponseWriter, r *http.Request, code int) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		code = http.StatusRequestEntityTooLarge
	}
	answer(w, code, map[string]any{
		"method": r.Method, "url": r.URL.String(), "headers": r.Header, "body": string(body),
		"authorization": r.Header.Get("Authorization"),
	})
}

func status(w http.ResponseWriter, r *http.Request) {
	code, err := strconv.Atoi(r.PathValue("code"))
	if err != nil || code < 200 || code > 599 {
		answer(w, http.StatusNotFound, map[string]string{"error": "a status is from 200 to 599"})
		return
	}
	answer(w, code, map[string]int{"status": code})
}

func slow(w http.ResponseWriter, r *http.Request) {
	ms, err := strconv.Atoi(r.URL.Query().Get("ms"))
	if err != nil || ms < 0 {
		answer(w, http.StatusBadRequest, map[string]string{"error": "ms is a number of milliseconds"})
		return
	}
	if pause.For(r.Context(), time.Duration(ms)*time.Millisecond) {
		answer(w, http.StatusOK, map[string]int{"waited_ms": ms})
	}
}

// answer writes JSON. Its error means that the client is gone, which is nobody's concern here.
func answer(w http.ResponseWriter, code int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if code >= 200 && code != http.StatusNoContent && code != http.StatusNotModified {
		_ = json.NewEncoder(w).Encode(v)
	}
}
