package secret

import (
	"bytes"
	"html"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// allSchemes are the bytes that an escape of any scheme can begin with, schemes those of URLs, of JSON and
// of HTML alone.
const allSchemes = `%\&+`

var schemes = []string{`%+`, `\`, `&`}

// longestEntity is the longest character reference that is decoded, "&" and ";" included.
const longestEntity = 12

// unescape decodes the escape that b begins with and says how long it was; 0 where there is none. b is in
// lower case.
func unescape(b []byte) (out []byte, n int) {
	switch b[0] {
	case '+': // a space in a form (WHATWG URL, application/x-www-form-urlencoded)
		return []byte{' '}, 1
	case '%': // RFC 3986 section 2.1
		if c, ok := hexAt(b, 1, 2); ok {
			return []byte{byte(c)}, 3
		}
	case '\\':
		return backslash(b)
	case '&':
		return entity(b)
	}
	return nil, 0
}

// backslash decodes the escapes of JSON strings (RFC 8259 section 7), and JavaScript's \x and \'.
func backslash(b []byte) ([]byte, int) {
	if len(b) < 2 {
		return nil, 0
	}
	switch b[1] {
	case 'u':
		return unicodeEscape(b)
	case 'x':
		if c, ok := hexAt(b, 2, 2); ok {
			return utf8.AppendRune(nil, c), 4
		}
		return nil, 0
	}
	if i := bytes.IndexByte([]byte(`"\/'bfnrt`), b[1]); i >= 0 {
		return []byte{"\"\\/'\b\f\n\r\t"[i]}, 2
	}
	return nil, 0
}

func unicodeEscape(b []byte) ([]byte, int) {
	high, ok := hexAt(b, 2, 4)
	if !ok {
		return nil, 0
	}
	if !utf16.IsSurrogate(high) {
		return utf8.AppendRune(nil, high), 6
	}
	if len(b) >= 12 && b[6] == '\\' && b[7] == 'u' {
		if low, ok := hexAt(b, 8, 4); ok {
			return utf8.AppendRune(nil, utf16.DecodeRune(high, low)), 12
		}
	}
	return nil, 0
}

// entity decodes an HTML character reference that ends in a semicolon.
func entity(b []byte) ([]byte, int) {
	end := bytes.IndexByte(b[:min(len(b), longestEntity)], ';')
	if end < 0 {
		return nil, 0
	}
	ref := string(b[:end+1])
	if text := html.UnescapeString(ref); text != ref {
		return []byte(text), end + 1
	}
	return nil, 0
}

func hexAt(b []byte, at, digits int) (rune, bool) {
	if len(b) < at+digits {
		return 0, false
	}
	c, err := strconv.ParseUint(string(b[at:at+digits]), 16, 32)
	return rune(c), err == nil
}

// mayGoOn tells whether rest, the end of a text, could be the first part of an escape.
func mayGoOn(rest []byte) bool {
	switch rest[0] {
	case '%':
		return len(rest) < 3
	case '\\':
		return len(rest) < 12
	case '&':
		return len(rest) < longestEntity
	}
	return false
}
