package putoff

import (
	"encoding/json"
	"net/http"

	"holdfast/events"
)

// Path is where a worker answers, beside its metrics.
const Path = "/waiting"

// AskMost is how many requests one question may name.
const AskMost = 100

// Answer is what a worker knows of the requests that were asked for.
type Answer struct {
	PutOff []Entry `json:"put_off"`
	// Kept is how many requests it knows of, and Most of how many it would: where they are the same, it has forgotten some.
	Kept int `json:"kept"`
	Most int `json:"most"`
}

// ServeHTTP answers GET /waiting?tenant=acme&request=req-1&request=req-2. Who asks has to know the ids: there is no list.
func (b *Book) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	tenant, requests := r.FormValue("tenant"), r.Form["request"]
	if !valid(append([]string{tenant}, requests...)) || len(requests) == 0 || len(requests) > AskMost {
		http.Error(w, "name a tenant, and 1 to 100 requests: "+Path+"?tenant=…&request=…", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(Answer{PutOff: b.Of(tenant, requests), Kept: b.kept.Len(), Most: b.most})
}

func valid(ids []string) bool {
	for _, id := range ids {
		if !events.ValidID(id) {
			return false
		}
	}
	return true
}
