package httpc

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func TestC3_ALinkIsFollowedBelowTheBaseURLOnly(t *testing.T) {
	site, err := ReadSite([]byte(`{"base_url":"https://h/Api/v1"}`))
	if err != nil {
		t.Fatal(err)
	}
	from := Call{Method: "GET", Path: "/a/b", RawQuery: "x=1", Headers: map[string]string{"Accept": "x"}}
	for link, want := range map[string]string{
		"https://h/Api/v1/c?y=%20a":  "/c?y=%20a",
		"https://H:443/api/V1/c?y=2": "/c?y=2",
		"?y=2":                       "/a/b?y=2",
		"c?y=2":                      "/a/c?y=2",
		"../../v1/c":                 "/c?",
		"https://h/Api/v1?y=2":       "?y=2",
	} {
		to, err := site.Follow(from, link)
		if err != nil || to.Path+"?"+to.RawQuery != want || to.Method != http.MethodGet || to.Headers["Accept"] != "x" {
			t.Errorf("%s: %+v, %v, want %s", link, to, err, want)
		}
	}
	for _, link := range []string{
		"https://other/Api/v1/c", "http://h/Api/v1/c", "https://h:8443/Api/v1/c", "//other/Api/v1/c", "/Api/v1x/c", "/Api/c", "../../c",
		"https://u@h/Api/v1/c", "https://h/Api/v1/%2e%2e/c", "https://h/Api/v1/..%2f..%2fc", "https://h/Api/v1//c", "c#f", "c?a b", "c?a\nb",
		"javascript:x", "https://h/Api%2fv1/c", "http://[::1",
	} {
		if to, err := site.Follow(from, link); err == nil {
			t.Errorf("%s was followed to %+v", link, to)
		}
	}
}

func TestC3_ACallKeepsWhatARequestPromises(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Method != http.MethodPatch {
			w.WriteHeader(http.StatusUnauthorized)
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"line": r.RequestURI, "type": r.Header.Get("Content-Type"), "auth": r.Header.Get("X-Key")})
	})
	c := newConnector(t, Options{})
	r := connector.Request{Settings: json.RawMessage(`{"base_url":"` + s.URL + `/api"}`), Credential: credential.NewHeader("X-Key", secret.New("canary-key"))}
	a, err := c.Do(t.Context(), r, Call{Method: "PATCH", Path: "/a%20b", RawQuery: "$x=%20", Body: json.RawMessage(`{}`), ContentType: "application/json"})
	if err != nil || string(a.Body) != `{"auth":"[redacted]","line":"/api/a%20b?$x=%20","type":"application/json"}` || a.Headers["Etag"] != `"1"` {
		t.Errorf("%+v: %s, %v", a, a.Body, err)
	}
	if _, err := c.Do(t.Context(), r, Call{Method: "GET"}); fault.From(err).Reason != fault.BadCredentials {
		t.Errorf("401: %v", err)
	}
	for field, k := range map[string]Call{
		"/path":            {Method: "GET", Path: "/../x"},
		"/query":           {Method: "GET", RawQuery: strings.Repeat("x", maxURL)},
		"/headers/Cookie":  {Method: "GET", Headers: map[string]string{"Cookie": "a"}},
		"/headers/X-Other": {Method: "GET", Headers: map[string]string{"X-Other": "a\nb"}},
	} {
		if f := fault.From(c.Check(r, k)); f == nil || f.Field != field {
			t.Errorf("%+v, want field %s", f, field)
		}
	}
}
