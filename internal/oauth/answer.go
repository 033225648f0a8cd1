package oauth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"golang.org/x/oauth2"

	"holdfast/internal/fault"
)

// ErrAmbiguous is wrapped by errors after which a spent token may be lost: the request was sent, and nothing
// came back that proves that the provider refused it.
var ErrAmbiguous = errors.New("the provider may have acted on the request")

// ErrNoAnswer is the ErrAmbiguous of a request that was sent and got no token response at all.
var ErrNoAnswer = fmt.Errorf("no answer came: %w", ErrAmbiguous)

// ErrTimedOut is the ErrNoAnswer of a request that the provider may be at work on still.
var ErrTimedOut = fmt.Errorf("none in time: %w", ErrNoAnswer)

// anyCode stands for whatever error code, none included.
const anyCode = "*"

// row is one line of the table: answers with a status in [from, to] and this error code.
type row struct {
	from, to int
	code     string
	reason   fault.Reason
}

// table says what an answer means; the first row that fits counts. Statuses that an intermediary gives while
// the provider is away come first: a 502 is no verdict, whatever code its body holds. The codes are those of
// RFC 6749 sections 4.1.2.1 and 5.2; some providers send them with status 200.
var table = []row{
	{500, 599, anyCode, fault.ProviderUnavailable},
	{408, 408, anyCode, fault.ProviderUnavailable},
	{425, 425, anyCode, fault.ProviderUnavailable},
	{429, 429, anyCode, fault.ProviderThrottled},
	{100, 499, "invalid_grant", fault.InvalidGrant},
	{100, 499, "access_denied", fault.AccessDenied},
	{100, 499, "invalid_client", fault.InvalidClient},
	{100, 499, "unauthorized_client", fault.UnauthorizedClient},
	{100, 499, "invalid_scope", fault.InvalidScope},
	{100, 499, "invalid_request", fault.InvalidTokenRequest},
	{100, 499, "unsupported_grant_type", fault.UnsupportedGrantType},
	{100, 499, "temporarily_unavailable", fault.ProviderUnavailable},
	{100, 499, "server_error", fault.ProviderUnavailable},
	{100, 499, "authorization_pending", fault.ProviderUnclear}, // RFC 8628 section 3.5: device.go knows what follows
	{100, 499, "slow_down", fault.ProviderUnclear},
	{100, 499, "expired_token", fault.AccessDenied},
	{401, 401, anyCode, fault.BadCredentials},
	{0, 999, anyCode, fault.ProviderUnclear},
}

func lookUp(status int, code string) row {
	for _, r := range table {
		if r.from <= status && status <= r.to && (r.code == anyCode || r.code == code) {
			return r
		}
	}
	return row{reason: fault.ProviderUnclear, code: anyCode}
}

// explain turns the library's error, whose text holds the whole body, into a fault of fixed words.
func (c *Client) explain(err error, sent bool) error {
	answer, ok := errors.AsType[*oauth2.RetrieveError](err)
	if !ok || answer.Response == nil {
		return unanswered(err, sent)
	}
	status := answer.Response.StatusCode
	r := lookUp(status, answer.ErrorCode)
	text := "the provider answered " + strconv.Itoa(status)
	if r.code != anyCode {
		text += " " + r.code // a word of the table, never the provider's text
	}
	f := fault.Wrap(r.reason, text, cmp.Or(waiting(r.code), ambiguity(r.reason, status)))
	if r.reason.Class() == fault.Transient {
		f = f.WithRetryAfter(fault.ReadRetryAfter(answer.Response.Header, c.clock.Now(), maxRetryAfter))
	}
	if h := hints[r.reason]; h != "" {
		f = f.WithHint(h)
	}
	return f
}

// ambiguity tells whether a token may have been spent although the answer is an error: not when the provider
// refused it in so many words, nor by a 4xx, which is sent before a request is acted upon (408 apart).
func ambiguity(reason fault.Reason, status int) error {
	if reason.Class().Retries() && (status < 400 || status == 408 || status >= 500) {
		return ErrAmbiguous
	}
	return nil
}

var hints = map[fault.Reason]string{
	fault.InvalidClient:        "check client_id, client_secret and auth_style (header or params)",
	fault.UnauthorizedClient:   "allow this client the grant type at the provider",
	fault.InvalidScope:         "check scopes against what the provider allows this client",
	fault.UnsupportedGrantType: "choose another auth method, or allow the grant type at the provider",
}

// unanswered is for requests without a verdict: no answer, or one that is no token response at all.
func unanswered(err error, sent bool) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Reason == fault.AddressRefused {
		return wrong("/auth/token_url", "the token URL's address is one that may not be connected to")
	}
	var cause error
	switch {
	case sent && timedOut(err):
		cause = ErrTimedOut
	case sent:
		cause = ErrNoAnswer
	}
	return fault.Wrap(fault.ProviderUnavailable, happened(err, sent), cause)
}

func happened(err error, sent bool) string {
	_, isNetwork := errors.AsType[*net.OpError](err)
	switch {
	case errors.Is(err, context.Canceled):
		return "the token request was given up"
	case timedOut(err):
		return "the provider did not answer in time"
	case !sent:
		return "the provider could not be reached"
	case isNetwork:
		return "the connection to the provider broke before an answer came"
	default:
		return "the provider gave no token response"
	}
}

func timedOut(err error) bool {
	ne, isNetwork := errors.AsType[net.Error](err)
	return errors.Is(err, context.DeadlineExceeded) || isNetwork && ne.Timeout()
}
