package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// idp is a devidp inside this process, and a client to talk to it with.
type idp struct {
	t *testing.T
	ready
	http *http.Client
}

// serve runs devidp with args until the test ends.
func serve(t *testing.T, args ...string) *idp {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	out, in := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := run(ctx, args, os.Stdin, in, io.Discard)
		_ = in.Close()
		done <- err
	}()
	p := &idp{t: t, http: &http.Client{
		Transport:     &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	t.Cleanup(func() {
		p.http.CloseIdleConnections()
		cancel()
		if err := <-done; err != nil {
			t.Errorf("devidp ended with %v", err)
		}
	})
	if err := json.NewDecoder(out).Decode(&p.ready); err != nil {
		t.Fatalf("no ready line: %v", err)
	}
	return p
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   map[string]any
	raw    string
}

func (a answer) text(key string) string {
	s, _ := a.body[key].(string)
	return s
}

// expiresIn is the lifetime in seconds, or 0.
func (a answer) expiresIn() float64 {
	n, _ := a.body["expires_in"].(float64)
	return n
}

// try sends a request; its error is one of the connection.
func (p *idp) try(req *http.Request) (answer, error) {
	resp, err := p.http.Do(req)
	if err != nil {
		return answer{}, err
	}
	raw, err := io.ReadAll(resp.Body)
	if err := resp.Body.Close(); err != nil {
		return answer{}, err
	}
	a := answer{status: resp.StatusCode, header: resp.Header, raw: string(raw)}
	_ = json.Unmarshal(raw, &a.body) // not everything is JSON
	return a, err
}

func (p *idp) send(req *http.Request) answer {
	p.t.Helper()
	a, err := p.try(req)
	if err != nil {
		p.t.Fatal(err)
	}
	return a
}

func (p *idp) request(method, url string, body io.Reader) *http.Request {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), method, url, body)
	if err != nil {
		p.t.Fatal(err)
	}
	return req
}

// formRequest builds a form post; id and secret go into the header.
func (p *idp) formRequest(path, id, secret string, form url.Values) *http.Request {
	req := p.request(http.MethodPost, p.Address+path, strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if id != "" {
		req.SetBasicAuth(url.QueryEscape(id), url.QueryEscape(secret))
	}
	return req
}

func (p *idp) form(path, id, secret string, form url.Values) answer {
	p.t.Helper()
	return p.send(p.formRequest(path, id, secret, form))
}

// token asks the token endpoint as the client c with secret s3cret.
func (p *idp) token(pairs ...string) answer {
	p.t.Helper()
	return p.form("/token", "c", "s3cret", values(pairs...))
}

func (p *idp) admin(method, path string, body any) answer {
	p.t.Helper()
	raw, err := json.Marshal(body)
	if err != nil {
		p.t.Fatal(err)
	}
	return p.send(p.request(method, p.Admin+path, bytes.NewReader(raw)))
}

// setup creates client c, user eve, and changes to c if there are any.
func (p *idp) setup(change ...func(*clientSpec)) *idp {
	p.t.Helper()
	spec := clientSpec{Secret: "s3cret", RedirectURIs: []string{"http://127.0.0.1/callback"}}
	for _, f := range change {
		f(&spec)
	}
	p.expect(p.admin(http.MethodPut, "/clients/c", spec), http.StatusNoContent, "")
	p.expect(p.admin(http.MethodPut, "/users/eve", userSpec{Password: "pw"}), http.StatusNoContent, "")
	return p
}

// expect checks the status, and the OAuth error unless that is empty.
func (p *idp) expect(a answer, status int, oauthError string) answer {
	p.t.Helper()
	if a.status != status || a.text("error") != oauthError {
		p.t.Fatalf("got %d %s, want %d %q", a.status, a.raw, status, oauthError)
	}
	return a
}

func (p *idp) calls() callCounts {
	p.t.Helper()
	var counts callCounts
	if err := json.Unmarshal([]byte(p.admin(http.MethodGet, "/calls", nil).raw), &counts); err != nil {
		p.t.Fatal(err)
	}
	return counts
}

func values(pairs ...string) url.Values {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	return form
}

func TestBinaryServesAndStops(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "devidp")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bin, ".").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	ways := map[string]func(cmd *exec.Cmd, stdin io.Closer) error{
		"SIGTERM":       func(cmd *exec.Cmd, _ io.Closer) error { return cmd.Process.Signal(syscall.SIGTERM) },
		"stdin closing": func(_ *exec.Cmd, stdin io.Closer) error { return stdin.Close() },
	}
	for name, end := range ways {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			cmd := exec.CommandContext(ctx, bin, "--exit-with-stdin")
			stdin, errIn := cmd.StdinPipe()
			stdout, errOut := cmd.StdoutPipe()
			if errIn != nil || errOut != nil {
				t.Fatal(errIn, errOut)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			lines := bufio.NewScanner(stdout)
			lines.Scan()
			p := &idp{t: t, http: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}}
			if err := json.Unmarshal(lines.Bytes(), &p.ready); err != nil {
				t.Fatalf("%v in %q", err, lines.Text())
			}
			p.expect(p.admin(http.MethodGet, "/healthz", nil), http.StatusOK, "")
			if err := end(cmd, stdin); err != nil {
				t.Fatal(err)
			}
			if lines.Scan() {
				t.Errorf("more than one line: %s", lines.Text())
			}
			if err := cmd.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
		})
	}
}
