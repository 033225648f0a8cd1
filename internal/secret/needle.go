package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"slices"
)

// needle is one spelling of a secret to look for, letters in lower case.
type needle struct {
	text []byte
	// before and after are how many characters on either side carry bits of the secret beside bits of
	// something else; only Base64 has them.
	before, after int
}

// needlesOf lists what to look for in decoded text: the secret, its hexadecimal and its Base64 spellings,
// each also decoded itself, because a secret may contain what looks like an escape.
func needlesOf(s string) []needle {
	forms := []needle{{text: []byte(s)}, {text: []byte(hex.EncodeToString([]byte(s)))}}
	for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			forms = append(forms, base64Core(enc, s, shift))
		}
	}
	var out []needle
	for _, f := range forms {
		v := newView(f.text)
		for range levels + 1 {
			out = add(out, needle{v.text, f.before, f.after})
			next, changed, _ := v.decode(allSchemes)
			if !changed {
				break
			}
			v = next
		}
	}
	return out
}

func add(all []needle, n needle) []needle {
	same := func(o needle) bool { return bytes.Equal(o.text, n.text) }
	if len(n.text) < shortest || slices.ContainsFunc(all, same) {
		return all
	}
	return append(all, n)
}

// base64Core is the part of a Base64 text that depends on s alone when s begins shift bytes after a
// multiple of three (RFC 4648 section 4: three bytes make four characters of six bits).
func base64Core(enc *base64.Encoding, s string, shift int) needle {
	text := enc.EncodeToString(append(make([]byte, shift), s...))
	first := (8*shift + 5) / 6
	last := 8 * (shift + len(s)) / 6
	n := needle{text: []byte(text[first:last]), after: len(text) - last}
	if 8*shift%6 != 0 {
		n.before = 1
	}
	return n
}
