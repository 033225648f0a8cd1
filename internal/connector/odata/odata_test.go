package odata

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newConnector(t *testing.T) *Connector {
	t.Helper()
	h := httpc.New(httpc.Options{Addresses: httpc.AddressPolicy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}})
	t.Cleanup(h.Close)
	return New(h, 0)
}

// request is an operation at a base URL; extra settings are written as JSON members.
func request(base, operation, input string, settings ...string) connector.Request {
	s := strings.Join(append([]string{`"base_url":"` + base + `"`}, settings...), ",")
	return connector.Request{Operation: operation, Input: json.RawMessage(input), Settings: json.RawMessage(`{` + s + `}`),
		Credential: credential.NewBasic("u", secret.New("password")), IdempotencyKey: "req-1"}
}

// do executes and reads the response document.
func do(t *testing.T, r connector.Request) (listDocument, entityDocument) {
	t.Helper()
	result, err := newConnector(t).Execute(t.Context(), r)
	if err != nil {
		t.Fatalf("%s %s: %+v", r.Operation, r.Input, fault.From(err))
	}
	return read(t, result)
}

func read(t *testing.T, r connector.Result) (l listDocument, e entityDocument) {
	t.Helper()
	if err := errors.Join(json.Unmarshal(r.Response, &l), json.Unmarshal(r.Response, &e)); err != nil {
		t.Fatalf("%s: %v", r.Response, err)
	}
	return l, e
}

// ids are the ids of the items, in order.
func ids(t *testing.T, l listDocument) (all []int) {
	t.Helper()
	for _, item := range l.Items {
		var o struct {
			ID int `json:"Id"`
		}
		if err := json.Unmarshal(item, &o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o.ID)
	}
	return all
}

func TestC3_AListFollowsItsPagesUpToABound(t *testing.T) {
	s := startService(t)
	size := len(`{"@odata.etag":"W/\"1\"","Id":1,"Status":"Open","Title":"order 1"}`)
	page := `{"@odata.context":"$metadata#Orders","@odata.nextLink":"` + s.URL + `/api/Orders?%24skiptoken=2","value":[,]}`
	room := len(page) + 2*size + 10 // for a page, and three items, but not for four
	for _, tt := range []struct {
		name, input, setting string
		items, requests      int
		next                 bool
	}{
		{"all", `{"entity_set":"Orders"}`, `"max_response_bytes":65536`, 5, 3, false},
		{"pages", `{"entity_set":"Orders","max_pages":2}`, `"max_response_bytes":65536`, 4, 2, true},
		{"items, within a page", `{"entity_set":"Orders","max_items":3}`, `"max_response_bytes":65536`, 3, 2, true},
		{"items, a page", `{"entity_set":"Orders","max_items":2}`, `"max_response_bytes":65536`, 2, 1, true},
		{"items, as many as there are", `{"entity_set":"Orders","max_items":5}`, `"max_response_bytes":65536`, 5, 3, false},
		{"bytes", `{"entity_set":"Orders"}`, `"max_response_bytes":` + itoa(room), room / size, 2, true},
		{"filter", `{"entity_set":"Orders","filter":{"field":"Status","op":"eq","value":"Open"}}`, `"max_response_bytes":65536`, 3, 2, false},
		{"nothing", `{"entity_set":"Orders","filter":{"field":"Status","op":"eq","value":"'"}}`, `"max_response_bytes":65536`, 0, 1, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.lines = nil
			l, _ := do(t, request(s.URL+"/api", List, tt.input, tt.setting))
			if len(l.Items) != tt.items || l.Next != tt.next || len(s.lines) != tt.requests || l.Status != 200 || l.Items == nil {
				t.Errorf("%d items, next %v, %d requests: %q", len(l.Items), l.Next, len(s.lines), s.lines)
			}
			for i, id := range ids(t, l) {
				if tt.name != "filter" && id != i+1 {
					t.Errorf("item %d is order %d", i, id)
				}
			}
			if key := s.last.Header.Get("Idempotency-Key"); key != "" {
				t.Errorf("a page was asked for under Idempotency-Key %s", key)
			}
		})
	}
}

