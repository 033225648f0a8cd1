package secret

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"

	"go.uber.org/goleak"
	"pgregory.net/rapid"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// spellings are the ways in which peers are known to repeat a value.
var spellings = map[string]func(string) string{
	"raw":            func(s string) string { return s },
	"upper":          upperASCII,
	"query":          url.QueryEscape,
	"query lower":    func(s string) string { return lowerEscapes(url.QueryEscape(s)) },
	"path":           url.PathEscape,
	"query twice":    func(s string) string { return url.QueryEscape(url.QueryEscape(s)) },
	"every byte %":   func(s string) string { return eachByte(s, "%%%02x") },
	"json":           jsonEscape,
	"json slashes":   func(s string) string { return strings.ReplaceAll(jsonEscape(s), "/", `\/`) },
	"json unicode":   jsonUnicode,
	"json in json":   func(s string) string { return jsonEscape(jsonEscape(s)) },
	"html":           html.EscapeString,
	"html numeric":   func(s string) string { return eachRune(s, "&#%d;") },
	"html hex":       func(s string) string { return eachRune(s, "&#x%X;") },
	"html in json":   func(s string) string { return jsonEscape(html.EscapeString(s)) },
	"hex":            func(s string) string { return hex.EncodeToString([]byte(s)) },
	"hex upper":      func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	"base64":         func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	"base64 raw":     func(s string) string { return base64.RawStdEncoding.EncodeToString([]byte(s)) },
	"base64 url":     func(s string) string { return base64.URLEncoding.EncodeToString([]byte(s)) },
	"base64 raw url": func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) },
	"base64 in url":  func(s string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(s))) },
}

func upperASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, s)
}

func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], strings.ToLower(string(b[i:i+3])))
		}
	}
	return string(b)
}

func eachByte(s, format string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

func eachRune(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func jsonEscape(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

func jsonUnicode(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r > 0xffff {
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
			continue
		}
		fmt.Fprintf(&b, `\u%04X`, r)
	}
	return b.String()
}

func anySecret() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.StringMatching(`[A-Za-z0-9._~+/=-]{4,60}`),
		rapid.StringMatching(`[ -~]{4,40}`),
		rapid.StringMatching(`[%\\&"u0-9a-f;#x]{4,20}`),
		rapid.StringMatching(`[a-zäöüß€😀"\\/<>&' ]{4,30}`),
	)
}

// survives tells whether a text still holds a spelling of the secret.
func survives(text, form string) bool {
	return len(form) >= shortest && strings.Contains(strings.ToLower(text), strings.ToLower(form))
}

func TestC2_NoSpellingSurvivesMasking(t *testing.T) {
	names := make([]string, 0, len(spellings))
	for name := range spellings {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := anySecret().Draw(t, "secret")
		name := rapid.SampledFrom(names).Draw(t, "spelling")
		form := spellings[name](s)
		before := rapid.SampledFrom([]string{"", "a=", `{"k":"`, "x ", "\n"}).Draw(t, "before")
		after := rapid.SampledFrom([]string{"", "&b=1", `"}`, " y", "\n", "."}).Draw(t, "after")
		m := NewMasker(New(s))
		got := string(m.Mask([]byte(before + form + after + before + form)))
		if want := before + string(m.replacement) + after + before + string(m.replacement); got != want && survives(got, form) {
			t.Fatalf("%s of %q: %q", name, s, got)
		}
		if !strings.Contains(got, string(m.replacement)) && !m.Withholds() {
			t.Fatalf("%s of %q in %q: nothing was masked", name, s, got)
		}
	})
}

