package app_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"holdfast/events"
)

// A step that reads a list through the bus, and one that would overwrite what has changed.
func TestC3_ODataActionsRunThroughTheWorker(t *testing.T) {
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case password != "demo-password":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method == http.MethodPatch:
			w.WriteHeader(http.StatusPreconditionFailed)
		case r.URL.Query().Get("$filter") == "Title eq 'O''Neil'" && r.URL.Query().Get("$skip") == "":
			_, _ = w.Write([]byte(`{"value":[{"Id":1}],"@odata.nextLink":"Orders?$skip=1"}`))
		default:
			_, _ = w.Write([]byte(`{"value":[{"Id":2}]}`))
		}
	}))
	t.Cleanup(service.Close)
	w := newWorld(t)
	w.worker()
	w.connect("orders", func(c *events.Connection) {
		c.Type, c.Settings = "odata", json.RawMessage(`{"base_url":"`+service.URL+`/api"}`)
	})
	do := func(operation, input string) func(*events.Request) {
		return func(r *events.Request) {
			r.Action = events.Action{Connector: "odata", Operation: operation, Input: json.RawMessage(input)}
		}
	}
	o := w.ends(w.request("orders", do("list", `{"entity_set":"Orders","filter":{"field":"Title","op":"eq","value":"O'Neil"}}`)), events.ActionCompleted)
	if string(o.Response) != `{"status":200,"items":[{"Id":1},{"Id":2}],"next":false}` {
		t.Errorf("list: %s", o.Response)
	}
	o = w.ends(w.request("orders", do("update", `{"entity_set":"Orders","key":1,"etag":"\"1\"","fields":{"Title":"x"}}`)), events.ActionFailed)
	if o.Reason != "target_rejected" || !strings.Contains(o.Detail, "has changed") {
		t.Errorf("update: %s: %s", o.Reason, o.Detail)
	}
	o = w.ends(w.request("orders", do("list", `{"entity_set":"Orders","filter":"Title eq 'x'"}`)), events.ActionFailed)
	if o.Reason != "input_invalid" || o.Field != "/data/action/input/filter" {
		t.Errorf("a filter that is text: %s at %s", o.Reason, o.Field)
	}
}
