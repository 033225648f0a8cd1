package app_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// orders is a service with one entity set, Orders. It never filters and never selects: what is not asked of it, and
// what is, comes back all the same.
type orders struct {
	mu    sync.Mutex
	items map[string]map[string]any
	etags map[string]int
	asked []string // method, path and query
	// around, where set, answers in the place of the service, which is its last argument.
	around func(w http.ResponseWriter, r *http.Request, service http.HandlerFunc)
}

func startOrders(t *testing.T) (*orders, string) {
	o := &orders{etags: map[string]int{}, items: map[string]map[string]any{
		"1": {"Id": 1, "Title": "one", "Region": "north", "Margin": 7, "Owner": map[string]any{"Name": "ann", "Salary": 100}},
		"2": {"Id": 2, "Title": "two", "Region": "south", "Margin": 9},
		"3": {"Id": 3, "Title": "three", "Region": "north", "Margin": 11},
	}}
	service := httptest.NewServer(o)
	t.Cleanup(service.Close)
	return o, service.URL
}

func (o *orders) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	around := o.around
	o.mu.Unlock()
	if around == nil {
		o.serve(w, r)
		return
	}
	around(w, r, o.serve)
}

// between puts something between the worker and the service.
func (o *orders) between(around func(http.ResponseWriter, *http.Request, http.HandlerFunc)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.around = around
}

func (o *orders) serve(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.asked = append(o.asked, r.Method+" "+r.URL.Path+"?"+r.URL.Query().Encode())
	key := strings.Trim(strings.TrimPrefix(r.URL.Path, "/api/Orders"), "()")
	w.Header().Set("Content-Type", "application/json")
	switch {
	case key == "" && r.Method == http.MethodPost:
		o.write(w, r, fmt.Sprint(len(o.items)+1))
	case key == "":
		var all []map[string]any
		for _, id := range []string{"1", "2", "3"} {
			if item, ok := o.items[id]; ok {
				all = append(all, item)
			}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"value": all})
	case o.items[key] == nil:
		w.WriteHeader(http.StatusNotFound)
	case r.Method == http.MethodGet:
		w.Header().Set("ETag", o.etag(key))
		_ = json.NewEncoder(w).Encode(o.items[key])
	case r.Header.Get("If-Match") != "*" && r.Header.Get("If-Match") != o.etag(key):
		w.WriteHeader(http.StatusPreconditionFailed)
	case r.Method == http.MethodDelete:
		delete(o.items, key)
		w.WriteHeader(http.StatusNoContent)
	default:
		o.write(w, r, key)
	}
}

func (o *orders) etag(key string) string { return fmt.Sprintf(`"%d"`, o.etags[key]) }

func (o *orders) write(w http.ResponseWriter, r *http.Request, key string) {
	if o.items[key] == nil {
		o.items[key] = map[string]any{}
	}
	item := o.items[key]
	_ = json.NewDecoder(r.Body).Decode(&item)
	o.etags[key]++
	_ = json.NewEncoder(w).Encode(o.items[key])
}

func (o *orders) item(key string) map[string]any {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.items[key]
}

// last is what was asked of the service last.
func (o *orders) last() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.asked) == 0 {
		return ""
	}
	return o.asked[len(o.asked)-1]
}
