package leaktest

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"holdfast/deploy/vault"
	"holdfast/events"
	"holdfast/internal/testkit"
)

// person is the environment of somebody who sets connections up: a Vault login of their own, and the worker's on
// the bus.
func (w *world) person() []string {
	w.Helper()
	policy, err := vault.Policy(vault.Console)
	if err != nil {
		w.Fatal(err)
	}
	w.vault.Policy(w, "person", policy)
	file := filepath.Join(w.TempDir(), "vault-token")
	w.write(file, w.secrets.add("a person's Vault token", w.vault.Token(w, []string{"person"})))
	env := []string{"HOLDFAST_VAULT_AUTH_METHOD=token_file", "HOLDFAST_VAULT_AUTH_TOKEN_FILE=" + file}
	for _, pair := range w.env {
		switch name, _, _ := strings.Cut(pair, "="); name {
		case "HOLDFAST_VAULT_AUTH_METHOD", "HOLDFAST_VAULT_AUTH_ROLE_ID", "HOLDFAST_VAULT_AUTH_SECRET_ID_FILE", "HOLDFAST_TRACING_OTLP_ENDPOINT":
		default:
			env = append(env, pair)
		}
	}
	return env
}

// people create connections and rotate their secrets by file and by standard input, rightly and wrongly, have
// them tested at a target that repeats the credential, and meet a Vault that repeats what is written to it.
func (w *world) people(e evidence) {
	w.Helper()
	env, dir := w.person(), w.TempDir()
	file := func(name, text string) string {
		w.write(filepath.Join(dir, name), text)
		return filepath.Join(dir, name)
	}
	run := func(want int, input string, args ...string) {
		w.Helper()
		args = append([]string{"connections"}, append(args, "--tenant", tenant, "--actor", events.ActorSystem)...)
		if code := e.command(w, env, input, w.binary, args...); code != want {
			w.Errorf("%v: exit code %d, want %d", args, code, want)
		}
	}
	create := func(id, method string, more ...string) []string {
		return append([]string{"create", "--id", id, "--name", "Typed " + id, "--method", method, "--setting", "base_url=" + w.seen.Address}, more...)
	}
	by := func(name string) string { return w.secrets.add("secret by "+name, `canary by "`+name+`"/+&`) }

	run(0, "", create("file", "basic", "--setting", "test_path=/echo", "--secret-file",
		file("basic.json", fmt.Sprintf(`{"username":"demo","password":%q}`, by("file"))))...)
	run(0, by("standard input")+"\n", create("stdin", "bearer", "--setting", "test_path=/echo-401", "--secret-stdin")...)
	w.echoes("file", "stdin")
	run(0, by("rotation by standard input"), "rotate", "file", "--username", "demo", "--secret-stdin")
	run(0, "", "rotate", "stdin", "--json", "--secret-file", file("token", by("rotation by file")))
	w.echoes("file", "stdin")
	run(0, "", "test", "file", "--json")
	run(1, "", "test", "stdin")
	run(0, by("change of method"), "edit", "stdin", "--method", "api_key", "--secret-stdin")

	for _, broken := range []string{`{"token":%q}`, `{"api_key":{"is":%q}}`, `{"api_key":%q`, `{"password":{"a":[%q]}}`, "{\xff%q}"} {
		run(2, fmt.Sprintf(broken, by("mistake")), "rotate", "stdin", "--secret-stdin")
	}
	for name, text := range map[string]string{
		"account":  "account: %s\nauth: {method: none}\nsettings: {base_url: 'https://example.com'}",
		"header":   "auth: {method: none}\nsettings: {base_url: 'https://example.com', headers: {Private-Token: %s}}",
		"query":    "auth: {method: none}\nsettings: {base_url: 'https://example.com', test_path: '/?api_key=%s'}",
		"setting":  "auth: {method: none}\nsettings: {base_url: 'https://example.com', password: %s}",
		"unknown":  "password: %s\nauth: {method: none}",
		"kind":     "auth: %s",
		"not YAML": "auth: {method: [%s",
	} {
		token := w.secrets.add("token in a file: "+name, "ghp_canary"+strings.ReplaceAll(name, " ", "")+"0123456789abcdefghijklmnop")
		run(2, fmt.Sprintf(text, token), "create", "--name", "Mistake", "--from", "-", "--no-secret")
		run(2, fmt.Sprintf(text, token), "edit", "file", "--from", "-")
	}
	run(2, "name: "+w.secrets.add("token as a name", "ghp_canaryname0123456789abcdefghijklmnop")+"\nauth: {method: none}\nsettings: {base_url: 'https://example.com'}",
		"create", "--from", "-")

	for status, code := range map[int]int{http.StatusBadRequest: 1, http.StatusForbidden: 3} {
		w.front.Intercept(func(r *http.Request) bool { return r.Method == http.MethodPut || r.Method == http.MethodPost }, repeats(status))
		run(code, by("a Vault that repeats it"), "rotate", "stdin", "--secret-stdin")
		w.front.Pass()
	}
}

