package letters

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/secretscan"
)

// structured is a letter's message as one JSON document: that of a message in binary mode is made of its headers. It
// need not be JSON at all.
func (v View) structured() []byte {
	if len(v.Headers) == 0 {
		return v.Original
	}
	var b bytes.Buffer
	b.WriteByte('{')
	for _, name := range slices.Sorted(maps.Keys(v.Headers)) {
		value := v.Headers[name]
		if plain, err := url.PathUnescape(value); err == nil {
			value = plain
		}
		fmt.Fprintf(&b, "%s:%s,", quoted(attribute(name)), quoted(value))
	}
	b.WriteString(`"data":`)
	b.Write(v.Original)
	b.WriteByte('}')
	return b.Bytes()
}

// attribute is what a header says of an event in binary mode.
func attribute(header string) string {
	name := strings.TrimPrefix(strings.ToLower(header), "ce-")
	if name == "content-type" {
		return "datacontenttype"
	}
	return name
}

func quoted(text string) []byte {
	raw, err := events.Marshal(text)
	if err != nil { // a string always can be
		return []byte(`""`)
	}
	return raw
}

// AsEvent is the message as it was; one in binary mode as the event in JSON that it was.
func (v View) AsEvent() []byte { return v.structured() }

// header is the message's own headers, as they are on the bus.
func (v View) header() map[string][]string {
	h := make(map[string][]string, len(v.Headers)+3)
	for name, value := range v.Headers {
		h[name] = []string{value}
	}
	return h
}

// event is the message as an event; ok is false where it is none.
func (v View) event() (e events.Event, ok bool) {
	e, err := events.Decode(v.structured())
	return e, err == nil
}

// masking keeps what was masked, so that it can be put back.
type masking struct{ hidden []string }

func (m *masking) hide(value string) string {
	m.hidden = append(m.hidden, value)
	return mark(len(m.hidden))
}

func mark(n int) string { return fmt.Sprintf("[masked %d]", n) }

// show is a message for people to look at; ok is false where it is no JSON.
func (m *masking) show(raw []byte) (text []byte, ok bool) {
	text, err := secretscan.Mask(raw, m.hide)
	return text, err == nil
}

// again is show of what was shown and then edited: what was masked before stays as it is, and what is new and could be
// a secret is told as such.
func (m *masking) again(raw []byte) ([]byte, error) {
	return secretscan.Mask(raw, func(value string) string {
		for n := range m.hidden {
			if value == string(quoted(mark(n+1))) {
				return mark(n + 1)
			}
		}
		return "[masked, new]"
	})
}

// restore puts what was masked back into an edited text. A mark that is no longer a whole value can not be.
func (m *masking) restore(text []byte) ([]byte, error) {
	for n, value := range m.hidden {
		text = bytes.ReplaceAll(text, quoted(mark(n+1)), []byte(value))
		if bytes.Contains(text, []byte(mark(n+1))) {
			return nil, &ops.Problem{Kind: ops.Unclear, Text: "“" + mark(n+1) + "” stands for a value that is not shown, and was changed",
				Hint: "leave it as it is, or replace it as a whole"}
		}
	}
	return text, nil
}

// shown is the message with what could be a secret masked, and whether anything was; nil where it is withheld as a
// whole: it is no JSON, and seems to hold a secret.
func (v View) shown() (raw []byte, masked bool) {
	var m masking
	if text, ok := m.show(v.Original); ok {
		if len(m.hidden) == 0 {
			return v.Original, false
		}
		return compact(text), true
	}
	if secretscan.Found(v.Original) {
		return nil, true
	}
	return v.Original, false
}

func compact(text []byte) []byte {
	var b bytes.Buffer
	if json.Compact(&b, text) != nil {
		return text
	}
	return b.Bytes()
}
