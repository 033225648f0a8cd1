package main

import (
	"bufio"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/console"
	"holdfast/internal/testkit"
)

// authorizing runs holdfast connections authorize in a process of its own; its standard error comes line by line.
func (s *stand) authorizing(t *testing.T, more ...string) (said *bufio.Scanner, end func() (console.Ended, int)) {
	t.Helper()
	var out strings.Builder
	args := append([]string{"connections", "authorize", "crm", "--tenant", "acme", "--actor", "ann", "--no-browser", "--json"}, more...)
	cmd := exec.CommandContext(t.Context(), asHoldfast(t), args...)
	cmd.Env = []string{"NATS_URL=" + s.nats.ClientURL(), "VAULT_ADDR=" + s.vault.Address, "VAULT_TOKEN=" + s.vault.RootToken,
		"HOLDFAST_HTTP_ALLOW_ADDRESSES=127.0.0.0/8"}
	cmd.Stdout = &out
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	said = bufio.NewScanner(stderr)
	return said, func() (e console.Ended, code int) {
		for said.Scan() {
			t.Log(said.Text())
		}
		_ = cmd.Wait() // the exit code tells
		_ = json.Unmarshal([]byte(out.String()), &e)
		return e, cmd.ProcessState.ExitCode()
	}
}

// heard reads on until a line matches, and gives what its first group matched.
func heard(t *testing.T, said *bufio.Scanner, pattern string) string {
	t.Helper()
	re := regexp.MustCompile(pattern)
	for said.Scan() {
		if m := re.FindStringSubmatch(said.Text()); m != nil {
			return m[1]
		}
	}
	t.Fatalf("nothing said matches %s", pattern)
	return ""
}

// person follows links and keeps cookies, up to the provider.
func person(t *testing.T, idp *testkit.IDP) func(address string) string {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(address string) string {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if m := regexp.MustCompile(`href="(` + idp.Address + `[^"]*)"`).FindStringSubmatch(string(raw)); m != nil {
			return html.UnescapeString(m[1])
		}
		return string(raw)
	}
}

// signable is a stand with a connection that accounts can be signed in for.
func signable(t *testing.T) (*stand, *testkit.IDP) {
	t.Helper()
	s := newStand(t)
	idp := testkit.StartIDP(t)
	idp.User(t, "svc-crm", "pw")
	idp.User(t, "svc-other", "pw")
	idp.Client(t, "crm", testkit.IDPClient{Secret: "crm-secret", RedirectURIs: []string{"http://127.0.0.1/callback"}})
	s.vault.Put(t, "holdfast/acme/conn/crm/config", map[string]any{"client_secret": "crm-secret"})
	s.publish(t, "acme", events.ConnectionCreated, events.Connection{
		ID: "crm", Name: "CRM", Type: "http", Kind: events.Shared, Availability: events.Availability{Level: "tenant"},
		Owners: []string{"ann"}, Actor: events.ActorSystem, Settings: json.RawMessage(`{"base_url":"` + s.target + `/bearer"}`),
		Auth: events.AuthSettings{Method: "oauth2_refresh_token", AuthorizeURL: idp.AuthorizeURL(), TokenURL: idp.TokenURL(),
			DeviceURL: idp.DeviceURL(), ClientID: "crm", Scopes: []string{"openid", "offline", "api"}},
	})
	registry := s.bus.Registry()
	testkit.Eventually(t, 20*time.Second, "the connection", func() bool {
		e, _, err := registry.Fresh(t.Context(), "acme", "crm")
		return err == nil && e != nil && !e.Missing
	})
	return s, idp
}

func TestW3_AnAccountSignsInFromTheCommandLine(t *testing.T) {
	s, idp := signable(t)
	open := person(t, idp)
	said, end := s.authorizing(t)
	link := heard(t, said, `(http://127\.0\.0\.1:\d+/connect/\S+)`)
	page := open(idp.SignIn(t, open(link), "svc-crm", "pw").String())
	if !strings.Contains(page, "is connected") || !strings.Contains(page, "close this tab") || strings.Contains(page, `href="/closed"`) {
		t.Errorf("the page says %s", page)
	}
	if e, code := end(); code != exitOK || e.Outcome != console.Connected || e.Account != "svc-crm" {
		t.Errorf("exit code %d, %+v", code, e)
	}
}

func TestW6_AnotherAccountFromTheCommandLineIsAgreedToFirst(t *testing.T) {
	s, idp := signable(t)
	for _, c := range []struct {
		user string
		more []string
		code int
	}{{"svc-crm", nil, exitOK}, {"svc-other", nil, exitRefused}, {"svc-other", []string{"--account", "svc-other"}, exitOK}} {
		said, end := s.authorizing(t, append(c.more, "--device")...)
		idp.AllowDevice(t, heard(t, said, `type the code (\S+)`), c.user, "pw")
		if _, code := end(); code != c.code {
			t.Errorf("%s %v: exit code %d, want %d", c.user, c.more, code, c.code)
		}
	}
}

func TestW3_ASignInThatNobodyMakesIsToldAsOne(t *testing.T) {
	s, _ := signable(t)
	for _, more := range [][]string{nil, {"--device"}} {
		said, end := s.authorizing(t, append(more, "--wait", "1s")...)
		heard(t, said, `(nobody signed in within 1s)`)
		if _, code := end(); code != exitFailed {
			t.Errorf("%v: exit code %d", more, code)
		}
	}
	if _, end := s.authorizing(t, "--account", "svc-crm"); true {
		if _, code := end(); code != exitUsage {
			t.Errorf("--account without --device: exit code %d", code)
		}
	}
}

func TestC16_WhoMayNotWriteCredentialsGetsNoLink(t *testing.T) {
	s, _ := signable(t)
	said, end := s.authorizing(t, "--actor", "dan")
	for said.Scan() {
		if strings.Contains(said.Text(), "/connect/") {
			t.Error("there is a link")
		}
	}
	if _, code := end(); code == exitOK {
		t.Error("dan may sign an account in")
	}
}
