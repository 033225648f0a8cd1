package devtarget

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// running is a started target and a client for it.
type running struct {
	*Target
	t    *testing.T
	base string
	http *http.Client
}

func start(t *testing.T, o Options) *running {
	t.Helper()
	target := New(o)
	addr, err := target.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := target.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return &running{target, t, "http://" + addr, &http.Client{Transport: transport}}
}

func (r *running) do(method, path, body string, set func(*http.Request)) (int, string, http.Header) {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), method, r.base+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if set != nil {
		set(req)
	}
	resp, err := r.http.Do(req)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

func (r *running) want(code int, method, path, body string, set func(*http.Request)) string {
	r.t.Helper()
	got, text, _ := r.do(method, path, body, set)
	if got != code {
		r.t.Fatalf("%s %s: %d %s, want %d", method, path, got, text, code)
	}
	return text
}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

func header(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

func TestBasicFollowsThePasswordInForce(t *testing.T) {
	r := start(t, Options{User: "u", Password: "first"})
	r.want(200, "GET", "/basic/me", "", basic("u", "first"))
	r.want(204, "PUT", "/admin/password", `{"user":"u","password":"second"}`, nil)
	code, _, h := r.do("GET", "/basic/me", "", basic("u", "first"))
	if code != 401 || !strings.HasPrefix(h.Get("WWW-Authenticate"), "Basic ") {
		t.Errorf("old password: %d, challenge %q", code, h.Get("WWW-Authenticate"))
	}
	r.want(200, "GET", "/basic/me", "", basic("u", "second"))
	r.want(401, "GET", "/basic/me", "", nil)
	r.want(400, "PUT", "/admin/password", `{"user":"u"}`, nil)
	r.want(400, "PUT", "/admin/password", `{"usr":"u"}`, nil)

	var calls map[string]map[string]int
	if err := json.Unmarshal([]byte(r.want(200, "GET", "/admin/calls", "", nil)), &calls); err != nil {
		t.Fatal(err)
	}
	if c := calls["basic"]; c[Accepted] != 2 || c[Refused] != 1 || c[Missing] != 1 {
		t.Errorf("calls %v", calls)
	}
	r.want(204, "DELETE", "/admin/calls", "", nil)
	if len(r.Calls()) != 0 {
		t.Errorf("calls are left: %v", r.Calls())
	}
}

// introspector is an RFC 7662 endpoint that knows one token and one client.
func introspector(t *testing.T) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		if id != "rs" || secret != "rs-secret" || r.Method != http.MethodPost {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_ = json.NewEncoder(w).Encode(map[string]bool{"active": r.PostFormValue("token") == "good"})
	}))
	t.Cleanup(s.Close)
	return s
}

func TestBearerAsksTheIntrospectionEndpoint(t *testing.T) {
	in := introspector(t)
	r := start(t, Options{Introspection: Introspection{in.URL, "rs", "rs-secret"}})
	r.want(200, "GET", "/bearer/me", "", header("Authorization", "Bearer good"))
	code, _, h := r.do("GET", "/bearer/me", "", header("Authorization", "Bearer bad"))
	if code != 401 || !strings.Contains(h.Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("bad token: %d, challenge %q", code, h.Get("WWW-Authenticate"))
	}
	_, _, h = r.do("GET", "/bearer/me", "", nil)
	if c := h.Get("WWW-Authenticate"); c == "" || strings.Contains(c, "error") {
		t.Errorf("no token: challenge %q", c)
	}
	for _, o := range []Options{{}, {Introspection: Introspection{in.URL, "rs", "wrong"}}} {
		start(t, o).want(503, "GET", "/bearer/me", "", header("Authorization", "Bearer good"))
	}
}

func TestKeyWantsItsHeader(t *testing.T) {
	r := start(t, Options{APIKey: "k-1"})
	r.want(200, "GET", "/key/x", "", header("X-Api-Key", "k-1"))
	r.want(401, "GET", "/key/x", "", header("X-Api-Key", "k-2"))
	r.want(401, "GET", "/key/x", "", nil)
}

func TestEffectsCountEveryApplication(t *testing.T) {
	r := start(t, Options{APIKey: "k"})
	post := func(key string) {
		r.want(201, "POST", "/key/items", `{"a":1}`, func(q *http.Request) {
			q.Header.Set("X-Api-Key", "k")
			q.Header.Set("Idempotency-Key", key)
		})
	}
	post("one")
	post("two")
	post("two")
	r.want(401, "POST", "/key/items", `{}`, header("Idempotency-Key", "three"))
	if e := r.Effects(); len(e) != 2 || e["one"] != 1 || e["two"] != 2 {
		t.Errorf("effects %v", e)
	}
	if got := r.want(200, "GET", "/admin/effects", "", nil); got != `{"one":1,"two":2}`+"\n" {
		t.Errorf("effects by HTTP: %s", got)
	}
	lines := strings.Split(r.want(200, "GET", "/admin/effects.jsonl", "", nil), "\n")
	slices.Sort(lines)
	one, two := `{"effect":true,"idempotency_key":"one"}`, `{"effect":true,"idempotency_key":"two"}`
	if want := []string{"", one, two, two}; !slices.Equal(lines, want) {
		t.Errorf("effects as a log: %q", lines)
	}
	r.want(204, "DELETE", "/admin/effects", "", nil)
	if len(r.Effects()) != 0 {
		t.Errorf("effects are left: %v", r.Effects())
	}
}

