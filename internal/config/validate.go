package config

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"
)

// validate checks what the tags say of single settings, then what settings ask of each other.
func (l *loader) validate(vault bool) {
	for _, s := range l.settings {
		l.checkBounds(s)
		l.checkWords(s)
		l.checkFile(s)
	}
	c := &l.loaded.Config
	l.checkNATS(c.NATS)
	l.checkVault(c.Vault)
	if vault {
		l.checkAuth(c.Vault.Auth)
	}
	l.checkDurations(c)
	l.checkAddresses(c)
	l.checkConsole(c.Console)
	l.checkLog(c.Log)
}

// wrong notes a problem with a setting at the place where its value came from.
func (l *loader) wrong(path, text, hint string) {
	l.problem(l.loaded.origins[path].Place, path, text, hint)
}

func (l *loader) checkBounds(s setting) {
	least, most := s.tag.Get("min"), s.tag.Get("max")
	if least != "" && compare(s, least) < 0 {
		l.wrong(s.path, "is "+s.text()+", too small", "at least "+least)
	}
	if most != "" && compare(s, most) > 0 {
		l.wrong(s.path, "is "+s.text()+", too large", "at most "+most)
	}
}

// compare orders the setting's value and a bound of its own type.
func compare(s setting, bound string) int {
	b := reflect.New(s.target.Type()).Elem()
	if err := parse(b, bound); err != nil {
		panic("config: bound of " + s.path + ": " + err.Error())
	}
	if b.CanFloat() {
		return cmp.Compare(s.target.Float(), b.Float())
	}
	return cmp.Compare(s.target.Int(), b.Int())
}

func (l *loader) checkWords(s setting) {
	words := s.tag.Get("oneof")
	if words == "" {
		return
	}
	known := strings.Split(words, ",")
	if !slices.Contains(known, s.target.String()) {
		hint := didYouMean(s.target.String(), known)
		if hint == "" {
			hint = "one of " + strings.Join(known, ", ")
		}
		l.wrong(s.path, "is none of the words known here", hint)
	}
}

// checkFile refuses files that are not there now, rather than in the middle of the night. Secrets' files
// have been read before.
func (l *loader) checkFile(s setting) {
	secret, twin := byPath(l.settings, strings.TrimSuffix(s.path, fileSuffix))
	if !strings.HasSuffix(s.path, fileSuffix) || s.text() == "" || (twin && secret.secret()) {
		return
	}
	f, err := os.Open(s.text())
	if err != nil {
		l.wrong(s.path, "the file can not be read: "+cause(err), "check the path and the rights of "+s.text())
		return
	}
	_ = f.Close()
}

func (l *loader) checkNATS(n NATS) {
	l.checkURLs(n.URLs)
	l.checkTLS("nats.tls", n.TLS)
	l.exclusive([]string{"nats.creds_file", "nats.nkey_file", "nats.user", "nats.token"})
	if n.User == "" && !n.Password.Empty() {
		l.wrong("nats.password", "there is a password and no user", "set nats.user")
	}
	if !inboxPrefix.MatchString(n.InboxPrefix) {
		l.wrong("nats.inbox_prefix", "is no subject prefix", "tokens of letters, digits, _ and -, joined by dots")
	}
}

var inboxPrefix = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

func (l *loader) checkURLs(urls []string) {
	if len(urls) == 0 {
		l.wrong("nats.urls", "no server is named", "such as nats://127.0.0.1:4222")
	}
	for _, text := range urls {
		u, err := url.Parse(text)
		switch {
		case err != nil || u.Host == "" || !slices.Contains([]string{"nats", "tls", "ws", "wss"}, u.Scheme):
			l.wrong("nats.urls", "a server's URL can not be read", "such as nats://host:4222 or tls://host:4222")
		case u.User != nil:
			l.wrong("nats.urls", "a URL holds a user name or a password", "use nats.user and nats.password_file")
		}
	}
}

