package main

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

func (p *idp) fault(f fault) {
	p.t.Helper()
	p.expect(p.admin(http.MethodPut, "/faults", map[string]fault{"token": f}), http.StatusNoContent, "")
}

func (p *idp) credentials() (answer, error) {
	return p.try(p.formRequest("/token", "c", "s3cret", values("grant_type", grantClient)))
}

func TestFaultModes(t *testing.T) {
	p := serve(t).setup()
	cases := []struct {
		fault  fault
		status int // 0: the connection fails
		holds  string
	}{
		{fault{Mode: modeNone}, http.StatusOK, "access_token"},
		{fault{Mode: modeStatus, Body: "busy"}, http.StatusServiceUnavailable, "busy"},
		{fault{Mode: modeStatus, Status: http.StatusTooManyRequests, Headers: map[string]string{"Retry-After": "1"}}, http.StatusTooManyRequests, ""},
		{fault{Mode: modeReset}, 0, ""},
		{fault{Mode: modeTruncated}, 0, ""},
		{fault{Mode: modeHTML}, http.StatusOK, "<html>"},
		{fault{Mode: modeEmpty}, http.StatusOK, ""},
		{fault{Mode: modeEcho}, http.StatusBadRequest, "with s3cret"},
		{fault{Mode: modeInvalidGrant500}, http.StatusInternalServerError, `"invalid_grant"`},
		{fault{Mode: modeError, Error: "temporarily_unavailable"}, http.StatusBadRequest, "temporarily_unavailable"},
		{fault{Mode: modeNone, LoseAnswer: true}, 0, ""},
	}
	for _, c := range cases {
		t.Run(c.fault.Mode, func(t *testing.T) {
			p.fault(c.fault)
			got, err := p.credentials()
			if (err != nil) != (c.status == 0) {
				t.Fatalf("connection: %v", err)
			}
			if c.status == 0 {
				return
			}
			if got.status != c.status || !strings.Contains(got.raw, c.holds) {
				t.Errorf("got %d %s", got.status, got.raw)
			}
			for name, value := range c.fault.Headers {
				if got.header.Get(name) != value {
					t.Errorf("header %s: %q", name, got.header.Get(name))
				}
			}
		})
	}
}

func TestFaultCountsDown(t *testing.T) {
	p := serve(t).setup()
	two := 2
	p.fault(fault{Mode: modeStatus, Count: &two})
	for _, want := range []int{503, 503, 200} {
		if got, err := p.credentials(); err != nil || got.status != want {
			t.Fatalf("got %d %v, want %d", got.status, err, want)
		}
	}
	if n := p.calls(); n.Faults != 2 || n.Endpoints["token"] != 3 || n.Grants[grantClient] != 3 || n.Clients["c"] != 3 || n.Issued[grantClient] != 1 {
		t.Errorf("counts: %+v", n)
	}
	p.expect(p.admin(http.MethodDelete, "/calls", nil), http.StatusNoContent, "")
	if n := p.calls(); n.Endpoints["token"] != 0 {
		t.Errorf("after the reset: %+v", n)
	}
}

func TestFaultNarrowedDown(t *testing.T) {
	p := serve(t).setup()
	p.fault(fault{Mode: modeStatus, GrantType: grantRefresh, ClientID: "c"})
	p.expect(p.token("grant_type", grantClient), http.StatusOK, "")
	if got := p.refresh("x"); got.status != http.StatusServiceUnavailable {
		t.Errorf("got %d", got.status)
	}
	p.fault(fault{Mode: modeStatus, ClientID: "other"})
	p.expect(p.token("grant_type", grantClient), http.StatusOK, "")
}

func TestLostAnswerDidTheWork(t *testing.T) {
	p := serve(t).setup()
	token := p.family().text("refresh_token")
	one := 1
	p.fault(fault{Mode: modeNone, LoseAnswer: true, Count: &one})
	if _, err := p.try(p.formRequest("/token", "c", "s3cret", values("grant_type", grantRefresh, "refresh_token", token))); err == nil {
		t.Fatal("an answer came")
	}
	p.expect(p.refresh(token), http.StatusBadRequest, "invalid_grant")
	if n := p.calls(); n.Issued[grantRefresh] != 1 || n.RefreshReused != 1 {
		t.Errorf("counts: %+v", n)
	}
}

func TestSlowAnswer(t *testing.T) {
	p := serve(t).setup()
	p.fault(fault{Mode: modeSlow, DelayMS: 50})
	began := time.Now()
	if got, err := p.credentials(); err != nil || got.status != http.StatusOK {
		t.Fatalf("got %d %v", got.status, err)
	}
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("answered after %s", took)
	}
	// A client that gives up, and a server that stops, do not wait it out.
	p.fault(fault{Mode: modeSlow, DelayMS: 600_000})
	p.http.Timeout = 50 * time.Millisecond
	var timeout interface{ Timeout() bool }
	if _, err := p.credentials(); !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

func TestFaultAtIntrospection(t *testing.T) {
	p := serve(t).setup()
	p.admin(http.MethodPut, "/faults", map[string]fault{"introspect": {Mode: modeStatus, Status: 500}})
	if got := p.form("/introspect", "c", "s3cret", values("token", "x")); got.status != 500 {
		t.Errorf("got %d", got.status)
	}
	p.expect(p.token("grant_type", grantClient), http.StatusOK, "")
	if got := p.admin(http.MethodGet, "/faults", nil); !strings.Contains(got.raw, `"introspect"`) {
		t.Errorf("faults: %s", got.raw)
	}
	p.expect(p.admin(http.MethodDelete, "/faults", nil), http.StatusNoContent, "")
	if p.active("x") {
		t.Error("active")
	}
}
