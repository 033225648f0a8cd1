package secretscan

import (
	"encoding/base64"
	"net/url"
	"regexp"
	"strings"
)

// A shape is one kind of secret. The literal is looked for first, because searching for a literal is a
// hundred times cheaper than a pattern, and almost no string has one. Before that, one look at the string
// tells for all shapes whether it has the one byte that each can not be without.
type shape struct {
	literal string
	pattern *regexp.Regexp
	needs   byte
}

// bytesOf is the set of bytes that a string has.
func bytesOf(s string) (set [256]bool) {
	for i := range len(s) {
		set[s[i]] = true
	}
	return set
}

// everywhere are secrets wherever they stand, also in a customer's own data.
var everywhere = []shape{
	{"PRIVATE KEY", regexp.MustCompile(`-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----`), ' '},
	{"hvs.", regexp.MustCompile(`\bhvs\.[A-Za-z0-9_-]{20,}`), '.'},
	{"hvb.", regexp.MustCompile(`\bhvb\.[A-Za-z0-9_-]{20,}`), '.'},
	{"hvr.", regexp.MustCompile(`\bhvr\.[A-Za-z0-9_-]{20,}`), '.'},
	{"s.", regexp.MustCompile(`(^|[^A-Za-z0-9_.-])s\.[A-Za-z0-9]{24}([^A-Za-z0-9_.-]|$)`), '.'}, // Vault before 1.10
}

// references are secrets where only references belong.
var references = append([]shape{
	{"eyJ", regexp.MustCompile(`\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*`), '.'}, // JWT
	{"ghp_", regexp.MustCompile(`\bghp_[A-Za-z0-9]{30,}`), '_'},
	{"gho_", regexp.MustCompile(`\bgho_[A-Za-z0-9]{30,}`), '_'},
	{"ghs_", regexp.MustCompile(`\bghs_[A-Za-z0-9]{30,}`), '_'},
	{"github_pat_", regexp.MustCompile(`\bgithub_pat_[A-Za-z0-9_]{20,}`), '_'},
	{"glpat-", regexp.MustCompile(`\bglpat-[A-Za-z0-9_-]{16,}`), '-'},
	{"xox", regexp.MustCompile(`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`), '-'},
	{"AKIA", regexp.MustCompile(`\bAKIA[0-9A-Z]{16}\b`), 'A'},
	{"ASIA", regexp.MustCompile(`\bASIA[0-9A-Z]{16}\b`), 'A'},
	{"sk_live_", regexp.MustCompile(`\bsk_live_[A-Za-z0-9]{10,}`), '_'},
	{"rk_live_", regexp.MustCompile(`\brk_live_[A-Za-z0-9]{10,}`), '_'},
}, everywhere...)

// shortest is the length below which no string matches any shape.
const shortest = 12

func anyShape(s string, shapes []shape) bool {
	if len(s) < shortest {
		return false
	}
	has := bytesOf(s)
	for _, shape := range shapes {
		if has[shape.needs] && strings.Contains(s, shape.literal) && shape.pattern.MatchString(s) {
			return true
		}
	}
	return false
}

// everywhereSecret tells whether s holds a private key or a Vault token.
func everywhereSecret(s string) bool { return anyShape(s, everywhere) }

// LooksSecret tells whether a string holds something that looks like a secret: see the package's rule.
func LooksSecret(s string) bool {
	return anyShape(s, references) || schemeSecret(s) || passwordURL(s)
}

// Words follow a scheme too ("Basic authentication", "Bearer connection"), so a bearer token is told by its
// length or by a digit in it, and Basic by decoding to user:password.
var schemes = regexp.MustCompile(`(?i)\b(?:bearer|basic)(?:\s|%20|\+)+[A-Za-z0-9._~+/-]{6,}=*`)

func schemeSecret(s string) bool {
	if len(s) < shortest || !containsFold(s, "bearer") && !containsFold(s, "basic") {
		return false
	}
	for _, match := range schemes.FindAllString(s, maxMatches) {
		if credentials(match) {
			return true
		}
	}
	return false
}

const maxMatches = 64

func credentials(match string) bool {
	cut := strings.LastIndexAny(match, " \t\r\n")
	if cut < 0 {
		cut = strings.IndexAny(match, "%+")
		if cut < 0 {
			return false
		}
	}
	value := strings.TrimLeft(strings.TrimPrefix(match[cut:], "%20"), " \t\r\n+")
	if containsFold(match[:cut], "basic") {
		return decodesToPair(value)
	}
	return len(value) >= 20 || len(value) >= 8 && strings.ContainsAny(value, "0123456789")
}

func decodesToPair(value string) bool {
	pair, err := base64.RawStdEncoding.DecodeString(strings.TrimRight(value, "="))
	return err == nil && strings.Contains(string(pair), ":")
}

// passwordURL tells whether s holds a URL whose authority carries a password (RFC 3986 section 3.2.1).
func passwordURL(s string) bool {
	for rest := s; ; {
		at := strings.Index(rest, "://")
		if at < 0 {
			return false
		}
		rest = rest[at+len("://"):]
		authority := rest
		if end := strings.IndexAny(rest, "/?# \t\r\n\"'<>"); end >= 0 {
			authority = rest[:end]
		}
		user, _, has := cutLast(authority, "@")
		if _, password, colon := strings.Cut(user, ":"); has && colon && filled(password) {
			return true
		}
	}
}

// secretQuery tells whether s holds a URL or a path whose query gives a value to a name that names a secret.
func secretQuery(s string) bool {
	_, query, found := strings.Cut(s, "?")
	for found && query != "" {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		name, value, _ := strings.Cut(pair, "=")
		if plain, err := url.QueryUnescape(name); err == nil && value != "" && NamesSecret(plain) {
			return true
		}
	}
	return false
}

func filled(password string) bool {
	plain, err := url.PathUnescape(password)
	return password != "" && (err != nil || plain != "")
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// containsFold is strings.Contains for an ASCII lower-case word in any case.
func containsFold(s, word string) bool {
	for i := 0; i+len(word) <= len(s); i++ {
		if s[i]|0x20 == word[0] && strings.EqualFold(s[i:i+len(word)], word) {
			return true
		}
	}
	return false
}