// exclusive refuses more than one way to log in.
func (l *loader) exclusive(paths []string) {
	var set []string
	for _, path := range paths {
		if s, ok := byPath(l.settings, path); ok && s.text() != "" {
			set = append(set, path)
		}
	}
	if len(set) > 1 {
		l.wrong(set[1], "there is more than one way to log in: "+strings.Join(set, ", "), "keep one")
	}
}

func (l *loader) checkTLS(section string, t TLS) {
	if (t.CertFile == "") != (t.KeyFile == "") {
		l.wrong(section+".cert_file", "a client certificate needs both, cert_file and key_file", "set the other one")
	}
}

func (l *loader) checkVault(v Vault) {
	l.checkWebURL("vault.address", v.Address)
	l.checkTLS("vault.tls", v.TLS)
	l.checkPath("vault.mount", v.Mount)
	l.checkPath("vault.prefix", v.Prefix)
}

func (l *loader) checkPath(path, text string) {
	if text == "" || strings.Trim(text, "/") != text || strings.Contains(text, "..") {
		l.wrong(path, "is no path", "names joined by slashes, none at the ends")
	}
}

func (l *loader) checkAuth(a Auth) {
	need := map[string][]string{
		"token":      {"vault.auth.token"},
		"token_file": {"vault.auth.token_file"},
		"approle":    {"vault.auth.role_id", "vault.auth.secret_id"},
		"kubernetes": {"vault.auth.role"},
		"jwt":        {"vault.auth.role", "vault.auth.jwt_file"},
	}
	for _, path := range need[a.Method] {
		if s, ok := byPath(l.settings, path); ok && s.text() == "" {
			l.wrong(path, "is missing: method "+a.Method+" needs it", "set "+howToSet(l.settings, s))
		}
	}
}

// howToSet names the setting's variable; for a secret its twin's, for that is the better way.
func howToSet(all []setting, s setting) string {
	if twin, ok := byPath(all, s.path+fileSuffix); ok && s.secret() {
		return twin.path + " or " + twin.env()
	}
	return s.path + " or " + s.env()
}

func (l *loader) checkWebURL(path, text string) {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		l.wrong(path, "is no address", "such as https://host:port")
	case u.User != nil || u.RawQuery != "":
		l.wrong(path, "the address holds a user, a password or a query", "write scheme, host, port and path alone")
	}
}

func (l *loader) checkDurations(c *Config) {
	l.notLess("worker.backoff_max", c.Worker.BackoffMax, "worker.backoff_base", c.Worker.BackoffBase)
	l.notLess("suspension.max", c.Suspension.Max, "suspension.default", c.Suspension.Default)
	l.notLess("retention.outcomes", c.Retention.Outcomes, "retention.actions", c.Retention.Actions)
	for _, text := range c.Connections.AnnounceEnds {
		if d, err := time.ParseDuration(text); err != nil || d <= 0 {
			l.wrong("connections.announce_ends", "an entry is no time ahead of an end", "such as 336h, 72h or 24h")
		}
	}
}

func (l *loader) notLess(path string, v time.Duration, thanPath string, than time.Duration) {
	if v < than {
		l.wrong(path, fmt.Sprintf("is %s, less than %s", shortDuration(v), thanPath), "at least "+shortDuration(than))
	}
}

func (l *loader) checkAddresses(c *Config) {
	for _, text := range c.HTTP.AllowAddresses {
		if !validAddress(text) {
			l.wrong("http.allow_addresses", "an entry is neither network, address nor host name",
				"such as 10.1.0.0/16, 127.0.0.1 or crm.internal")
		}
	}
	if c.Listen.Metrics != "" {
		if _, port, err := net.SplitHostPort(c.Listen.Metrics); err != nil || port == "" {
			l.wrong("listen.metrics", "is no address to listen on", "such as 127.0.0.1:9464 or :9464")
		}
	}
	if c.Tracing.OTLPEndpoint != "" {
		l.checkWebURL("tracing.otlp_endpoint", c.Tracing.OTLPEndpoint)
	}
}

var hostName = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?)*$`)

func validAddress(text string) bool {
	if _, err := netip.ParsePrefix(text); err == nil {
		return true
	}
	if _, err := netip.ParseAddr(text); err == nil {
		return true
	}
	return hostName.MatchString(text)
}
