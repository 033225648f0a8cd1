package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

// maxAdminBody bounds what the admin API reads.
const maxAdminBody = 1 << 20

// endpoints are the names under which calls are counted and faults are set.
var endpoints = []string{"authorize", "token", "introspect", "revoke", "userinfo", "jwks", "discovery", "device_authorization", "device"}

// adminError is an answer that says what was wrong with the request.
type adminError struct {
	status int
	text   string
}

func (e adminError) Error() string { return e.text }

func badRequest(err error) error { return adminError{http.StatusBadRequest, err.Error()} }

func notFound(format string, args ...any) error {
	return adminError{http.StatusNotFound, fmt.Sprintf(format, args...)}
}

// adminRoutes adds the API that steers the provider from outside.
func (s *server) adminRoutes(mux *http.ServeMux) {
	for pattern, handle := range map[string]func(*http.Request) (any, error){
		"GET /admin/healthz":         func(*http.Request) (any, error) { return map[string]string{"status": "ok"}, nil },
		"PUT /admin/clients/{id}":    s.adminPutClient,
		"DELETE /admin/clients/{id}": s.adminDeleteClient,
		"PUT /admin/users/{name}":    s.adminPutUser,
		"DELETE /admin/users/{name}": s.adminDeleteUser,
		"POST /admin/grants":         s.adminGrant,
		"POST /admin/revoke":         s.adminRevoke,
		"PUT /admin/faults":          s.adminSetFaults,
		"GET /admin/faults":          func(*http.Request) (any, error) { return s.faults.list(), nil },
		"DELETE /admin/faults":       func(*http.Request) (any, error) { s.faults.set(nil); return nil, nil },
		"DELETE /admin/calls":        func(*http.Request) (any, error) { s.calls.reset(); return nil, nil },
	} {
		mux.HandleFunc(pattern, adminHandler(handle))
	}
	mux.HandleFunc("GET /admin/calls", func(w http.ResponseWriter, _ *http.Request) {
		s.calls.with(func(counts callCounts) { writeJSON(w, http.StatusOK, counts) })
	})
}

// adminHandler answers what handle returns: JSON, 204 for nothing, or an error.
func adminHandler(handle func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer, err := handle(r)
		var known adminError
		switch {
		case errors.As(err, &known):
			writeJSON(w, known.status, map[string]string{"error": known.text})
		case err != nil:
			writeJSON(w, http.StatusInternalServerError, map[string]string{"error": err.Error()})
		case answer == nil:
			w.WriteHeader(http.StatusNoContent)
		default:
			writeJSON(w, http.StatusOK, answer)
		}
	}
}

// decode reads a body strictly: a typo in a test's setup should not pass.
func decode[T any](r *http.Request) (T, error) {
	var body T
	dec := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxAdminBody))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&body); err != nil {
		return body, badRequest(err)
	}
	return body, nil
}

func (s *server) adminPutClient(r *http.Request) (any, error) {
	spec, err := decode[clientSpec](r)
	if err != nil {
		return nil, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.idp.putClient(r.Context(), r.PathValue("id"), &spec); err != nil {
		return nil, badRequest(err)
	}
	return nil, nil
}

func (s *server) adminDeleteClient(r *http.Request) (any, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	id := r.PathValue("id")
	if _, ok := s.idp.store.Clients[id]; !ok {
		return nil, notFound("no client %q", id)
	}
	s.idp.deleteClient(id)
	return nil, nil
}

func (s *server) adminPutUser(r *http.Request) (any, error) {
	spec, err := decode[userSpec](r)
	if err != nil {
		return nil, err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	s.idp.putUser(r.PathValue("name"), spec)
	return nil, nil
}

func (s *server) adminDeleteUser(r *http.Request) (any, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	name := r.PathValue("name")
	if _, ok := s.idp.store.Users[name]; !ok {
		return nil, notFound("no user %q", name)
	}
	delete(s.idp.store.Users, name)
	return nil, nil
}

func (s *server) adminSetFaults(r *http.Request) (any, error) {
	next, err := decode[map[string]fault](r)
	if err != nil {
		return nil, err
	}
	for endpoint := range next {
		if !slices.Contains(endpoints, endpoint) {
			return nil, badRequest(fmt.Errorf("%q is not one of %v", endpoint, endpoints))
		}
		if err := next[endpoint].validate(); err != nil {
			return nil, badRequest(fmt.Errorf("%s: %w", endpoint, err))
		}
	}
	s.faults.set(next)
	return nil, nil
}
