package formula

import "strings"

// Rename is a formula in which references to permission sets name others: names gives, for an id or ntx_asset_id as it
// is written, the one to write instead. Everything else stays as it is written. The error is an *Error.
func Rename(text string, names map[string]string) (string, error) {
	var b strings.Builder
	s, from := scanner{text: text}, 0
	for {
		t, err := s.next()
		if err != nil {
			return "", err
		}
		if t.what == end {
			b.WriteString(text[from:])
			return b.String(), nil
		}
		if t.what != braces {
			continue
		}
		r, mistake, err := parseReference(t.text)
		if err != nil {
			return "", errorAt(text, t.offset+len("{{")+mistake, err)
		}
		to, renamed := names[r.name]
		if r.source != userSet || !renamed {
			continue
		}
		r.name = to
		b.WriteString(text[from:t.offset])
		b.WriteString("{{" + r.String() + "}}")
		from = s.at
	}
}
