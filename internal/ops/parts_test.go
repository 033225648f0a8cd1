package ops_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/ops"
)

func TestC10_MembersAreSetAsTheyAreMeant(t *testing.T) {
	text := func(name string) bool { return name == "account_id" }
	for name, tt := range map[string]struct {
		document string
		pairs    []string
		want     string // empty: refused
	}{
		"text, numbers, lists": {"", []string{"a=x", "b=12", "c=[403]", "d=true", `e="12"`, "f=null"}, `{"a":"x","b":12,"c":[403],"d":true,"e":"\"12\"","f":"null"}`},
		"what is text stays":   {"", []string{"account_id=0012", "other=1e3"}, `{"account_id":"0012","other":1e3}`},
		"one goes":             {`{"a":1,"b":12345678901234567890}`, []string{"a="}, `{"b":12345678901234567890}`},
		"parts":                {`{"params":{"x":"1"}}`, []string{"params.resource=https://x/?a=b"}, `{"params":{"resource":"https://x/?a=b","x":"1"}}`},
		"parts of what is new": {"", []string{"a.b.c=1"}, `{"a":{"b":{"c":1}}}`},
		"parts of a value":     {`{"a":1}`, []string{"a.b=1"}, ""},
		"no value":             {"", []string{"a"}, ""},
		"no name":              {"", []string{"=a"}, ""},
		"no object":            {"[]", []string{"a=1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ops.SetMembers([]byte(tt.document), tt.pairs, text)
			if (err == nil) != (tt.want != "") || string(got) != tt.want {
				t.Errorf("%s, %v", got, err)
			}
		})
	}
}

func TestC10_AvailabilityAndEndsAsPeopleWriteThem(t *testing.T) {
	for in, want := range map[string]events.Availability{
		"tenant":                {Level: "tenant"},
		"site:north":            {Level: "site", Site: "north"},
		"site-collection:sales": {Level: "site_collection", SiteCollection: "sales"},
		"site_collection:sales": {Level: "site_collection", SiteCollection: "sales"},
		"":                      {}, "tenant:x": {}, "site": {}, "site:": {}, "site:a.b": {}, "everywhere": {},
	} {
		got, err := ops.ParseAvailability(in)
		if got != want || (err == nil) != (want.Level != "") {
			t.Errorf("%q: %+v, %v", in, got, err)
		}
	}
	for in, want := range map[string]string{
		"2027-01-31": "2027-01-31T23:59:59Z", "2027-01-31T12:00:00+02:00": "2027-01-31T10:00:00Z", "31.1.2027": "", "": "never",
	} {
		got, err := ops.ParseEnd(in)
		text := "never"
		if err != nil {
			text = ""
		} else if got != nil {
			text = got.Format(time.RFC3339)
		}
		if text != want {
			t.Errorf("%q: %s", in, text)
		}
	}
}

// A file may name everything, and nothing that is no member; an error names no value.
func TestC2_AConnectionsFileIsReadWithoutRepeatingIt(t *testing.T) {
	c := events.Connection{ID: "crm", Owners: []string{"ann", "ben"}, Auth: events.AuthSettings{Params: map[string]string{"a": "1"}}}
	before := ops.Clone(c)
	if err := ops.ParseConnection([]byte("owners: [cleo]\nauth: {params: {b: '2'}}\n"), &c); err != nil {
		t.Fatal(err)
	}
	if d, err := ops.Compare(before, c); err != nil || len(d) != 2 || d[0] != (ops.Difference{Member: "auth.params.b", After: `"2"`}) ||
		d[1] != (ops.Difference{Member: "owners", Before: `["ann","ben"]`, After: `["cleo"]`}) {
		t.Errorf("%+v, %v", d, err)
	}
	for _, text := range []string{"password: CANARY", "name: [CANARY]", "expires_at: CANARY", "suspend_for_seconds: CANARY", "name: 'CANARY", "{\"name\":\"CANARY\"", "- CANARY"} {
		err := ops.ParseConnection([]byte(text), new(events.Connection))
		var p *ops.Problem
		if !errors.As(err, &p) || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestC10_WhatIsEditedIsWhatIsThere(t *testing.T) {
	end := time.Date(2027, 1, 31, 0, 0, 0, 0, time.UTC)
	c := events.Connection{Tenant: "acme", ID: "crm", Name: "CRM: \"quoted\" #1", Type: "http", Kind: events.Shared, Actor: "ann", BasedOn: 7,
		Availability: events.Availability{Level: "tenant"}, Owners: []string{"ann"}, ExpiresAt: &end,
		Auth: events.AuthSettings{Method: "basic", Params: map[string]string{"x": "yes"}}, Settings: []byte(`{"base_url":"https://x","n":12345678901234567890}`)}
	text, err := ops.ConnectionYAML(c)
	if err != nil || strings.Contains(string(text), "actor") || strings.Contains(string(text), "tenant:") {
		t.Fatalf("%s, %v", text, err)
	}
	var again events.Connection
	if err := ops.ParseConnection(text, &again); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if d, err := ops.Compare(c, again); err != nil || len(d) > 0 {
		t.Errorf("%+v, %v\n%s", d, err, text)
	}
}
