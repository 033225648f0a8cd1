package secretscan

import "strings"

// Suspicious is a quick look at the raw text of a JSON document: where it says no, InEvent and InStored find nothing in
// the document, whatever its type. It says yes more often than they find something. Whoever goes through millions of
// messages asks it first: most of them need no reading then.
func Suspicious(raw []byte) bool {
	text := string(raw) // once, so that no part of it is copied
	return strings.IndexByte(text, '\\') >= 0 || suspiciousText(text) || suspiciousName(text)
}

// suspiciousText tells whether any string of a document, whatever its quotes, may be one that looks like a secret.
func suspiciousText(text string) bool {
	for _, shape := range references {
		if strings.Contains(text, shape.literal) && shape.pattern.MatchString(text) {
			return true
		}
	}
	return strings.Contains(text, "://") || strings.IndexByte(text, '?') >= 0 || namesScheme(text)
}

// namesScheme tells whether a text has bearer or basic in it, in any case: both are looked for in one go, by the letter
// that is rarest in text.
func namesScheme(text string) bool {
	for i := range len(text) {
		if text[i]|0x20 == 'b' && (hasFold(text[i:], "bearer") || hasFold(text[i:], "basic")) {
			return true
		}
	}
	return false
}

func hasFold(s, word string) bool {
	return len(s) >= len(word) && strings.EqualFold(s[:len(word)], word)
}

// suspiciousName goes from one string to the next: what stands before a colon is a member's name.
func suspiciousName(text string) bool {
	for {
		begin := strings.IndexByte(text, '"')
		if begin < 0 {
			return false
		}
		text = text[begin+1:]
		end := strings.IndexByte(text, '"')
		if end < 0 {
			return false
		}
		name := text[:end]
		if text = text[end+1:]; text == "" {
			return false
		}
		if text[0] <= ' ' { // hardly anybody writes it there
			text = strings.TrimLeft(text, " \t\r\n")
		}
		if strings.HasPrefix(text, ":") && namesAny(name) {
			return true
		}
	}
}

// namesAny is NamesSecret and authenticates together.
func namesAny(name string) bool {
	if len(name) > maxName {
		return authenticates(name)
	}
	var room [maxName]byte
	plain := plainIn(room[:0], name)
	return secretHeaders[string(plain)] || plainSecret(plain)
}
