package odata

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// service is a small OData service with one entity set below /api: Orders, whose keys are numbers. It pages
// by two, keeps versions, and believes what its own parser reads in a filter.
type service struct {
	*httptest.Server

	mu     sync.Mutex
	orders map[int]order
	lines  []string              // method and escaped path and query of each request
	last   *http.Request         // with its headers
	link   func(s string) string // of the next page
}

type order map[string]any

func startService(t *testing.T) *service {
	t.Helper()
	s := &service{orders: make(map[int]order), link: func(s string) string { return s }}
	s.Server = httptest.NewServer(http.HandlerFunc(s.serve))
	t.Cleanup(s.Close)
	for i := 1; i <= 5; i++ {
		s.orders[i] = order{"Id": i, "Title": fmt.Sprintf("order %d", i), "Status": []string{"New", "Open"}[i%2], "version": 1}
	}
	return s
}

func (s *service) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lines, s.last = append(s.lines, r.Method+" "+r.RequestURI), r
	if _, password, _ := r.BasicAuth(); password == "wrong" {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	name, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "(")
	id, _ := strconv.Atoi(strings.TrimSuffix(key, ")"))
	switch {
	case name != "Orders":
		refuse(w, http.StatusNotFound, "there is no set "+name)
	case r.Method == http.MethodGet && key == "":
		s.list(w, r)
	case r.Method == http.MethodPost:
		id = len(s.orders) + 1
		s.write(w, r, id, order{"Id": id, "version": 0}, http.StatusCreated)
	case s.orders[id] == nil:
		refuse(w, http.StatusNotFound, "there is no such order")
	case r.Method != http.MethodGet && r.Header.Get("If-Match") != "*" && r.Header.Get("If-Match") != s.orders[id].etag():
		refuse(w, http.StatusPreconditionFailed, "the order has changed")
	case r.Method == http.MethodPatch:
		s.write(w, r, id, s.orders[id], http.StatusOK)
	case r.Method == http.MethodDelete:
		delete(s.orders, id)
		w.WriteHeader(http.StatusNoContent)
	default:
		answer(w, http.StatusOK, s.orders[id].shown())
	}
}

func (s *service) write(w http.ResponseWriter, r *http.Request, id int, o order, status int) {
	var fields order
	if err := json.NewDecoder(r.Body).Decode(&fields); err != nil || r.Header.Get("Content-Type") != "application/json" {
		refuse(w, http.StatusBadRequest, "no JSON")
		return
	}
	for name, value := range fields {
		o[name] = value
	}
	version, _ := o["version"].(int)
	o["version"] = version + 1
	s.orders[id] = o
	answer(w, status, o.shown())
}

func (s *service) list(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	skip, _ := strconv.Atoi(query.Get("$skiptoken"))
	var found []order
	for id := 1; id <= 10; id++ {
		if o := s.orders[id]; o != nil && id > skip && matches(query.Get("$filter"), o) {
			found = append(found, o.shown())
		}
	}
	if query.Get("$orderby") == "Id desc" {
		slices.Reverse(found)
	}
	page := map[string]any{"value": []order{}, "@odata.context": "$metadata#Orders"}
	if len(found) > 2 {
		found = found[:2]
		query.Set("$skiptoken", fmt.Sprint(found[1]["Id"]))
		page["@odata.nextLink"] = s.link(s.URL + "/api/Orders?" + query.Encode())
	}
	if len(found) > 0 {
		page["value"] = found
	}
	answer(w, http.StatusOK, page)
}

// matches knows eq, startswith, and, or, not, of strings.
func matches(text string, o order) bool {
	if text == "" {
		return true
	}
	f, err := parseFilter(text)
	return err == nil && holds(f, o)
}

func holds(f Filter, o order) bool {
	is := func(g Filter) bool { return holds(g, o) }
	switch {
	case f.Not != nil:
		return !is(*f.Not)
	case f.And != nil:
		return !slices.ContainsFunc(f.And, func(g Filter) bool { return !is(g) })
	case f.Or != nil:
		return slices.ContainsFunc(f.Or, is)
	case f.Op == StartsWith:
		return strings.HasPrefix(fmt.Sprint(o[string(f.Field)]), f.Value.text)
	}
	return fmt.Sprint(o[string(f.Field)]) == f.Value.text
}

func (o order) etag() string { return fmt.Sprintf(`W/"%d"`, o["version"]) }

func (o order) shown() order {
	return order{"@odata.etag": o.etag(), "Id": o["Id"], "Title": o["Title"], "Status": o["Status"]}
}

func answer(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

func refuse(w http.ResponseWriter, status int, message string) {
	answer(w, status, map[string]any{"error": map[string]string{"code": strconv.Itoa(status), "message": message}})
}
