package secretscan

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"holdfast/events"
	"holdfast/internal/dispatch/strictjson"
)

// maxDepth bounds the nesting of what Found reads as a document.
const maxDepth = 64

// maxReadable is the longest message that Found tries to read as an event, in bytes.
const maxReadable = 1 << 20

// Found tells whether raw bytes, JSON or not, hold something that looks like a secret.
func Found(raw []byte) bool {
	if t, doc, ok := readEvent(raw); ok {
		_, found := InEvent(t, doc)
		return found
	}
	text := unescape(string(raw))
	return LooksSecret(text) || namedValue(text)
}

// FoundKept is Found for what a dead letter kept of a message. searched says that the message was refused only after
// it had been searched field by field, or that the end of it is missing: where it can not be read, nothing is guessed
// then, and private keys and Vault tokens are what counts.
func FoundKept(raw []byte, searched bool) bool {
	if !searched {
		return Found(raw)
	}
	if t, doc, ok := readEvent(raw); ok {
		_, found := InEvent(t, doc)
		return found
	}
	return everywhereSecret(unescape(string(raw)))
}

func readEvent(raw []byte) (events.Type, any, bool) {
	if len(raw) > maxReadable {
		return "", nil, false
	}
	doc, err := strictjson.Parse(raw, maxDepth, "")
	if err != nil {
		return "", nil, false
	}
	object, _ := doc.Root.(map[string]any)
	name, _ := object["type"].(string)
	t := events.Type(name)
	return t, doc.Root, slices.Contains(events.Inbound(), t)
}

// unescape undoes what JSON may write differently: \u0070assword, Bearer\u0020…, https:\/\/….
func unescape(text string) string {
	if !strings.Contains(text, `\`) {
		return text
	}
	var b strings.Builder
	b.Grow(len(text))
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' {
			b.WriteByte(text[i])
			continue
		}
		c, length := escaped(text[i+1:])
		b.WriteString(c)
		i += length
	}
	return b.String()
}

// escaped is the character that an escape stands for, white space as a space, and the length of the escape
// without its backslash. Any other backslash is simply left out.
func escaped(s string) (character string, length int) {
	switch {
	case s == "":
		return "", 0
	case strings.ContainsRune("nrtbf", rune(s[0])):
		return " ", 1
	case s[0] != 'u' || len(s) < len(`u0000`):
		return "", 0
	}
	c, err := strconv.ParseUint(s[1:5], 16, 16)
	if err != nil {
		return "", 0
	}
	return string(rune(c)), len(`u0000`)
}

// namedValue looks for name: value and name=value with a name that names a secret.
func namedValue(text string) bool {
	raw := []byte(text)
	for at := 0; ; at++ {
		next := bytes.IndexAny(raw[at:], ":=")
		if next < 0 {
			return false
		}
		at += next
		if NamesSecret(nameBefore(text[:at])) && valueAfter(text[at+1:]) {
			return true
		}
	}
}

const around = " \t\r\n\"'`"

func nameBefore(text string) string {
	text = text[max(0, len(text)-2*maxName):]
	text = strings.TrimRight(text, around)
	start := strings.LastIndexFunc(text, func(r rune) bool {
		return r != '_' && r != '-' && r != '.' &&
			(r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z')
	})
	return text[start+1:]
}

func valueAfter(text string) bool {
	text = text[:min(len(text), maxName)]
	value := strings.TrimLeft(text, around+"[{")
	if value == "" || strings.ContainsRune(",}]", rune(value[0])) {
		return false
	}
	return !strings.HasPrefix(value, "null") && !strings.HasPrefix(value, "true") && !strings.HasPrefix(value, "false")
}
