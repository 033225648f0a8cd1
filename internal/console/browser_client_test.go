package console_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
)

// agent is a browser without a screen: it keeps cookies and follows redirects, but not to the provider.
type agent struct {
	*world

	http *http.Client
	// sites is what it says of where a request comes from.
	origin string
}

// page is what it was shown.
type page struct {
	status int
	text   string
	at     *url.URL
	header http.Header
}

func (w *world) agent() *agent {
	w.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.Fatal(err)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	a := &agent{world: w, origin: w.console.URL}
	a.http = &http.Client{Jar: jar, Transport: transport, CheckRedirect: func(next *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(next.URL.String(), w.idp.Address) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
	return a
}

func (a *agent) get(address string) page { a.Helper(); return a.do(http.MethodGet, address, nil) }

func (a *agent) do(method, address string, form url.Values) page {
	a.Helper()
	if strings.HasPrefix(address, "/") {
		address = a.console.URL + address
	}
	req, err := http.NewRequestWithContext(a.Context(), method, address, strings.NewReader(form.Encode()))
	if err != nil {
		a.Fatal(err)
	}
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Origin", a.origin)
	}
	resp, err := a.http.Do(req)
	if err != nil {
		a.Fatal(err)
	}
	raw, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		a.Fatal(err)
	}
	at := resp.Request.URL
	if to, err := resp.Location(); err == nil {
		at = to
	}
	return page{status: resp.StatusCode, text: string(raw), at: at, header: resp.Header}
}

// href is where an element with this id leads.
func (p page) href(id string) string {
	m := regexp.MustCompile(`id="` + id + `" href="([^"]*)"`).FindStringSubmatch(p.text)
	if m == nil {
		return ""
	}
	return html.UnescapeString(m[1])
}

// says tells whether the page's text, without markup, holds all words.
func (p page) says(words ...string) bool {
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(p.text, " "))
	text = strings.Join(strings.Fields(text), " ")
	for _, word := range words {
		if !strings.Contains(text, word) {
			return false
		}
	}
	return true
}

// expect holds a page to its status and its words.
func (a *agent) expect(p page, status int, words ...string) page {
	a.Helper()
	if p.status != status || !p.says(words...) {
		a.Fatalf("at %s: got %d, want %d with %q:\n%s", p.at.Path, p.status, status, words, p.text)
	}
	return p
}

// follow opens a link and gives the provider's address that it offers.
func (a *agent) follow(link string) string {
	a.Helper()
	to := a.expect(a.get(link), http.StatusOK).href("go")
	if !strings.HasPrefix(to, a.idp.Address) {
		a.Fatalf("the page leads to %q", to)
	}
	return to
}

// enter signs in to the console.
func (a *agent) enter(user string) page {
	a.Helper()
	at := a.get("/").at.String()
	return a.get(a.idp.SignIn(a, at, user, password).String())
}
