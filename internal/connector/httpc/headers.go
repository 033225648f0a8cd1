package httpc

import (
	"net/textproto"
	"strings"

	"golang.org/x/net/http/httpguts"

	"holdfast/internal/credential"
	"holdfast/internal/fault"
)

// Bounds of what an input may send in headers.
const (
	maxHeaders     = 64
	maxHeaderValue = 8 << 10
)

// reserved are headers that an input may not set: credentials, framing and hop-by-hop headers (RFC 9110
// sections 7.6.1 and 10.1), what Holdfast sets itself, and Accept-Encoding, because a body that arrives
// compressed could not be masked.
var reserved = map[string]string{
	"Authorization":     "credentials come from the connection",
	"Cookie":            "credentials come from the connection",
	"Host":              "the host comes from the connection",
	"Content-Type":      "use content_type",
	"Content-Length":    "the length follows from the body",
	"Content-Encoding":  "bodies are sent as they are",
	"Accept-Encoding":   "encodings are negotiated by the connector",
	"Idempotency-Key":   "the key is the request's id",
	"X-Idempotency-Key": "the key is the request's id",
	"Traceparent":       "the trace comes from the request",
	"Tracestate":        "the trace comes from the request",
	"Connection":        "the header belongs to the transport",
	"Keep-Alive":        "the header belongs to the transport",
	"Te":                "the header belongs to the transport",
	"Trailer":           "the header belongs to the transport",
	"Transfer-Encoding": "the header belongs to the transport",
	"Upgrade":           "the header belongs to the transport",
	"Http2-Settings":    "the header belongs to the transport",
	"Expect":            "the header belongs to the transport",
}

// framing are headers that a credential may not travel in.
var framing = map[string]bool{
	"Host": true, "Content-Length": true, "Content-Type": true, "Connection": true, "Transfer-Encoding": true,
	"Te": true, "Trailer": true, "Upgrade": true, "Expect": true, "Keep-Alive": true, "Idempotency-Key": true,
}

func checkHeaders(headers map[string]string, c credential.Credential) error {
	if len(headers) > maxHeaders {
		return fault.New(fault.InputInvalid, "too many headers").WithField("/headers").WithNoEffect()
	}
	seen := make(map[string]bool, len(headers))
	for name, value := range headers {
		key := textproto.CanonicalMIMEHeaderKey(name)
		if why := headerProblem(key, value, c); why != "" {
			return fault.New(fault.InputInvalid, why).WithField(pointer("headers", name)).WithNoEffect()
		}
		if seen[key] {
			return fault.New(fault.InputInvalid, "the header is there twice").WithField(pointer("headers", name)).WithNoEffect()
		}
		seen[key] = true
	}
	return nil
}

func headerProblem(key, value string, c credential.Credential) string {
	switch {
	case !httpguts.ValidHeaderFieldName(key):
		return "this is no header name"
	case reserved[key] != "":
		return reserved[key]
	case strings.HasPrefix(key, "Proxy-"):
		return "the header belongs to the transport"
	case c.Header != "" && strings.EqualFold(key, c.Header):
		return "credentials come from the connection"
	case len(value) > maxHeaderValue || !httpguts.ValidHeaderFieldValue(value):
		return "this is no header value"
	}
	return ""
}

// checkCredential refuses what could not be sent, without a word about the value.
func checkCredential(c credential.Credential) error {
	if c.Header == "" {
		return nil
	}
	key := textproto.CanonicalMIMEHeaderKey(c.Header)
	if !httpguts.ValidHeaderFieldName(key) || framing[key] {
		return fault.New(fault.SettingsInvalid, "credentials can not be sent in this header").WithNoEffect()
	}
	if !httpguts.ValidHeaderFieldValue(c.Value.Reveal()) {
		return fault.New(fault.SecretMalformed, "the secret holds characters that no header can carry").
			WithHint("look for a line break at the end of the stored secret").WithNoEffect()
	}
	return nil
}

// pointer builds a JSON pointer (RFC 6901).
func pointer(tokens ...string) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString("/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(t))
	}
	return b.String()
}
