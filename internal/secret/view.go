package secret

import (
	"bytes"
	"strings"
)

// view is a text after some levels of decoding, in lower case, that knows where each byte came from.
type view struct {
	text []byte
	// source[i] is the range of the original text that text[i] was decoded from; nil at level 0, where
	// every byte is itself.
	source []span
	size   int // of the original text
}

func newView(b []byte) view {
	text := make([]byte, len(b))
	for i, c := range b {
		text[i] = fold(c)
	}
	return view{text: text, size: len(b)}
}

// fold makes ASCII letters lower case and leaves the rest, so that lengths never change.
func fold(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

func (v view) span(i int) span {
	if v.source == nil {
		return span{i, i + 1}
	}
	return v.source[i]
}

// from is where text[i] begins in the original text; its size at the end.
func (v view) from(i int) int {
	if i >= len(v.text) {
		return v.size
	}
	return v.span(i).from
}

// decode undoes one level of escaping, of the escapes that scheme introduces. dangling is the index in text of an escape at the very end that may
// have been cut in two, or the text's length.
func (v view) decode(scheme string) (next view, changed bool, dangling int) {
	dangling = len(v.text)
	if !bytes.ContainsAny(v.text, scheme) {
		return v, false, dangling
	}
	next = view{text: make([]byte, 0, len(v.text)), source: make([]span, 0, len(v.text)), size: v.size}
	for i := 0; i < len(v.text); {
		out, n := []byte(nil), 0
		if strings.IndexByte(scheme, v.text[i]) >= 0 {
			out, n = unescape(v.text[i:])
		}
		if n == 0 {
			if dangling == len(v.text) && mayGoOn(v.text[i:]) {
				dangling = i
			}
			out, n = v.text[i:i+1], 1
		} else {
			changed = true
		}
		whole := span{v.span(i).from, v.span(i + n - 1).to}
		for _, c := range out {
			next.text, next.source = append(next.text, fold(c)), append(next.source, whole)
		}
		i += n
	}
	return next, changed, dangling
}

// find lists where a needle is, also where it overlaps itself, as ranges of the original text.
func (v view) find(n needle) []span {
	var out []span
	for at := 0; ; at++ {
		i := bytes.Index(v.text[at:], n.text)
		if i < 0 {
			return out
		}
		at += i
		first, last := v.widen(n, at, at+len(n.text)-1)
		s := span{v.span(first).from, v.span(last).to}
		if len(out) > 0 && s.from <= out[len(out)-1].to {
			out[len(out)-1].to = max(out[len(out)-1].to, s.to)
			continue
		}
		out = append(out, s)
	}
}

// widen takes in the Base64 characters that hold the secret's first and last bits, and the padding.
func (v view) widen(n needle, first, last int) (int, int) {
	if n.before > 0 && first > 0 && isBase64(v.text[first-1]) {
		first--
	}
	if n.after > 0 && last+1 < len(v.text) && isBase64(v.text[last+1]) {
		last++
	}
	return first, last
}

func isBase64(c byte) bool {
	return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || bytes.IndexByte([]byte("+/-_ "), c) >= 0
}

// tail is where the longest beginning of a needle starts that text[:end] ends in, in the original text.
func (v view) tail(n needle, end int) int {
	text := v.text[max(0, end-len(n.text)+1):end]
	k := overlap(n.text, text)
	if k == 0 {
		return v.from(end)
	}
	first, _ := v.widen(needle{before: n.before}, end-k, end-1)
	return v.from(first)
}

// overlap is the length of the longest beginning of needle that text ends in (Knuth, Morris and Pratt).
func overlap(needle, text []byte) int {
	fail := make([]int, len(needle)+1)
	step := func(k int, c byte) int {
		for k > 0 && (k == len(needle) || needle[k] != c) {
			k = fail[k]
		}
		if needle[k] == c {
			k++
		}
		return k
	}
	for i := 1; i < len(needle); i++ {
		fail[i+1] = step(fail[i], needle[i])
	}
	k := 0
	for _, c := range text {
		k = step(k, c)
	}
	return k
}
