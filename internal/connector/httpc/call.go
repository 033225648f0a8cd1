package httpc

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"strings"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

// Call is one request for a connector that speaks a protocol of its own over HTTP. Everything that is
// promised of the operation "request" holds for it too.
type Call struct {
	// Method is one of those that the input document takes.
	Method string
	// Path is escaped and below the connection's base URL; RawQuery is escaped as it is to be sent.
	Path, RawQuery string
	Headers        map[string]string
	// Body is JSON of type ContentType; nil for none.
	Body        json.RawMessage
	ContentType string
}

// Answer is a response document, read: bounded, and with the credential masked.
type Answer = responseDocument

// Check is Validate for a call: Input and Operation of r are not looked at. Fields are those of the input
// document.
func (c *Connector) Check(r connector.Request, k Call) error {
	_, err := prepareCall(r, k)
	return err
}

// Do is Execute for a call.
func (c *Connector) Do(ctx context.Context, r connector.Request, k Call) (Answer, error) {
	call, err := prepareCall(r, k)
	if err != nil {
		return Answer{}, err
	}
	result, err := c.send(ctx, r, call)
	var a Answer
	if len(result.Response) == 0 {
		return a, err
	}
	if bad := json.Unmarshal(result.Response, &a); bad != nil {
		return a, fault.Wrap(fault.Internal, "the answer could not be read again", bad)
	}
	return a, err
}

func prepareCall(r connector.Request, k Call) (call, error) {
	s, err := readSettings(r.Settings)
	if err != nil {
		return call{}, err
	}
	out := call{settings: s, method: k.Method, headers: k.Headers, body: k.Body, contentType: k.ContentType}
	if out.url, err = join(s.base, k.Path); err != nil {
		return call{}, wrongInput(err.Error(), "path")
	}
	out.url.RawQuery = k.RawQuery
	if len(out.url.String()) > maxURL {
		return call{}, wrongInput("the URL would be too long", "query")
	}
	if err := checkHeaders(k.Headers, r.Credential); err != nil {
		return call{}, err
	}
	return out, checkCredential(r.Credential)
}

// errLeavesBase says nothing of where the link leads.
var errLeavesBase = errors.New("the link leads out of the base URL")

// Site is where a connection's settings lead.
type Site struct{ settings settings }

// ReadSite reads a connection's settings: SettingsInvalid, with Field.
func ReadSite(document json.RawMessage) (Site, error) {
	s, err := readSettings(document)
	return Site{s}, err
}

// MaxBytes bounds the body of one answer.
func (s Site) MaxBytes() int { return s.settings.maxBytes }

// Follow is the call that a link in the answer to from asks for: the same, elsewhere below the base URL. A
// relative link is resolved by RFC 3986 section 5. Services that do not tell capitals from small letters write
// the base path in their own way: what is below it is then looked for below the base URL as we know it.
func (s Site) Follow(from Call, link string) (Call, error) {
	at, err := join(s.settings.base, from.Path)
	if err != nil {
		return Call{}, err
	}
	to, err := at.Parse(link)
	if err != nil || to.User != nil || to.Opaque != "" || to.Fragment != "" || badQuery(to) {
		return Call{}, errLeavesBase
	}
	root, path := s.settings.base.EscapedPath(), to.EscapedPath()
	if len(path) < len(root) || !strings.EqualFold(path[:len(root)], root) {
		return Call{}, errLeavesBase
	}
	from.Path, from.RawQuery = path[len(root):], to.RawQuery
	below, err := join(s.settings.base, from.Path)
	if err != nil || to.Scheme != below.Scheme || !strings.EqualFold(to.Hostname(), below.Hostname()) || port(to) != port(below) {
		return Call{}, errLeavesBase
	}
	return from, nil
}

// badQuery finds what no request line can carry.
func badQuery(u *url.URL) bool {
	return strings.ContainsFunc(u.RawQuery, isControl) || strings.ContainsAny(u.RawQuery, " #")
}