func TestC2_Base64AtEveryAlignment(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[ -~]{6,40}`).Draw(t, "secret")
		user := rapid.StringMatching(`[a-z]{0,7}:`).Draw(t, "user")
		more := rapid.StringMatching(`[a-z]{0,7}`).Draw(t, "more")
		got := NewMasker(New(s)).MaskString(base64.StdEncoding.EncodeToString([]byte(user + s + more)))
		i := strings.IndexByte(got, '[')
		if i < 0 {
			t.Fatalf("nothing was masked in %q", got)
		}
		if max := (len(user)*8 + 5) / 6; i > max {
			t.Fatalf("%q begins with bits of the secret: %d characters, at most %d", got, i, max)
		}
	})
}

func TestC2_CutTextEndsInNoPartOfASecret(t *testing.T) {
	names := make([]string, 0, len(spellings))
	for name := range spellings {
		names = append(names, name)
	}
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[A-Z0-9/<"%+]{8,40}`).Draw(t, "secret")
		form := spellings[rapid.SampledFrom(names).Draw(t, "spelling")](s)
		cut := rapid.IntRange(1, len(form)-1).Draw(t, "cut")
		got := string(NewMasker(New(s)).MaskCut([]byte("~~~~" + form[:cut])))
		if strings.HasPrefix(got, "~~~~") && len(got) > 4 && !strings.HasPrefix(got[4:], "[redacted]") {
			t.Fatalf("%q of %q is left", got[4:], form)
		}
	})
}

func TestMaskCut(t *testing.T) {
	m := NewMasker(New("correct horse"), New("horse battery"))
	for in, want := range map[string]string{
		"nothing here.":            "nothing here.",
		"x correct horse":          "x [redacted]",
		"x correct horse batt":     "x [redacted]",
		"x correct ho":             "x ",
		"x correct%20ho":           "x ",
		"x correct%2":              "x ",
		`x correct\u00`:            "x ",
		"x correct horse battery.": "x [redacted].",
		"100%":                     "100",
	} {
		if got := string(m.MaskCut([]byte(in))); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestMask(t *testing.T) {
	tests := []struct {
		name, in, want string
		secrets        []string
	}{
		{"no secrets", "hunter2", "hunter2", nil},
		{"empty secret", "hunter2", "hunter2", []string{""}},
		{"overlapping", "abcdefgh", "[redacted]", []string{"abcdef", "cdefgh"}},
		{"one within another", "x abcdefgh y", "x [redacted] y", []string{"cdef", "abcdefgh"}},
		{"itself", "aaaaaa", "[redacted]", []string{"aaaa"}},
		{"too short", "a long text", Withheld, []string{"xyz", "long enough"}},
		{"the replacement's own word", "is redacted", "is [masked]", []string{"redacted"}},
		{"JSON stays JSON", `{"a":"p\u0061ssword\u003c"}`, `{"a":"[redacted]"}`, []string{"password<"}},
		{"looks like another escape with what follows", `\"\"%0a`, "[redacted]a", []string{`""%0`}},
		{"padding", "c2VjcmV0MQ==", "[redacted]==", []string{"secret1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var values []Value
			for _, s := range tt.secrets {
				values = append(values, New(s))
			}
			if got := NewMasker(values...).MaskString(tt.in); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
	if got := (*Masker)(nil).MaskString("x"); got != "x" {
		t.Errorf("nil masker: %q", got)
	}
}

func TestMaskLeavesItsInputAlone(t *testing.T) {
	in := []byte("the password is hunter22")
	NewMasker(New("hunter22")).Mask(in)
	if string(in) != "the password is hunter22" {
		t.Errorf("changed to %q", in)
	}
}

func BenchmarkMask64KiB(b *testing.B) {
	m := NewMasker(New("correct horse battery"), New(strings.Repeat("eyJhbGciOi.", 100)), New("dXNlcjpjb3JyZWN0"))
	for name, unit := range map[string]string{
		"plain":   `{"id":12345,"name":"a name","note":"some longer note here"},`,
		"escaped": `{"id":12345,"name":"a%20name","note":"\u003cb\u003e+text"},`,
	} {
		body := []byte(strings.Repeat(unit, 64<<10/len(unit)))
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				m.Mask(body)
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			NewMasker(New("correct horse battery"), New(strings.Repeat("eyJhbGciOi.", 100)))
		}
	})
}
