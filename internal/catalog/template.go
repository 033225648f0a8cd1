package catalog

import (
	"errors"
	"net/url"
	"regexp"
	"strings"
)

// place is where in an address a setting stands; it says how its value is written.
type place int

const (
	inText     place = iota // no address: as it is
	inHost                  // part of a host name
	asHost                  // a whole host, perhaps with a port
	inPath                  // one segment
	inSegments              // segments, with their slashes
	inQuery
	asURL // the whole address
)

// part is literal text, or a setting.
type part struct {
	literal, setting string
	place            place
}

// template is text with settings in it, split once.
type template struct{ parts []part }

var holes = regexp.MustCompile(`\{(\+?)([a-z][a-z0-9_]*)\}`)

// parseText reads a template that is no address.
func parseText(s string) (template, error) {
	return parse(s, func(string, string, string) place { return inText })
}

// parseURL reads a template of an absolute address.
func parseURL(s string) (template, error) {
	scheme, _, absolute := strings.Cut(s, "://")
	whole := holes.FindString(s) == s
	if !whole && (!absolute || scheme != "https" && scheme != "http") {
		return template{}, errors.New("is no https or http address, and no setting alone")
	}
	return parse(s, func(before, hole, after string) place {
		if whole {
			return asURL
		}
		before = strings.TrimPrefix(before, scheme+"://")
		if strings.ContainsAny(before, "/?") {
			return pathPlace(before, hole)
		}
		if before == "" && (after == "" || after[0] == '/') {
			return asHost
		}
		return inHost
	})
}

// parsePath reads a template of a path, perhaps with a query.
func parsePath(s string) (template, error) {
	if !strings.HasPrefix(s, "/") {
		return template{}, errors.New("does not begin with a slash")
	}
	return parse(s, func(before, hole, _ string) place { return pathPlace(before, hole) })
}

func pathPlace(before, hole string) place {
	switch {
	case strings.Contains(before, "?"):
		return inQuery
	case strings.HasPrefix(hole, "{+"):
		return inSegments
	default:
		return inPath
	}
}

func parse(s string, where func(before, hole, after string) place) (template, error) {
	var t template
	at := 0
	literal := func(text string) error {
		if strings.ContainsAny(text, "{}") {
			return errors.New("holds a brace that is no {setting}")
		}
		if text != "" {
			t.parts = append(t.parts, part{literal: text})
		}
		return nil
	}
	for _, m := range holes.FindAllStringSubmatchIndex(s, -1) {
		if err := literal(s[at:m[0]]); err != nil {
			return t, err
		}
		at = m[1]
		t.parts = append(t.parts, part{setting: s[m[4]:m[5]], place: where(s[:m[0]], s[m[0]:m[1]], s[at:])})
	}
	return t, literal(s[at:])
}

// badValueError is a setting whose value can not stand where a template has it.
type badValueError struct{ setting, why string }

func (e *badValueError) Error() string { return e.setting + " " + e.why }

// expand writes the settings' values into the template. An error is a *badValueError.
func (t template) expand(values map[string]string) (string, error) {
	if len(t.parts) == 1 && t.parts[0].setting == "" {
		return t.parts[0].literal, nil
	}
	var b strings.Builder
	for _, p := range t.parts {
		if p.setting == "" {
			text := p.literal
			if strings.HasSuffix(b.String(), "/") { // the segments before it were empty
				text = strings.TrimPrefix(text, "/")
			}
			b.WriteString(text)
			continue
		}
		text, why := write(values[p.setting], p.place)
		if why != "" {
			return "", &badValueError{p.setting, why}
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

var (
	hostPart  = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
	wholeHost = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?$`)
)

// write is a value as it is written at a place, or why it can not be.
func write(value string, at place) (text, why string) {
	if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return "", "holds a control character"
	}
	switch at {
	case inHost:
		return value, unless(hostPart.MatchString(value), "is no part of a host name")
	case asHost:
		return value, unless(wholeHost.MatchString(value), "is no host name")
	case inPath:
		return url.PathEscape(value), unless(value != "" && value != "." && value != "..", "is empty, or leads out of the address")
	case inSegments:
		return segments(value)
	case inQuery:
		return url.QueryEscape(value), ""
	case asURL:
		u, err := url.Parse(value)
		return value, unless(err == nil && u.Host != "" && u.User == nil && (u.Scheme == "https" || u.Scheme == "http"),
			"is no https or http address without a user name")
	default:
		return value, ""
	}
}

func unless(ok bool, why string) string {
	if ok {
		return ""
	}
	return why
}

// segments escapes what is between slashes; slashes at the ends, and doubled ones, are left out.
func segments(value string) (text, why string) {
	var out []string
	for s := range strings.SplitSeq(value, "/") {
		switch s {
		case "":
		case ".", "..":
			return "", "leads out of the address"
		default:
			out = append(out, url.PathEscape(s))
		}
	}
	return strings.Join(out, "/"), ""
}
