package testkit

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// Sign-ins as a person does them, without a browser.

// SignIn opens an authorization URL, signs in, allows what is asked for, and gives where the provider sends the
// browser then.
func (p *IDP) SignIn(tb testing.TB, authorizeURL, user, password string) *url.URL {
	tb.Helper()
	return p.consent(tb, authorizeURL, url.Values{"username": {user}, "password": {password}, "consent": {"allow"}})
}

// Cancel opens an authorization URL, presses Cancel, and gives where the provider sends the browser then.
func (p *IDP) Cancel(tb testing.TB, authorizeURL string) *url.URL {
	tb.Helper()
	return p.consent(tb, authorizeURL, url.Values{"consent": {"deny"}})
}

func (p *IDP) consent(tb testing.TB, authorizeURL string, form url.Values) *url.URL {
	tb.Helper()
	status, to := p.post(tb, authorizeURL, form)
	if to == nil {
		tb.Fatalf("the provider sends nobody back: status %d", status)
	}
	return to
}

// AllowDevice types a device's code, signs in, and allows what is asked for; without a user it refuses.
func (p *IDP) AllowDevice(tb testing.TB, userCode, user, password string) {
	tb.Helper()
	form := url.Values{"user_code": {userCode}, "username": {user}, "password": {password}, "consent": {"allow"}}
	if user == "" {
		form.Set("consent", "deny")
	}
	if status, _ := p.post(tb, p.Address+"/device", form); status != http.StatusOK {
		tb.Fatalf("the device's code is refused: status %d", status)
	}
}

// post sends a form and follows no redirect: it gives where that leads, nil where there is none.
func (p *IDP) post(tb testing.TB, address string, form url.Values) (status int, to *url.URL) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		tb.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Close = true // no idle connections for leak checks to find
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	to, _ = resp.Location() // none: nil
	return resp.StatusCode, to
}

// Issuer is the provider as ID tokens name it.
func (p *IDP) Issuer() string { return p.Address }

// AuthorizeURL is the authorization endpoint.
func (p *IDP) AuthorizeURL() string { return p.Address + "/authorize" }

// DeviceURL is the device authorization endpoint.
func (p *IDP) DeviceURL() string { return p.Address + "/device_authorization" }
