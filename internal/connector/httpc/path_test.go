package httpc

import (
	"net/url"
	"path"
	"strings"
	"testing"
)

var badPaths = []string{
	"x", "//other/x", "http://other/", "/..", "/../x", "/a/../../x", "/.", "/a/./b", "/%2e%2e/x", "/%2E./x", "/.%2e",
	"/..%2fx", "/..%5cx", `/..\x`, `\\host`, "/a%5c..%5cb", "/%252e%252e/x", "/%25252e%25252e%25252fx",
	"/..;a=b/x", "/%2e%2e;/x", "/a?x=1", "/a#f", "/a%00b", "/a\x00b", "/a\nb", "/%0d%0aX: y", "/%", "/%2", "/%zz",
	"/%c0%ae%c0%ae/x", "/%ff", "/.. /x", "/%20../x", "/%25252525252525252525252e",
	"/" + strings.Repeat("a", maxPath),
}

var goodPaths = map[string]string{
	"":                         "https://h/api",
	"/":                        "https://h/api/",
	"/a/b":                     "https://h/api/a/b",
	"/a%20b":                   "https://h/api/a%20b",
	"/group%2Fproject":         "https://h/api/group%2Fproject",
	"/100%25":                  "https://h/api/100%25",
	"/users/@me":               "https://h/api/users/@me",
	"/a..b/...":                "https://h/api/a..b/...",
	"/list;v=1/x":              "https://h/api/list;v=1/x",
	"/ä":                       "https://h/api/%C3%A4",
	"/_api/web/lists('a%20b')": "https://h/api/_api/web/lists('a%20b')",
	"/redirect/http://other/x": "https://h/api/redirect/http://other/x",
}

func TestC3_APathCannotLeaveTheBaseURL(t *testing.T) {
	base, err := parseBase("https://h/api/")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range badPaths {
		if u, err := join(base, p); err == nil {
			t.Errorf("%q became %s", p, u)
		}
	}
	for p, want := range goodPaths {
		if u, err := join(base, p); err != nil || u.String() != want {
			t.Errorf("%q became %v, %v, want %s", p, u, err, want)
		}
	}
}

func TestInside(t *testing.T) {
	for _, base := range []string{"https://h/api", "https://h:443/api"} {
		b, err := parseBase(base)
		if err != nil {
			t.Fatal(err)
		}
		for to, want := range map[string]bool{
			"https://h/api": true, "https://h/api/x?y=z": true, "https://H:443/api/": true,
			"http://h/api": false, "https://h:8443/api": false, "https://h.evil/api": false, "https://h/apix": false,
			"https://h/": false, "https://h/api/../x": false, "https://h/api/%2e%2e/x": false,
		} {
			u, err := url.Parse(to)
			if err != nil {
				t.Fatal(err)
			}
			if got := inside(b, u); got != want {
				t.Errorf("%s in %s: %v", to, base, got)
			}
		}
	}
}

func FuzzJoin(f *testing.F) {
	for _, p := range badPaths {
		f.Add(p)
	}
	for p := range goodPaths {
		f.Add(p)
	}
	base, err := parseBase("https://h:8443/api/v1")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, p string) {
		u, err := join(base, p)
		if err != nil {
			return
		}
		again, err := url.Parse(u.String())
		if err != nil {
			t.Fatalf("%q made %q, which is no URL", p, u)
		}
		if again.Scheme != "https" || again.Host != "h:8443" || again.User != nil || again.RawQuery != "" || again.Fragment != "" {
			t.Fatalf("%q left the origin: %s", p, u)
		}
		for text := again.EscapedPath(); ; {
			if clean := path.Clean(strings.ReplaceAll(text, `\`, "/")); clean != "/api/v1" && !strings.HasPrefix(clean, "/api/v1/") {
				t.Fatalf("%q left the base path: %s is %s", p, u, clean)
			}
			plain, err := url.PathUnescape(text)
			if err != nil || plain == text {
				return
			}
			text = plain
		}
	})
}