// repeats answers as Vault does, with all that it was sent.
func repeats(status int) http.HandlerFunc {
	return func(out http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			status = http.StatusRequestEntityTooLarge
		}
		out.Header().Set("Content-Type", "application/json")
		out.WriteHeader(status)
		_, _ = fmt.Fprintf(out, `{"errors":[%q,%q]}`, raw, r.Header.Get("X-Vault-Token"))
	}
}

// echoes uses connections at a target that repeats the credential.
func (w *world) echoes(connections ...string) {
	w.Helper()
	for _, id := range connections {
		request := fmt.Sprintf("%s-%d", id, w.bus.Clock().Now().UnixNano())
		w.ask(request, id, "/echo")
		w.masked(w.ends(request, events.ActionCompleted))
	}
}

// signIns are accounts that sign in, by browser and by code.
func (w *world) signIns(e evidence) {
	w.Helper()
	secret := w.secrets.add("secret of the client that people sign in with", "canary-client/secret+9999")
	w.idp.User(w, "svc", "pw")
	w.idp.Client(w, "signed", testkit.IDPClient{Secret: secret, RedirectURIs: []string{"http://127.0.0.1/callback"}})
	auth := w.oauth("oauth2_refresh_token", "signed")
	auth.AuthorizeURL, auth.DeviceURL, auth.Scopes = w.idp.AuthorizeURL(), w.idp.DeviceURL(), []string{"openid", "offline", "api"}
	w.connect("signed", auth, map[string]any{"client_secret": secret})
	env := w.person()
	w.signIn(e, env, `(http://127\.0\.0\.1:\d+/connect/\S+)`, func(link string) {
		open := w.browser()
		page := open(link)
		to := regexp.MustCompile(`href="(` + regexp.QuoteMeta(w.idp.Address) + `[^"]*)"`).FindStringSubmatch(page)
		if to == nil {
			w.Fatal("the page leads nowhere")
		}
		back := w.idp.SignIn(w, html.UnescapeString(to[1]), "svc", "pw")
		w.secrets.add("authorization code", back.Query().Get("code"))
		e.add("pages of a sign-in", []byte(page))
		e.add("pages of a sign-in", []byte(open(back.String())))
	})
	w.signIn(e, env, `type the code (\S+)`, func(code string) { w.idp.AllowDevice(w, code, "svc", "pw") }, "--device")
}

// signIn runs holdfast connections authorize, does what it asks for, and uses what came of it.
func (w *world) signIn(e evidence, env []string, asks string, do func(string), more ...string) {
	w.Helper()
	args := append([]string{"connections", "authorize", "signed", "--tenant", tenant, "--actor", "ann", "--no-browser", "--json"}, more...)
	cmd := exec.CommandContext(w.Context(), w.binary, args...)
	cmd.Env = env
	var stdout strings.Builder
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.Fatal(err)
	}
	lines, asked := bufio.NewScanner(stderr), regexp.MustCompile(asks)
	for lines.Scan() {
		e.add("CLI stderr", lines.Bytes())
		if m := asked.FindStringSubmatch(lines.Text()); m != nil {
			e.process(w, cmd.Process.Pid)
			do(m[1])
		}
	}
	if err := cmd.Wait(); err != nil {
		w.Fatalf("%v: %v", args, err)
	}
	e.add("CLI stdout", []byte(stdout.String()))
	w.echoes("signed")
	w.whatIsStored("signed")
	w.whatWasWritten("signed")
}

// browser keeps cookies, and gives the pages that it opens.
func (w *world) browser() (open func(string) string) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	client := &http.Client{Jar: jar, Transport: &http.Transport{DisableKeepAlives: true}}
	return func(address string) string {
		w.Helper()
		req, err := http.NewRequestWithContext(w.Context(), http.MethodGet, address, http.NoBody)
		if err != nil {
			w.Fatal(err)
		}
		resp, err := client.Do(req)
		if err != nil {
			w.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		for _, cookie := range jar.Cookies(resp.Request.URL) {
			w.secrets.add("a cookie of the sign-in", cookie.Value)
		}
		raw, err := io.ReadAll(resp.Body)
		if err != nil {
			w.Fatal(err)
		}
		return string(raw)
	}
}
