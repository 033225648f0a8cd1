package secret

import (
	"bytes"
	"slices"
)

// Withheld stands for a whole text when one of the secrets is too short to be taken out of it.
const Withheld = "[withheld: a secret of this connection is too short to mask]"

// shortest is the length in bytes from which on a secret can be masked. A password of one to three bytes
// occurs everywhere by chance: cutting it out would wreck the text, and the holes would spell the password.
const shortest = 4

// levels is how many encodings, one inside the other, are looked through (JSON in a query in HTML).
const levels = 3

// Masker takes a set of secrets out of text, in whatever form a peer repeats them: as they are, escaped for
// URLs, JSON or HTML (also mixed, also nested), in hexadecimal, and as Base64, alone or within a longer
// Base64 text. Instead of listing every spelling it decodes the text and looks for the secret there, so the
// case of escapes and an encoder's taste do not matter; letters match whatever their case.
//
// Not seen: a secret that is compressed, encrypted, hashed, or in a character set other than UTF-8.
//
// A Masker is immutable and safe for concurrent use; the nil Masker masks nothing.
type Masker struct {
	needles     []needle
	replacement []byte
	withhold    bool
}

// NewMasker makes a masker of the given secrets; empty ones are ignored. If any is shorter than four bytes,
// every text is replaced by Withheld as a whole.
func NewMasker(values ...Value) *Masker {
	m := &Masker{}
	for _, v := range values {
		switch {
		case v.Empty():
		case len(v.s) < shortest:
			m.withhold = true
		default:
			m.needles = append(m.needles, needlesOf(v.s)...)
		}
	}
	m.chooseReplacement()
	return m
}

// chooseReplacement finds a word that contains none of the secrets, or else withholds all text.
func (m *Masker) chooseReplacement() {
	for _, word := range []string{Redacted, "[masked]"} {
		hit := slices.ContainsFunc(m.needles, func(n needle) bool { return bytes.Contains([]byte(word), n.text) })
		if !hit {
			m.replacement = []byte(word)
			return
		}
	}
	m.withhold = true
}

// Withholds tells whether Mask replaces every text as a whole, because a secret is too short.
func (m *Masker) Withholds() bool { return m != nil && m.withhold }

// Mask returns b with every secret replaced by Redacted. b itself is never changed; it is returned as it is
// when there is nothing to mask.
func (m *Masker) Mask(b []byte) []byte { return m.mask(b, false) }

// MaskCut is Mask for text that was cut off at its end: what could be the beginning of a secret there, or
// of an escape, is dropped, because the rest of it can no longer be looked at.
func (m *Masker) MaskCut(b []byte) []byte { return m.mask(b, true) }

// MaskString is Mask for a string.
func (m *Masker) MaskString(s string) string {
	if m == nil || (len(m.needles) == 0 && !m.withhold) {
		return s
	}
	return string(m.Mask([]byte(s)))
}

func (m *Masker) mask(b []byte, cut bool) []byte {
	switch {
	case m == nil || len(b) == 0:
		return b
	case m.withhold:
		return []byte(Withheld)
	case len(m.needles) == 0:
		return b
	}
	spans, end := m.look(b, cut)
	if len(spans) == 0 {
		return b[:end]
	}
	return m.replace(b, merge(spans), end)
}

// look finds where the secrets are in b, and where b has to end so that it does not end in a part of one.
func (m *Masker) look(b []byte, cut bool) (spans []span, end int) {
	raw := newView(b)
	spans, end = m.lookThrough(raw, allSchemes, cut)
	// One scheme at a time besides: the last bytes of a secret in one scheme and the first bytes after it
	// may look like an escape of another scheme, and would be decoded together.
	for _, scheme := range schemes {
		if next, changed, _ := raw.decode(scheme); changed {
			more, at := m.lookThrough(next, scheme, cut)
			spans, end = append(spans, more...), min(end, at)
		}
	}
	return spans, end
}

// lookThrough looks through a view and those that decoding makes of it.
func (m *Masker) lookThrough(v view, scheme string, cut bool) (spans []span, end int) {
	end = v.size
	for level := 0; ; level++ {
		next, changed, dangling := v.decode(scheme)
		for _, n := range m.needles {
			spans = append(spans, v.find(n)...)
			if cut {
				end = min(end, v.tail(n, len(v.text)), v.tail(n, dangling))
			}
		}
		if cut {
			end = min(end, v.from(dangling))
		}
		if !changed || level == levels {
			return spans, end
		}
		v = next
	}
}

func (m *Masker) replace(b []byte, spans []span, end int) []byte {
	out := make([]byte, 0, len(b))
	at := 0
	for _, s := range spans {
		if s.from >= end {
			break
		}
		out = append(append(out, b[at:s.from]...), m.replacement...)
		at = s.to
	}
	if at < end {
		out = append(out, b[at:end]...)
	}
	return out
}

// span is a range of bytes in the source text, to is exclusive.
type span struct{ from, to int }

// merge sorts spans and joins those that overlap or touch.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int { return a.from - b.from })
	out := spans[:1]
	for _, s := range spans[1:] {
		if last := &out[len(out)-1]; s.from <= last.to {
			last.to = max(last.to, s.to)
		} else {
			out = append(out, s)
		}
	}
	return out
}
