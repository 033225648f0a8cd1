package httpc

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"unicode/utf8"

	"holdfast/internal/credential"
	"holdfast/internal/secret"
)

// Bounds of the response document, beside max_response_bytes.
const (
	maxReturnedHeader = 2 << 10 // bytes of one header's values
	maxJSONDepth      = 128     // deeper JSON is returned as text
)

// safeHeaders are returned without asking: none of them carries credentials by its definition.
var safeHeaders = map[string]bool{
	"Content-Type": true, "Content-Language": true, "Content-Location": true, "Etag": true, "Last-Modified": true,
	"Location": true, "Retry-After": true, "Link": true, "Allow": true, "Date": true,
	"X-Request-Id": true, "Request-Id": true, "X-Correlation-Id": true,
	"Ratelimit-Limit": true, "Ratelimit-Remaining": true, "Ratelimit-Reset": true,
	"X-Ratelimit-Limit": true, "X-Ratelimit-Remaining": true, "X-Ratelimit-Reset": true,
}

// responseDocument is what an operation returns; doc.go tells the fields.
type responseDocument struct {
	Status      int               `json:"status"`
	Headers     map[string]string `json:"headers"`
	Body        json.RawMessage   `json:"body,omitempty"`
	BodyText    string            `json:"body_text,omitempty"`
	BodyOmitted string            `json:"body_omitted,omitempty"`
	Truncated   bool              `json:"truncated"`
	Bytes       int               `json:"bytes"`
}

// maskerFor masks the header value, the secrets, and what a scheme's first word is followed by.
func maskerFor(c credential.Credential) *secret.Masker {
	values := append([]secret.Value{c.Value}, c.Secrets...)
	if _, token, ok := strings.Cut(c.Value.Reveal(), " "); ok {
		values = append(values, secret.New(token))
	}
	return secret.NewMasker(values...)
}

// readBody reads the body up to its bound and one byte more, which tells that it is longer. Where a body may
// say that the credentials are bad, the start of it is read whatever the bound is.
func readBody(resp *http.Response, s settings) ([]byte, error) {
	most := s.maxBytes
	if len(s.authBodies[resp.StatusCode]) > 0 {
		most = max(most, searchedBytes)
	}
	return io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
}

// readResponse makes the response document of what was read, and masks everything before it goes anywhere. A
// body that broke off with readErr is an error beside what could be read of it.
func readResponse(resp *http.Response, body []byte, readErr error, s settings, m *secret.Masker) (json.RawMessage, error) {
	doc := responseDocument{Status: resp.StatusCode, Headers: returned(resp.Header, s.headers, m)}
	if len(body) > s.maxBytes {
		doc.Truncated, body = true, body[:s.maxBytes]
	}
	doc.Truncated = doc.Truncated || readErr != nil
	doc.Bytes = len(body)
	doc.setBody(body, resp.Header.Get("Content-Encoding"), m)
	out, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("response document: %w", err)
	}
	return out, readErr
}

// setBody files the body as JSON, as text, or as left out because it could not be searched for secrets.
func (d *responseDocument) setBody(body []byte, encoding string, m *secret.Masker) {
	if d.Truncated {
		body = wholeRunes(body)
	}
	switch {
	case len(body) == 0:
	case m.Withholds():
		d.BodyOmitted = "secret_too_short"
	case encoding != "" && !strings.EqualFold(encoding, "identity"):
		d.BodyOmitted = "encoded"
	case !utf8.Valid(body) || bytes.IndexByte(body, 0) >= 0: // a NUL every other byte is UTF-16
		d.BodyOmitted = "binary"
	case d.Truncated:
		d.BodyText = string(m.MaskCut(body))
	default:
		masked := m.Mask(body)
		if json.Valid(masked) && depth(masked) <= maxJSONDepth {
			d.Body = masked
		} else {
			d.BodyText = string(masked)
		}
	}
}

// wholeRunes drops a character that was cut in two at the end.
func wholeRunes(b []byte) []byte {
	for i := len(b) - 1; i >= 0 && i > len(b)-utf8.UTFMax; i-- {
		if utf8.RuneStart(b[i]) {
			if !utf8.FullRune(b[i:]) {
				return b[:i]
			}
			break
		}
	}
	return b
}

// depth is how deep valid JSON is nested.
func depth(b []byte) int {
	now, most, inString := 0, 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			most = max(most, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return most
}

// returned picks the headers to return, each bounded and masked.
func returned(h http.Header, names map[string]bool, m *secret.Masker) map[string]string {
	out := make(map[string]string)
	for name := range names {
		if vs := h.Values(name); len(vs) > 0 {
			out[name] = maskHeader(strings.Join(vs, ", "), m)
		}
	}
	return out
}

func maskHeader(value string, m *secret.Masker) string {
	if len(value) > maxReturnedHeader {
		return strings.ToValidUTF8(string(m.MaskCut([]byte(value[:maxReturnedHeader]))), "")
	}
	return strings.ToValidUTF8(m.MaskString(value), "")
}
