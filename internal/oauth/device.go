package oauth

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/oauth2"

	"holdfast/internal/fault"
	"holdfast/internal/pause"
	"holdfast/internal/secret"
)

// Device is a sign-in that a person does on another machine (RFC 8628).
type Device struct {
	// UserCode is what the person types at VerificationURL; Complete (may be empty) has it in it already.
	UserCode, VerificationURL, Complete string
	// Ends is when the code does; zero where the provider did not say.
	Ends time.Time

	code     secret.Value
	interval time.Duration
}

// What a provider answers while it waits for the person (RFC 8628 section 3.5): wrapped by the faults of polls.
var (
	errPending  = errors.New("the person has not finished yet")
	errSlowDown = errors.New("the provider wants fewer requests")
)

const (
	deviceInterval = 5 * time.Second // where the provider names none, and what slow_down adds
	deviceGrant    = "urn:ietf:params:oauth:grant-type:device_code"
)

// StartDevice asks for a code that a person can type elsewhere (RFC 8628 section 3.1).
func (c *Client) StartDevice(ctx context.Context, e Endpoint, deviceURL string) (Device, error) {
	if err := cmp.Or(checkURL(deviceURL, "/auth/device_url", "device authorization URL"), e.needClientID()); err != nil {
		return Device{}, err
	}
	style, err := e.style()
	if err != nil {
		return Device{}, err
	}
	conf := oauth2.Config{ClientID: e.ClientID, Scopes: e.Scopes, Endpoint: oauth2.Endpoint{DeviceAuthURL: deviceURL}}
	var options []oauth2.AuthCodeOption
	if style == oauth2.AuthStyleInParams && !e.ClientSecret.Empty() {
		options = append(options, oauth2.SetAuthURLParam("client_secret", e.ClientSecret.Reveal()))
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	var sent progress
	transport := asClient{c.http.Transport, sent.watch(ctx), e, style == oauth2.AuthStyleInHeader}
	client := &http.Client{Transport: transport, CheckRedirect: noRedirect}
	answer, err := conf.DeviceAuth(context.WithValue(ctx, oauth2.HTTPClient, client), options...)
	if err != nil {
		return Device{}, c.explain(err, sent.sent())
	}
	return readDevice(answer)
}

// readDevice refuses an answer that nobody could follow.
func readDevice(a *oauth2.DeviceAuthResponse) (Device, error) {
	for _, address := range []string{a.VerificationURI, cmp.Or(a.VerificationURIComplete, a.VerificationURI)} {
		if checkURL(address, "", "") != nil || a.DeviceCode == "" || a.UserCode == "" {
			return Device{}, fault.New(fault.ProviderUnclear, "the provider's answer holds no code or no page to type it on")
		}
	}
	return Device{
		UserCode: a.UserCode, VerificationURL: a.VerificationURI, Complete: a.VerificationURIComplete, Ends: a.Expiry,
		code: secret.New(a.DeviceCode), interval: cmp.Or(max(0, time.Duration(a.Interval)*time.Second), deviceInterval),
	}, nil
}

// AwaitDevice asks again and again, no faster than the provider allows, until the person has finished, refused,
// or the code has ended: then access_denied.
func (c *Client) AwaitDevice(ctx context.Context, e Endpoint, d Device) (Token, error) {
	if !d.Ends.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadlineCause(ctx, d.Ends, ended())
		defer cancel()
	}
	for wait := d.interval; ; {
		if !pause.For(ctx, wait) {
			return Token{}, context.Cause(ctx)
		}
		t, err := c.request(ctx, e, map[string]secret.Value{"grant_type": secret.New(deviceGrant), "device_code": d.code})
		switch {
		case err == nil:
			return t, nil
		case ctx.Err() != nil:
			return Token{}, context.Cause(ctx)
		case errors.Is(err, errPending):
		case errors.Is(err, errSlowDown), fault.From(err).Class() == fault.Transient: // section 3.5 asks for both
			wait += deviceInterval
		default:
			return Token{}, err
		}
	}
}

func ended() *fault.Fault {
	return fault.New(fault.AccessDenied, "the code has ended before anybody signed in with it").WithHint("start again")
}

// waiting gives a poll's answer the cause that AwaitDevice looks for.
func waiting(code string) error {
	switch code {
	case "authorization_pending":
		return errPending
	case "slow_down":
		return errSlowDown
	}
	return nil
}

// asClient does what the library does not for this one request: it bounds it, and says who the client is.
type asClient struct {
	http.RoundTripper

	ctx      context.Context //nolint:containedctx // the library's request has none
	endpoint Endpoint
	inHeader bool
}

func (a asClient) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(a.ctx)
	if a.inHeader { // form-encoded first: RFC 6749 section 2.3.1
		r.SetBasicAuth(url.QueryEscape(a.endpoint.ClientID), url.QueryEscape(a.endpoint.ClientSecret.Reveal()))
	}
	return a.RoundTripper.RoundTrip(r)
}
