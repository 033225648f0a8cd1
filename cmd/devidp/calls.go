package main

import (
	"net/http"
	"sync"
)

// callCounts is what the admin API tells about the calls so far.
type callCounts struct {
	Endpoints     map[string]int `json:"endpoints"`      // requests by endpoint, failed by a fault or not
	Grants        map[string]int `json:"grants"`         // token requests by grant type
	Clients       map[string]int `json:"clients"`        // token requests by client, as far as it names itself
	Issued        map[string]int `json:"issued"`         // token requests that gave tokens, by grant type
	RefreshReused int            `json:"refresh_reused"` // refresh tokens that were used a second time
	Faults        int            `json:"faults"`         // requests that a fault was applied to
}

func newCounts() callCounts {
	return callCounts{
		Endpoints: map[string]int{}, Grants: map[string]int{}, Clients: map[string]int{}, Issued: map[string]int{},
	}
}

// calls counts what others ask of the provider.
type calls struct {
	mu     sync.Mutex
	counts callCounts
}

func newCalls() *calls { return &calls{counts: newCounts()} }

func (c *calls) update(change func(*callCounts)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	change(&c.counts)
}

func (c *calls) seen(endpoint string, r *http.Request) {
	c.update(func(n *callCounts) {
		n.Endpoints[endpoint]++
		if endpoint != "token" {
			return
		}
		n.Grants[r.PostForm.Get("grant_type")]++
		if id := clientID(r); id != "" {
			n.Clients[id]++
		}
	})
}

func (c *calls) issued(grant string) { c.update(func(n *callCounts) { n.Issued[grant]++ }) }
func (c *calls) reused()             { c.update(func(n *callCounts) { n.RefreshReused++ }) }
func (c *calls) faulted()            { c.update(func(n *callCounts) { n.Faults++ }) }
func (c *calls) reset()              { c.update(func(n *callCounts) { *n = newCounts() }) }

// with runs read while nobody counts.
func (c *calls) with(read func(callCounts)) { c.update(func(n *callCounts) { read(*n) }) }

// clientID returns the client that a token request names, unchecked.
func clientID(r *http.Request) string {
	if id, _, ok := r.BasicAuth(); ok {
		return id
	}
	if id := r.PostForm.Get("client_id"); id != "" {
		return id
	}
	return assertionIssuer(r.PostForm.Get("assertion"))
}