func TestC3_AListAsksInTheServicesWords(t *testing.T) {
	s := startService(t)
	do(t, request(s.URL+"/api", List, `{"entity_set":"Orders","select":["Id","Title"],"top":5,"max_items":3,"max_pages":1,
		"filter":{"and":[{"field":"Status","op":"in","values":["New","Open"]},{"not":{"field":"Title","op":"startswith","value":"O'N & x"}}]},
		"orderby":[{"field":"Status"},{"field":"Id","desc":true}]}`))
	want := "GET /api/Orders?$select=Id%2CTitle&$filter=%28%28Status%20eq%20%27New%27%20or%20Status%20eq%20%27Open%27%29%20and%20" +
		"not%20%28startswith%28Title%2C%27O%27%27N%20%26%20x%27%29%29%29&$orderby=Status%2CId%20desc&$top=5"
	if s.lines[0] != want {
		t.Errorf("%s\nwant %s", s.lines[0], want)
	}
	if h := s.last.Header; h.Get("Accept") != "application/json" || h.Get("Prefer") != "odata.maxpagesize=3" || h.Get("OData-MaxVersion") != "4.0" {
		t.Errorf("headers %v", h)
	}
}

func TestC3_TheNextPageIsBelowTheBaseURLOrNowhere(t *testing.T) {
	s, other := startService(t), startService(t)
	for name, link := range map[string]func(string) string{
		"another host":   func(l string) string { return strings.Replace(l, s.URL, other.URL, 1) },
		"another path":   func(l string) string { return strings.Replace(l, "/api/", "/secret/", 1) },
		"climbing":       func(l string) string { return strings.Replace(l, "/api/", "/api/../secret/", 1) },
		"climbing later": func(l string) string { return strings.Replace(l, "/api/", "/api/%252e%252e/secret/", 1) },
		"with a user":    func(l string) string { return strings.Replace(l, "://", "://u:p@", 1) },
		"the same page":  func(string) string { return "//" },
		"no link":        func(string) string { return "http://[::1" },
		"another line":   func(l string) string { return l + "\r\nX: y" },
	} {
		s.lines, s.link = nil, link
		_, err := newConnector(t).Execute(t.Context(), request(s.URL+"/api", List, `{"entity_set":"Orders"}`))
		f := fault.From(err)
		if f == nil || f.Reason != fault.TargetRejected || len(s.lines) != 1 || len(other.lines) != 0 {
			t.Errorf("%s: %+v, %q, %q", name, f, s.lines, other.lines)
		} else if strings.Contains(f.Error(), "127.0.0.1") || strings.Contains(f.Error(), "secret") {
			t.Errorf("%s: the fault repeats the link: %s", name, f.Error())
		}
	}
	s.link = func(l string) string { return strings.TrimPrefix(l, s.URL+"/api/") } // relative links are links
	if l, _ := do(t, request(s.URL+"/api", List, `{"entity_set":"Orders"}`)); len(l.Items) != 5 {
		t.Errorf("relative: %d items", len(l.Items))
	}
}

func TestC3_OneEntityIsReadMadeChangedAndDeleted(t *testing.T) {
	s := startService(t)
	_, e := do(t, request(s.URL+"/api", Get, `{"entity_set":"Orders","key":3,"select":["Id"]}`))
	if e.Status != 200 || e.ETag != `W/"1"` || !strings.Contains(string(e.Item), `"order 3"`) || s.lines[0] != "GET /api/Orders(3)?$select=Id" {
		t.Errorf("get: %+v, %q", e, s.lines)
	}
	_, e = do(t, request(s.URL+"/api", Create, `{"entity_set":"Orders","fields":{"Title":"new","Status":null}}`))
	if e.Status != 201 || !strings.Contains(string(e.Item), `"Id":6`) || s.orders[6]["Title"] != "new" {
		t.Errorf("create: %+v", e)
	}
	if s.last.Header.Get("Idempotency-Key") != "req-1" {
		t.Errorf("created without an Idempotency-Key: %v", s.last.Header)
	}
	_, e = do(t, request(s.URL+"/api", Update, `{"entity_set":"Orders","key":3,"etag":"W/\"1\"","fields":{"Title":"changed"}}`))
	if e.Status != 200 || e.ETag != `W/"2"` || s.orders[3]["Title"] != "changed" || s.orders[3]["Status"] != "Open" {
		t.Errorf("update: %+v, %v", e, s.orders[3])
	}
	_, e = do(t, request(s.URL+"/api", Delete, `{"entity_set":"Orders","key":3,"any_version":true}`))
	if e.Status != 204 || e.Item != nil || s.orders[3] != nil {
		t.Errorf("delete: %+v", e)
	}
}

func TestC3_AnEntityThatHasChangedIsNotOverwritten(t *testing.T) {
	s := startService(t)
	for _, r := range []connector.Request{
		request(s.URL+"/api", Update, `{"entity_set":"Orders","key":1,"etag":"W/\"0\"","fields":{"Title":"lost"}}`),
		request(s.URL+"/api", Delete, `{"entity_set":"Orders","key":1,"etag":"W/\"0\""}`),
	} {
		result, err := newConnector(t).Execute(t.Context(), r)
		f := fault.From(err)
		if f == nil || f.Reason != fault.TargetRejected || !strings.Contains(f.Detail, "has changed since its etag was read") {
			t.Fatalf("%s: %+v", r.Operation, f)
		}
		_, e := read(t, result)
		if e.Status != 412 || e.Error == nil || e.Error.Message != "the order has changed" || s.orders[1]["Title"] != "order 1" {
			t.Errorf("%s: %s", r.Operation, result.Response)
		}
	}
}

