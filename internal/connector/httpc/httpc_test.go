package httpc

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.uber.org/goleak"

	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loopback lets a test reach its own servers.
var loopback = AddressPolicy{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}

func newConnector(t *testing.T, o Options) *Connector {
	t.Helper()
	if len(o.Addresses.Allow) == 0 {
		o.Addresses = loopback
	}
	c := New(o)
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

// request is {method, path} against a base URL; extra settings are written as JSON members.
func request(base, method, path string, settings ...string) connector.Request {
	in, _ := json.Marshal(map[string]string{"method": method, "path": path})
	b, _ := json.Marshal(base)
	return connector.Request{
		Operation:      "request",
		Input:          in,
		Settings:       json.RawMessage(`{"base_url":` + strings.Join(append([]string{string(b)}, settings...), ",") + `}`),
		IdempotencyKey: "req-1=",
	}
}

func response(t *testing.T, r connector.Result) responseDocument {
	t.Helper()
	var d responseDocument
	if err := json.Unmarshal(r.Response, &d); err != nil {
		t.Fatalf("response %q: %v", r.Response, err)
	}
	return d
}

// wantFault returns all that the fault shows.
func wantFault(t *testing.T, err error, reason fault.Reason, noEffect bool) string {
	t.Helper()
	f := fault.From(err)
	if f == nil || f.Reason != reason || f.NoEffect != noEffect {
		t.Fatalf("%+v, want %s with NoEffect %v", f, reason, noEffect)
	}
	return f.Error() + "; " + f.Hint
}

func TestC3_ARequestArrivesAsItWasMeant(t *testing.T) {
	var got *http.Request
	var body string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		b := make([]byte, 100)
		n, _ := r.Body.Read(b)
		got, body = r, string(b[:n])
		w.Header().Set("ETag", `"v1"`)
		w.Header().Set("X-Mine", "yes")
		w.Header().Set("Set-Cookie", "session=1")
		w.Header().Add("Link", "<a>")
		w.Header().Add("Link", "<b>")
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write([]byte(`{ "id": 7 }`))
	})
	r := request(s.URL+"/api/", "", "", `"response_headers":["x-mine"]`)
	r.Input = json.RawMessage(`{"method":"POST","path":"/things/a%20b/group%2Fproject","query":{"a":"1 2","b":["x","y"]},
		"headers":{"X-Thing":"t"},"body":{"n": null}}`)
	r.Credential = credential.NewBasic("user", secret.New("password"))
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	ctx := propagation.TraceContext{}.Extract(t.Context(), propagation.MapCarrier{"traceparent": parent, "tracestate": "k=v"})
	result, err := newConnector(t, Options{}).Execute(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := got.BasicAuth()
	for what, pair := range map[string][2]string{
		"line":        {got.Method + " " + got.RequestURI, "POST /api/things/a%20b/group%2Fproject?a=1+2&b=x&b=y"},
		"credential":  {user + ":" + password, "user:password"},
		"key":         {got.Header.Get("Idempotency-Key"), "req-1="},
		"type":        {got.Header.Get("Content-Type"), "application/json"},
		"header":      {got.Header.Get("X-Thing"), "t"},
		"traceparent": {got.Header.Get("Traceparent"), parent},
		"tracestate":  {got.Header.Get("Tracestate"), "k=v"},
		"agent":       {got.Header.Get("User-Agent"), "holdfast"},
		"body":        {body, `{"n": null}`},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: %q, want %q", what, pair[0], pair[1])
		}
	}
	d := response(t, result)
	if d.Status != 201 || string(d.Body) != `{"id":7}` || d.Truncated || d.Bytes != 11 {
		t.Errorf("response %s", result.Response)
	}
	if d.Headers["Etag"] != `"v1"` || d.Headers["X-Mine"] != "yes" || d.Headers["Link"] != "<a>, <b>" || d.Headers["Set-Cookie"] != "" {
		t.Errorf("headers %v", d.Headers)
	}
}

