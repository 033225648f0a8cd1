package vaultclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/sony/gobreaker/v2"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const (
	// maxBody bounds an answer: Vault takes no secret over 1 MiB, and an intermediary may send anything.
	maxBody = 4 << 20
	// breakerTrips is how many requests in a row must fail to reach Vault before the breaker opens.
	breakerTrips = 5
	// breakerPause is how long it stays open before one request tries again.
	breakerPause = time.Second
)

// request is one HTTP request to Vault; path is without /v1/.
type request struct {
	op     string
	method string
	path   string
	query  map[string]string
	token  secret.Value
	body   any
	// outside sends it without the namespace: some paths of sys exist in the root namespace only.
	outside bool
}

var (
	errUnreached = errors.New("vault was not reached")
	errGaveUp    = errors.New("the caller gave up")
)

// do sends one request and says what the answer means: nil error for a success of Vault's own. The answer
// is there with an error too, where one came. It neither logs in nor repeats.
func (c *Client) do(ctx context.Context, r request) (answer, error) {
	start := c.now()
	a, err := c.inTurn(ctx, r)
	c.obs.VaultCall(r.op, outcome(err), c.now().Sub(start))
	return a, err
}

func outcome(err error) string {
	switch {
	case err == nil:
		return outcomeOK
	case errors.Is(err, errGaveUp):
		return outcomeCanceled
	default:
		return string(fault.From(err).Reason)
	}
}

// inTurn waits for one of the MaxInFlight places, asks the breaker, and sends.
func (c *Client) inTurn(ctx context.Context, r request) (answer, error) {
	if err := c.places.Acquire(ctx, 1); err != nil {
		return answer{}, gaveUp(err)
	}
	defer c.places.Release(1)
	var a answer
	_, err := c.breaker.Execute(func() (struct{}, error) {
		var err error
		a, err = c.send(ctx, r)
		return struct{}{}, err
	})
	switch {
	case errors.Is(err, gobreaker.ErrOpenState), errors.Is(err, gobreaker.ErrTooManyRequests):
		return a, fault.New(fault.VaultUnavailable, "Vault could not be reached a moment ago").WithRetryAfter(breakerPause)
	case errors.Is(err, errGaveUp):
		return a, gaveUp(ctx.Err())
	case err != nil && a.status == 0:
		return a, fault.New(fault.VaultUnavailable, "Vault could not be reached").WithHint("vault status")
	default:
		return a, classify(a, c.now())
	}
}

func gaveUp(cause error) error {
	return fault.Wrap(fault.VaultUnavailable, "the call to Vault was given up by its caller", errors.Join(errGaveUp, cause))
}

// send is one round trip, no redirect followed, within the timeout. Its error is errUnreached where nothing
// proves that Vault is there, errGaveUp where the caller's context ended first.
func (c *Client) send(ctx context.Context, r request) (answer, error) {
	bounded, cancel := context.WithTimeout(ctx, c.cfg.Timeout)
	defer cancel()
	a, err := c.roundTrip(bounded, r)
	switch {
	case err != nil && ctx.Err() != nil:
		return answer{}, errGaveUp
	case err != nil:
		return answer{}, errUnreached
	case !a.reached():
		return a, errUnreached
	}
	return a, nil
}

func (c *Client) roundTrip(ctx context.Context, r request) (answer, error) {
	client := c.api
	if r.outside {
		client = c.rootAPI
	}
	req := client.NewRequest(r.method, "/v1/"+r.path)
	req.ClientToken = r.token.Reveal()
	for k, v := range r.query {
		req.Params.Set(k, v)
	}
	if r.method == http.MethodPatch {
		req.Headers.Set("Content-Type", "application/merge-patch+json")
	}
	if r.body != nil {
		if err := req.SetJSONBody(r.body); err != nil {
			return answer{}, err
		}
	}
	//nolint:staticcheck // the methods it recommends hide Retry-After, or can not write.
	resp, err := client.RawRequestWithContext(ctx, req)
	if resp == nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := newAnswer(resp.StatusCode, resp.Header, raw)
	a.login = r.op == opLogin
	return a, nil
}

// boundBody keeps the library, which reads whole error bodies, from reading without end.
func boundBody(resp *api.Response) {
	resp.Body = boundedBody{io.LimitReader(resp.Body, maxBody), resp.Body}
}

type boundedBody struct {
	io.Reader
	io.Closer
}
