package vaultclient

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// answer is what came back for one request, whoever sent it.
type answer struct {
	status int
	header http.Header
	body   body
	// ours tells whether the body is Vault's: an intermediary's page is not.
	ours bool
	// login tells that a login was asked for: refusals mean something else there.
	login bool
}

// body is the part of Vault's JSON that matters here. Errors is a pointer because an empty list ("nothing
// there") and none at all differ.
type body struct {
	RequestID   string          `json:"request_id"`
	Errors      *[]string       `json:"errors"`
	Data        json.RawMessage `json:"data"`
	Auth        *authBlock      `json:"auth"`
	Initialized *bool           `json:"initialized"`
	Sealed      *bool           `json:"sealed"`
}

type authBlock struct {
	ClientToken   string `json:"client_token"`
	LeaseDuration int    `json:"lease_duration"` // seconds
	Renewable     bool   `json:"renewable"`
}

func newAnswer(status int, header http.Header, raw []byte) answer {
	a := answer{status: status, header: header}
	a.ours = json.Unmarshal(raw, &a.body) == nil &&
		(a.body.RequestID != "" || a.body.Errors != nil || a.body.Initialized != nil)
	a.ours = a.ours || a.silent(raw)
	return a
}

// silent tells whether a write was answered without a body: Vault's own 204 says, as all its answers, that it is
// not to be stored.
func (a answer) silent(raw []byte) bool {
	return a.status == http.StatusNoContent && len(raw) == 0 && a.header.Get("Cache-Control") == "no-store"
}

func (a answer) ok() bool { return a.ours && a.status >= 200 && a.status < 300 }

// reached tells whether the answer proves that Vault is there: its own body, or a status that only Vault or
// a load limiter on the way to a working Vault sends without one.
func (a answer) reached() bool {
	return a.ours || a.status == http.StatusTooManyRequests || a.status == http.StatusNotFound ||
		(a.status >= 300 && a.status < 400) || (a.status >= 472 && a.status <= 474)
}

// says tells whether one of Vault's error texts contains the words.
func (a answer) says(words string) bool {
	if a.body.Errors == nil {
		return false
	}
	for _, e := range *a.body.Errors {
		if strings.Contains(e, words) {
			return true
		}
	}
	return false
}

// bare is Vault's way to say that there is nothing at a path: {"errors":[]}.
func (a answer) bare() bool { return a.body.Errors != nil && len(*a.body.Errors) == 0 }

// versionState is the state of a version that has no data, as a read (below metadata) or a patch (flat)
// tells it beside its 404.
type versionState struct {
	CreatedTime  time.Time `json:"created_time"`
	DeletionTime string    `json:"deletion_time"`
	Destroyed    bool      `json:"destroyed"`
}

func (a answer) state() versionState {
	var data struct {
		versionState
		Metadata *versionState `json:"metadata"`
	}
	if len(a.body.Data) == 0 || json.Unmarshal(a.body.Data, &data) != nil {
		return versionState{}
	}
	if data.Metadata != nil {
		return *data.Metadata
	}
	return data.versionState
}

func (a answer) deleted() bool   { return a.state().DeletionTime != "" }
func (a answer) destroyed() bool { return a.state().Destroyed }

// date is the latest that the server's clock may have shown, or ours where it does not say: deletion times
// are compared with it, because workers' clocks may be minutes apart. The header's fractions are cut.
func (a answer) date(now time.Time) time.Time {
	if t, err := http.ParseTime(a.header.Get("Date")); err == nil {
		return t.Add(time.Second)
	}
	return now
}