func TestC11_TestAsksTheTestPath(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, password, _ := r.BasicAuth()
		switch {
		case r.URL.RequestURI() != "/api/me?x=1" || r.Method != http.MethodGet || r.Header.Get("Idempotency-Key") != "":
			w.WriteHeader(http.StatusNotFound)
		case password != "right":
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	c := newConnector(t, Options{})
	r := request(s.URL+"/api", "", "", `"test_path":"/me?x=1"`)
	r.Credential = credential.NewBasic("u", secret.New("right"))
	if err := c.Test(t.Context(), r); err != nil {
		t.Errorf("right password: %v", err)
	}
	r.Credential = credential.NewBasic("u", secret.New("wrong"))
	wantFault(t, c.Test(t.Context(), r), fault.BadCredentials, true)
	if err := c.Test(t.Context(), request(s.URL, "", "")); !errors.Is(err, connector.ErrNoTest) {
		t.Errorf("without a test path: %v", err)
	}
}

func TestC1_WrongInputAndSettingsNameTheField(t *testing.T) {
	const base = `"base_url":"https://h/api"`
	const get = `"method":"GET"`
	tests := []struct{ settings, input, field string }{
		{`{}`, `{` + get + `}`, "/base_url"},
		{`{"base_url":"ftp://h"}`, `{` + get + `}`, "/base_url"},
		{`{"base_url":"https://u:p@h"}`, `{` + get + `}`, "/base_url"},
		{`{"base_url":"https://h/?q"}`, `{` + get + `}`, "/base_url"},
		{`{"base_url":"https://h/../x"}`, `{` + get + `}`, "/base_url"},
		{`{"base_url":5}`, `{` + get + `}`, "/base_url"},
		{`{` + base + `,"bse":1}`, `{` + get + `}`, "/bse"},
		{`{` + base + `,"test_path":"/../x"}`, `{` + get + `}`, "/test_path"},
		{`{` + base + `,"max_response_bytes":262145}`, `{` + get + `}`, "/max_response_bytes"},
		{`{` + base + `,"response_headers":["ETag","Set-Cookie"]}`, `{` + get + `}`, "/response_headers/1"},
		{`{` + base + `,"auth_failure_statuses":[403,429]}`, `{` + get + `}`, "/auth_failure_statuses/1"},
		{`{` + base + `}`, `{}`, "/method"},
		{`{` + base + `}`, `{"method":"get"}`, "/method"},
		{`{` + base + `}`, `{` + get + `,"pth":"/"}`, "/pth"},
		{`{` + base + `}`, `{` + get + `,"path":"/a","path":"/b"}`, "/path"},
		{`{` + base + `}`, `{` + get + `,"path":"http://other/"}`, "/path"},
		{`{` + base + `}`, `{` + get + `,"query":{"a":[1]}}`, "/query/a"},
		{`{` + base + `}`, `{` + get + `,"query":{"a":{"b":1}}}`, "/query/a"},
		{`{` + base + `}`, `{` + get + `,"headers":{"X-A":1}}`, "/headers/X-A"},
		{`{` + base + `}`, `{` + get + `,"headers":{"a b":"1"}}`, "/headers/a b"},
		{`{` + base + `}`, `{` + get + `,"headers":{"X-A":"1\r\nX-B: 2"}}`, "/headers/X-A"},
		{`{` + base + `}`, `{` + get + `,"body":1,"body_text":"x"}`, "/body_text"},
		{`{` + base + `}`, `{` + get + `,"content_type":"text/plain"}`, "/content_type"},
		{`{` + base + `}`, `{` + get + `,"body_text":"x","content_type":"a\nb"}`, "/content_type"},
		{`{` + base + `}`, `{"method":"HEAD","body":1}`, "/method"},
	}
	for _, h := range []string{"authorization", "Cookie", "Proxy-Authorization", "Host", "X-API-KEY", "connection",
		"Transfer-Encoding", "TE", "Upgrade", "Content-Length", "Accept-Encoding", "Idempotency-Key", "X-Idempotency-Key"} {
		tests = append(tests, struct{ settings, input, field string }{
			`{` + base + `}`, `{` + get + `,"headers":{"` + h + `":"x"}}`, "/headers/" + h})
	}
	c := newConnector(t, Options{})
	for _, tt := range tests {
		err := c.Validate(connector.Request{
			Operation: "request", Settings: json.RawMessage(tt.settings), Input: json.RawMessage(tt.input),
			Credential: credential.NewHeader("X-Api-Key", secret.New("key-key")),
		})
		f := fault.From(err)
		if f == nil || f.Field != tt.field || (f.Reason != fault.InputInvalid && f.Reason != fault.SettingsInvalid) {
			t.Errorf("%s %s: %+v, want field %q", tt.settings, tt.input, f, tt.field)
		}
	}
}

func TestCredentialsThatNoHeaderCanCarry(t *testing.T) {
	r := request("https://h", "GET", "/")
	r.Credential = credential.NewBearer(secret.New("canary-token\n"), time.Time{})
	shown := wantFault(t, newConnector(t, Options{}).Validate(r), fault.SecretMalformed, true)
	if strings.Contains(shown, "canary") {
		t.Errorf("the fault shows the secret: %s", shown)
	}
	r.Credential = credential.NewHeader("Transfer-Encoding", secret.New("chunked"))
	wantFault(t, newConnector(t, Options{}).Validate(r), fault.SettingsInvalid, true)
}