func TestC11_ODataAsksTheTestPathAndTellsBadCredentials(t *testing.T) {
	s := startService(t)
	r := request(s.URL+"/api", List, `{"entity_set":"Orders"}`, `"test_path":"/Orders?$top=1"`, `"entity_sets":"web"`)
	c := newConnector(t)
	if err := c.Test(t.Context(), r); err != nil || s.lines[0] != "GET /api/Orders?$top=1" {
		t.Errorf("%v, %q", err, s.lines)
	}
	r.Credential = credential.NewBasic("u", secret.New("wrong"))
	if f := fault.From(c.Test(t.Context(), r)); f == nil || f.Reason != fault.BadCredentials {
		t.Errorf("test: %+v", f)
	}
	if _, err := c.Execute(t.Context(), r); fault.From(err).Reason != fault.BadCredentials {
		t.Errorf("execute: %v", err)
	}
	if err := c.Test(t.Context(), request(s.URL, "", "")); !errors.Is(err, connector.ErrNoTest) {
		t.Errorf("without a test path: %v", err)
	}
}

func TestC3_SharePointsListsAreEntitySets(t *testing.T) {
	var line, accept string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		line, accept = r.Method+" "+r.RequestURI, r.Header.Get("Accept")
		_, _ = w.Write([]byte(`{"odata.metadata":"x","value":[{"odata.etag":"\"1\"","Due_x0020_Date":null}],"odata.nextLink":"` +
			"http://" + r.Host + `/sites/a/_api/Web/Lists(guid'x')/items?%24skiptoken=Paged%3dTRUE"}`))
	}))
	t.Cleanup(s.Close)
	l, _ := do(t, request(s.URL+"/sites/a", List, `{"entity_set":["lists",{"name":"getbytitle","key":"Ann's Tasks/x"},"items"],"max_pages":2,
		"filter":{"field":"Due_x0020_Date","op":"lt","value":{"datetime":"2026-01-02T03:04:05+01:00"}}}`,
		`"entity_sets":"_api/web"`, `"headers":{"accept":"application/json;odata=nometadata"}`))
	if len(l.Items) != 2 || !l.Next || accept != "application/json;odata=minimalmetadata" {
		t.Errorf("%+v, accept %s", l, accept)
	}
	if line != `GET /sites/a/_api/Web/Lists(guid'x')/items?%24skiptoken=Paged%3dTRUE` {
		t.Errorf("second page: %s", line)
	}
	do(t, request(s.URL+"/sites/a/_api/web/lists(guid'x')", List, `{"entity_set":"items","filter":{"field":"Title","op":"contains","value":"a"},"max_pages":1}`,
		`"odata_version":"3.0"`))
	if want := "GET /sites/a/_api/web/lists(guid'x')/items?$filter=substringof%28%27a%27%2CTitle%29"; line != want {
		t.Errorf("%s\nwant %s", line, want)
	}
	do(t, request(s.URL+"/sites/a", List, `{"entity_set":"items","select":["Id","Author/Title"],"orderby":[{"field":"Author/Id"}],
		"filter":{"field":"Site/Web/Title","op":"eq","value":1},"max_pages":1}`, `"odata_version":"3.0"`))
	if want := "GET /sites/a/items?$select=Id%2CAuthor%2FTitle&$expand=Author%2CSite%2FWeb&$filter=Site%2FWeb%2FTitle%20eq%201&$orderby=Author%2FId"; line != want {
		t.Errorf("%s\nwant %s", line, want)
	}
	l, _ = do(t, request(s.URL+"/sites/a/_api/web/lists(guid'x')", List, `{"entity_set":"items","max_pages":2}`))
	if want := "GET /sites/a/_api/web/lists(guid'x')/items?%24skiptoken=Paged%3dTRUE"; line != want || len(l.Items) != 2 {
		t.Errorf("%s\nwant %s", line, want) // the service spells the base path another way
	}
	do(t, request(s.URL+"/sites/a", Get, `{"entity_set":["lists",{"name":"getbytitle","key":"Ann's Tasks/x"},"items"],"key":7}`, `"entity_sets":"_api/web"`))
	if line != `GET /sites/a/_api/web/lists/getbytitle('Ann''s%20Tasks%2Fx')/items(7)` {
		t.Errorf("%s", line)
	}
}
