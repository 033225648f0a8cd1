package httpc

import (
	"errors"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of a path: its length in bytes, and how often it may be escaped over again.
const (
	maxPath     = 8 << 10
	maxEscapes  = 8
	notInAPath  = `?#\`
	notInABase  = "the base URL has the form https://host/path, without user, query and fragment"
	outsidePath = "the path leads out of the base URL"
)

// parseBase reads a base URL. It comes back without a trailing slash.
func parseBase(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "", u.Opaque != "",
		u.User != nil, strings.ContainsAny(s, notInAPath):
		return nil, errors.New(notInABase)
	}
	if u.EscapedPath() != "" {
		if err := checkPath(u.EscapedPath()); err != nil {
			return nil, err
		}
	}
	return url.Parse(u.Scheme + "://" + u.Host + strings.TrimRight(u.EscapedPath(), "/"))
}

// join puts an escaped path below a base URL from parseBase. The error says what is wrong without repeating
// the path.
func join(base *url.URL, path string) (*url.URL, error) {
	if path == "" {
		u := *base
		return &u, nil
	}
	if err := checkPath(path); err != nil {
		return nil, err
	}
	u, err := url.Parse(base.Scheme + "://" + base.Host + base.EscapedPath() + path)
	if err != nil || !inside(base, u) || u.User != nil || u.RawQuery != "" || u.ForceQuery || u.Fragment != "" {
		return nil, errors.New(outsidePath)
	}
	return u, nil
}

// inside tells whether u is at the base URL's origin and at or below its path. u may have a query.
func inside(base, u *url.URL) bool {
	if u.Scheme != base.Scheme || !strings.EqualFold(u.Hostname(), base.Hostname()) || port(u) != port(base) {
		return false
	}
	path, root := u.EscapedPath(), base.EscapedPath()
	if path != root && !strings.HasPrefix(path, root+"/") {
		return false
	}
	return path == "" || checkSegments(path) == nil
}

// port is the port in effect.
func port(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Port()
	case u.Scheme == "https":
		return "443"
	}
	return "80"
}

func checkPath(path string) error {
	switch {
	case len(path) > maxPath:
		return errors.New("the path is too long")
	case path[0] != '/' || strings.HasPrefix(path, "//"):
		return errors.New("the path begins with exactly one slash")
	case strings.ContainsAny(path, notInAPath):
		return errors.New("the path holds a query, a fragment or a backslash")
	}
	if _, err := url.PathUnescape(path); err != nil {
		return errors.New("the path holds an incomplete escape")
	}
	return checkSegments(path)
}

// checkSegments undoes escapes until none is left, because some server on the way may undo one more than
// the next, and refuses what would climb at any level.
func checkSegments(path string) error {
	for range maxEscapes {
		if !utf8.ValidString(path) || strings.ContainsFunc(path, isControl) || strings.Contains(path, `\`) {
			return errors.New("the path holds a control character, a backslash or text that is not UTF-8")
		}
		for segment := range strings.SplitSeq(path, "/") {
			name, _, _ := strings.Cut(segment, ";") // servers drop parameters: /..;x/
			if name = strings.TrimSpace(name); name == "." || name == ".." {
				return errors.New(outsidePath)
			}
		}
		plain := unescapeOnce(path)
		if plain == path {
			return nil
		}
		path = plain
	}
	return errors.New("the path is escaped too many times over")
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }

// unescapeOnce decodes what is a complete escape and leaves the rest as it is.
func unescapeOnce(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) {
			if c, err := url.PathUnescape(s[i : i+3]); err == nil {
				out.WriteString(c)
				i += 2
				continue
			}
		}
		out.WriteByte(s[i])
	}
	return out.String()
}
