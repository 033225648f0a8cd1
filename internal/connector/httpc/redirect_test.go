package httpc

import (
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func TestC2_RedirectsNeverCarryCredentialsElsewhere(t *testing.T) {
	var strays atomic.Int32
	elsewhere := serve(t, func(http.ResponseWriter, *http.Request) { strays.Add(1) })
	var to string
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/api/start" {
			strays.Add(1)
			return
		}
		w.Header().Set("Location", to)
		w.WriteHeader(http.StatusTemporaryRedirect)
	})
	c := newConnector(t, Options{})
	for _, to = range []string{
		elsewhere.URL + "/api/x", strings.Replace(s.URL, "http:", "https:", 1) + "/api/x", "//" + elsewhere.Listener.Addr().String() + "/api/",
		"/other", "/api/../other", "/api/%2e%2e/other", "/apix", strings.Replace(s.URL, "://", "://u:p@", 1) + "/api/x",
		"http://localhost/api", "file:///api/etc/passwd", "", "http://[::1",
	} {
		for _, cred := range []credential.Credential{
			credential.NewBasic("u", secret.New("password")), credential.NewHeader("X-Api-Key", secret.New("key-key")),
		} {
			r := request(s.URL+"/api", "GET", "/start")
			r.Credential = cred
			result, err := c.Execute(t.Context(), r)
			shown := wantFault(t, err, fault.TargetRejected, false)
			if !strings.Contains(shown, "redirect") || response(t, result).Status != 307 {
				t.Errorf("%q: %s, %s", to, shown, result.Response)
			}
		}
	}
	if n := strays.Load(); n != 0 {
		t.Errorf("%d requests went astray", n)
	}
}

func TestRedirectsBelowTheBaseURLAreFollowed(t *testing.T) {
	var posts atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posts.Add(1)
		}
		n, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/api/"))
		_, password, _ := r.BasicAuth()
		if err != nil || password != "password" || r.Header.Get("Idempotency-Key") == "" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		if n > 0 {
			http.Redirect(w, r, strconv.Itoa(n-1)+"?x=1#f", http.StatusFound)
		}
	})
	c := newConnector(t, Options{})
	do := func(method, path string) error {
		r := request(s.URL+"/api", method, path)
		r.Credential = credential.NewBasic("u", secret.New("password"))
		_, err := c.Execute(t.Context(), r)
		return err
	}
	for _, method := range []string{"GET", "HEAD"} {
		if err := do(method, "/5"); err != nil {
			t.Errorf("%s, five redirects: %v", method, err)
		}
		wantFault(t, do(method, "/6"), fault.TargetRejected, false)
	}
	wantFault(t, do("POST", "/1"), fault.TargetRejected, false)
	if posts.Load() != 1 {
		t.Errorf("%d posts", posts.Load())
	}
}
