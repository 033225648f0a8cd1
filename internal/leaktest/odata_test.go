package leaktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"

	"holdfast/events"
)

// odata is a service that writes what it was sent wherever OData has room for it.
func (w *world) odata() {
	w.Helper()
	service := httptest.NewServer(http.HandlerFunc(w.careless))
	w.Cleanup(service.Close)
	password := w.secrets.add("password of the service", `canary-odata"p/ss+8888`)
	w.connect("lists", events.AuthSettings{Method: "basic"}, map[string]any{"username": "svc", "password": password}, func(c *events.Connection) {
		c.Type, c.Settings = "odata", json.RawMessage(`{"base_url":"`+service.URL+`/api","test_path":"/refused"}`)
	})
	for i, c := range []struct {
		operation, input string
		ends             events.Type
		says             bool // the outcome repeats the service, masked
	}{
		{"list", `{"entity_set":"Pages"}`, events.ActionCompleted, true},
		{"list", `{"entity_set":"Elsewhere"}`, events.ActionFailed, false},
		{"list", `{"entity_set":"Refused"}`, events.ActionFailed, true},
		{"list", `{"entity_set":"Text"}`, events.ActionFailed, false},
		{"get", `{"entity_set":"Item","key":1}`, events.ActionCompleted, true},
		{"create", `{"entity_set":"Refused","fields":{"Title":"x"}}`, events.ActionFailed, true},
		{"update", `{"entity_set":"Changed","key":1,"etag":"\"1\"","fields":{"Title":"x"}}`, events.ActionFailed, true},
	} {
		id := fmt.Sprintf("lists-%d", i)
		w.ask(id, "lists", "", func(r *events.Request) {
			r.Action = events.Action{Connector: "odata", Operation: c.operation, Input: json.RawMessage(c.input)}
		})
		if o := w.ends(id, c.ends); c.says {
			w.masked(o)
		}
	}
}

// careless answers with the request's credential, as it came and as it was meant.
func (w *world) careless(out http.ResponseWriter, r *http.Request) {
	_, password, _ := r.BasicAuth()
	sent := r.Header.Get("Authorization")
	w.secrets.header("Authorization sent to the service", sent)
	said := "you sent " + sent + " with " + password
	code, doc := http.StatusBadRequest, map[string]any{
		"error": map[string]any{"code": password, "message": said, "details": []any{map[string]any{"code": sent, "message": said}}},
	}
	switch set := strings.TrimPrefix(r.URL.Path, "/api/"); {
	case set == "Text":
		out.Header().Set("Content-Type", "text/html")
		_, _ = out.Write([]byte("<html>" + said))
		return
	case set == "Elsewhere":
		code, doc = http.StatusOK, map[string]any{"value": []any{}, "@odata.nextLink": "http://svc:" + url.QueryEscape(password) + "@example.com/?t=" + url.QueryEscape(sent)}
	case set == "Pages" && r.URL.RawQuery == "":
		code, doc = http.StatusOK, map[string]any{"value": []any{map[string]any{"Said": said}}, "@odata.nextLink": "Pages?$skiptoken=" + url.QueryEscape(said)}
	case set == "Pages":
		code, doc = http.StatusOK, map[string]any{"value": []any{map[string]any{"Said": said, "Query": r.URL.RawQuery}}}
	case strings.HasPrefix(set, "Item"):
		code, doc = http.StatusOK, map[string]any{"Said": said, "@odata.etag": `"` + sent + `"`}
	case strings.HasPrefix(set, "Changed"):
		code = http.StatusPreconditionFailed
	}
	out.Header().Set("Content-Type", "application/json")
	out.Header().Set("ETag", `"`+sent+`"`)
	out.Header().Set("X-Request-Id", sent)
	out.WriteHeader(code)
	_ = json.NewEncoder(out).Encode(doc)
}
