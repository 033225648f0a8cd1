package httpc

import (
	"io"
	"net/http"
	"net/url"
	"slices"
)

// maxRedirects is how many redirects one operation follows, maxDiscard how many bytes of a redirect's body
// are read so that its connection can be used again.
const (
	maxRedirects = 5
	maxDiscard   = 4 << 10
)

var redirectStatuses = []int{301, 302, 303, 307, 308}

// roundTrips sends a request and follows its redirects. A redirect that is not followed is the answer, which
// the status table rejects; notFollowed then says why, in fixed words.
//
// Nothing is ever sent to another scheme, host or port, nor outside the base path, so there are no
// credentials to strip on the way; and only GET and HEAD are sent a second time.
func (c *Connector) roundTrips(req *http.Request, s settings) (resp *http.Response, notFollowed string, err error) {
	for hops := 0; ; hops++ {
		resp, err = c.transport.RoundTrip(req)
		if err != nil || !slices.Contains(redirectStatuses, resp.StatusCode) || s.authStatuses[resp.StatusCode] {
			return resp, "", err
		}
		next, why := redirectTarget(resp, s.base, hops)
		if why != "" {
			return resp, why, nil
		}
		_, _ = io.CopyN(io.Discard, resp.Body, maxDiscard)
		_ = resp.Body.Close()
		req = req.Clone(req.Context())
		req.URL = next
	}
}

func redirectTarget(resp *http.Response, base *url.URL, hops int) (next *url.URL, why string) {
	req := resp.Request
	next, err := resp.Location()
	switch {
	case req.Method != http.MethodGet && req.Method != http.MethodHead || req.Body != nil:
		return nil, "redirects are followed for GET and HEAD without a body only"
	case err != nil:
		return nil, "the redirect names no place to go"
	case hops == maxRedirects:
		return nil, "it redirected too many times"
	case next.User != nil || !inside(base, next):
		return nil, "the redirect leads out of the base URL"
	}
	next.Fragment, next.RawFragment = "", ""
	return next, ""
}
