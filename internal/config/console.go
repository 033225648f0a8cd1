package config

import (
	"net"
	"net/url"
)

// minKey is as many characters as bytes are in the keys that are made from it.
const minKey = 32

func (l *loader) checkConsole(c Console) {
	host, port, err := net.SplitHostPort(c.Listen)
	switch {
	case err != nil || port == "":
		l.wrong("console.listen", "is no address to listen on", "such as 127.0.0.1:8092 or :8092")
	case c.URL == "" && !thisMachine(host): // it would be plain http
		l.wrong("console.url", "is missing, and browsers elsewhere can reach the console", "set console.url, or listen on 127.0.0.1 alone")
	}
	if !c.Key.Empty() && len(c.Key.Reveal()) < minKey {
		l.wrong("console.key", "is shorter than 32 characters", "openssl rand -base64 48 > console.key, and set console.key_file")
	}
	if c.URL != "" {
		l.checkConsoleURL(c.URL)
	}
	l.checkSignIn(c)
}

// checkConsoleURL holds browsers to https: cookies and codes travel there.
func (l *loader) checkConsoleURL(text string) {
	l.checkWebURL("console.url", text)
	u, err := url.Parse(text)
	if err != nil {
		return
	}
	if u.Path != "" && u.Path != "/" {
		l.wrong("console.url", "has a path, and the console is at the root of its host", "write scheme and host alone")
	}
	if u.Scheme == "http" && !thisMachine(u.Hostname()) {
		l.wrong("console.url", "is plain http", "https://…: what people sign in with must not be readable on the way")
	}
}

func thisMachine(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (l *loader) checkSignIn(c Console) {
	if c.Issuer == "" {
		return
	}
	l.checkWebURL("console.issuer", c.Issuer)
	if c.ClientID == "" {
		l.wrong("console.client_id", "is missing: console.issuer needs it", "set console.client_id or HOLDFAST_CONSOLE_CLIENT_ID")
	}
	if (c.Tenant == "") == (c.TenantClaim == "") {
		l.wrong("console.tenant", "either console.tenant or console.tenant_claim says whose tenant a person is of", "set one of the two")
	}
}