func TestEchoRepeatsWhatItWasSent(t *testing.T) {
	r := start(t, Options{})
	if got := r.want(200, "POST", "/echo", "the body", header("X-Thing", "a thing")); !strings.Contains(got, "a thing") || !strings.Contains(got, "the body") {
		t.Errorf("echo: %s", got)
	}
	if got := r.want(401, "GET", "/echo-401", "", header("Authorization", "Basic abcd")); !strings.Contains(got, "Basic abcd") {
		t.Errorf("echo-401: %s", got)
	}
}

func TestStatusAndSlow(t *testing.T) {
	r := start(t, Options{})
	for path, want := range map[string]int{
		"/status/204": 204, "/status/304": 304, "/status/503": 503, "/status/99": 404, "/status/x": 404,
		"/slow?ms=1": 200, "/slow?ms=x": 400,
	} {
		r.want(want, "GET", path, "", nil)
	}
}

func TestFaults(t *testing.T) {
	r := start(t, Options{User: "u", Password: "p"})
	ok := basic("u", "p")
	t.Run("a status for two requests", func(t *testing.T) {
		r.want(204, "PUT", "/admin/fault", `{"status":429,"headers":{"Retry-After":"7"},"body":"slow down","count":2}`, nil)
		code, body, h := r.do("GET", "/basic/me", "", ok)
		if code != 429 || body != "slow down" || h.Get("Retry-After") != "7" {
			t.Errorf("%d %q %q", code, body, h.Get("Retry-After"))
		}
		r.want(429, "GET", "/basic/me", "", nil)
		r.want(200, "GET", "/basic/me", "", ok)
		if n := r.Calls()["basic"][Faulted]; n != 2 {
			t.Errorf("%d faulted", n)
		}
	})
	t.Run("one resource, until it is removed", func(*testing.T) {
		r.want(204, "PUT", "/admin/fault", `{"resource":"echo","status":500,"delay_ms":1}`, nil)
		r.want(200, "GET", "/basic/me", "", ok)
		r.want(500, "GET", "/echo", "", nil)
		r.want(500, "GET", "/echo", "", nil)
		r.want(204, "DELETE", "/admin/fault", "", nil)
		r.want(200, "GET", "/echo", "", nil)
	})
	t.Run("reset after the effect", func(t *testing.T) {
		r.want(204, "PUT", "/admin/fault", `{"reset":true,"after_effect":true,"count":1}`, nil)
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.base+"/basic/items", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		ok(req)
		req.Header.Set("idempotency-key", "lost")
		req.GetBody = nil
		resp, err := r.http.Do(req)
		if err == nil {
			_ = resp.Body.Close()
			t.Fatal("there was an answer")
		}
		if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
		if n := r.Effects()["lost"]; n != 1 {
			t.Errorf("applied %d times", n)
		}
	})
	t.Run("wrong", func(*testing.T) {
		for _, body := range []string{`{"status":7}`, `{"count":-1}`, `{"sttus":500}`, `x`} {
			r.want(400, "PUT", "/admin/fault", body, nil)
		}
	})
	r.want(204, "DELETE", "/admin", "", nil)
	if len(r.Calls())+len(r.Effects()) != 0 {
		t.Errorf("something is left: %v %v", r.Calls(), r.Effects())
	}
}

func TestStartOnceStopTwice(t *testing.T) {
	target := New(Options{})
	if err := target.Stop(context.Background()); err != nil {
		t.Errorf("stop before start: %v", err)
	}
	if _, err := target.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	if _, err := target.Start("127.0.0.1:0"); err == nil {
		t.Error("a second start was accepted")
	}
	for range 2 {
		if err := target.Stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	}
}

func TestHoldKeepsOneAnswerBack(t *testing.T) {
	r := start(t, Options{})
	held := r.Hold("late")
	answered := make(chan int, 1)
	go func() {
		code, _, _ := r.do(http.MethodPost, "/basic/items", "{}", func(q *http.Request) {
			q.SetBasicAuth("demo", "demo-password")
			q.Header.Set("Idempotency-Key", "late")
		})
		answered <- code
	}()
	<-held.Arrived()
	r.SetPassword("demo", "second")
	if code, _, _ := r.do(http.MethodGet, "/basic/me", "", func(q *http.Request) { q.SetBasicAuth("demo", "second") }); code != http.StatusOK {
		t.Errorf("another request got %d", code)
	}
	select {
	case code := <-answered:
		t.Fatalf("answered %d before it was released", code)
	default:
	}
	held.Release()
	held.Release()
	if code := <-answered; code != http.StatusUnauthorized {
		t.Errorf("got %d, want 401: the credential was good when it was sent, and is not when it is looked at", code)
	}
}
