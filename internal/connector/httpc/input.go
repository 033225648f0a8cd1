package httpc

import (
	"bytes"
	"encoding/json"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/net/http/httpguts"

	"holdfast/internal/connector"
	"holdfast/internal/connector/strict"
	"holdfast/internal/fault"
)

// maxURL bounds the whole URL in bytes: servers refuse longer ones.
const maxURL = 16 << 10

// inputDocument is what an action's input looks like; doc.go tells the fields.
type inputDocument struct {
	Method      string            `json:"method"`
	Path        string            `json:"path"`
	Query       map[string]values `json:"query"`
	Headers     map[string]string `json:"headers"`
	Body        json.RawMessage   `json:"body"`
	BodyText    *string           `json:"body_text"`
	ContentType string            `json:"content_type"`
}

// values is one string, or several.
type values []string

// UnmarshalJSON takes a string or an array of strings.
func (v *values) UnmarshalJSON(b []byte) error {
	var one *string
	if err := json.Unmarshal(b, &one); err == nil && one != nil {
		*v = values{*one}
		return nil
	}
	var many []*string
	if err := json.Unmarshal(b, &many); err != nil {
		return err
	}
	for _, s := range many {
		if s == nil {
			return &json.UnmarshalTypeError{Value: "null"}
		}
		*v = append(*v, *s)
	}
	return nil
}

// call is a checked operation, ready to be sent.
type call struct {
	settings    settings
	method      string
	url         *url.URL
	headers     map[string]string
	body        []byte
	contentType string
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}

// Validate checks everything that can be known before the network is touched.
func (c *Connector) Validate(r connector.Request) error {
	_, err := prepare(r)
	return err
}

func prepare(r connector.Request) (call, error) {
	if r.Operation != "request" {
		return call{}, fault.New(fault.OperationForbidden, "http knows the operation request only").WithNoEffect()
	}
	s, err := readSettings(r.Settings)
	if err != nil {
		return call{}, err
	}
	var in inputDocument
	if err := strict.Decode(fault.InputInvalid, r.Input, &in); err != nil {
		return call{}, err
	}
	out := call{settings: s, method: in.Method, headers: in.Headers}
	if !slices.Contains(methods, in.Method) {
		return call{}, wrongInput("method is one of GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS", "method")
	}
	if err := out.setURL(in); err != nil {
		return call{}, err
	}
	if err := checkHeaders(in.Headers, r.Credential); err != nil {
		return call{}, err
	}
	if err := out.setBody(in); err != nil {
		return call{}, err
	}
	return out, checkCredential(r.Credential)
}

func wrongInput(detail string, field ...string) error {
	return fault.New(fault.InputInvalid, detail).WithField(pointer(field...)).WithNoEffect()
}

func (c *call) setURL(in inputDocument) error {
	u, err := join(c.settings.base, in.Path)
	if err != nil {
		return wrongInput(err.Error(), "path")
	}
	query := make(url.Values, len(in.Query))
	for name, vs := range in.Query {
		query[name] = vs
	}
	u.RawQuery = query.Encode()
	if len(u.String()) > maxURL {
		return wrongInput("the URL would be too long", "query")
	}
	c.url = u
	return nil
}

func (c *call) setBody(in inputDocument) error {
	hasJSON := len(in.Body) > 0
	switch {
	case hasJSON && in.BodyText != nil:
		return wrongInput("body and body_text exclude each other", "body_text")
	case hasJSON:
		c.body, c.contentType = in.Body, "application/json"
	case in.BodyText != nil:
		c.body, c.contentType = []byte(*in.BodyText), "text/plain; charset=utf-8"
	case in.ContentType != "":
		return wrongInput("there is no body for it", "content_type")
	default:
		return nil
	}
	if in.Method == http.MethodHead {
		return wrongInput("HEAD has no body", "method")
	}
	if in.ContentType == "" {
		return nil
	}
	if _, _, err := mime.ParseMediaType(in.ContentType); err != nil || !httpguts.ValidHeaderFieldValue(in.ContentType) {
		return wrongInput("this is no media type", "content_type")
	}
	c.contentType = in.ContentType
	return nil
}

// reader is the body to send, nil for none.
func (c *call) reader() io.Reader {
	if c.contentType == "" {
		return nil
	}
	return bytes.NewReader(c.body)
}
