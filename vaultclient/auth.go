package vaultclient

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// lease is a token of ours and how long it lasts.
type lease struct {
	token secret.Value
	// ttl is its life from since on; 0 means for ever.
	ttl   time.Duration
	since time.Time
	// granted is the life that a full renewal gives.
	granted   time.Duration
	renewable bool
	// nearMax tells that the last renewal gave less than was granted: the maximum life is near.
	nearMax bool
}

func (l lease) held() bool { return !l.token.Empty() }

// live tells whether the token is within its life.
func (l lease) live(now time.Time) bool {
	return l.held() && (l.ttl == 0 || now.Before(l.since.Add(l.ttl)))
}

// renewAt is when to renew or replace it: at two thirds of its life.
func (l lease) renewAt() time.Time { return l.since.Add(l.ttl * 2 / 3) }

// logIn gets a token by the configured method; faults are VaultLogin where the login itself is refused.
func (c *Client) logIn(ctx context.Context) (lease, error) {
	a := c.cfg.Auth
	switch a.Method {
	case MethodToken:
		return c.adopt(ctx, a.Token)
	case MethodTokenFile:
		token, err := readFile(a.TokenFile, "/auth/token_file")
		if err != nil {
			return lease{}, err
		}
		l, err := c.adopt(ctx, token)
		l.renewable = false // the agent that writes the file renews it
		return l, err
	case MethodAppRole:
		id, err := a.secretID()
		if err != nil {
			return lease{}, err
		}
		return c.login(ctx, map[string]string{"role_id": a.RoleID, "secret_id": id.Reveal()})
	default:
		jwt, err := readFile(a.JWTFile, "/auth/jwt_file")
		if err != nil {
			return lease{}, err
		}
		return c.login(ctx, map[string]string{"role": a.Role, "jwt": jwt.Reveal()})
	}
}

func (a AuthConfig) secretID() (secret.Value, error) {
	if a.SecretIDFile == "" {
		return a.SecretID, nil
	}
	return readFile(a.SecretIDFile, "/auth/secret_id_file")
}

// readFile reads a secret from a file, surrounding white space cut.
func readFile(path, field string) (secret.Value, error) {
	raw, err := os.ReadFile(path)
	text := strings.TrimSpace(string(raw))
	switch {
	case err != nil:
		return secret.Value{}, fault.Wrap(fault.VaultLogin, "a file that the Vault login needs can not be read", err).
			WithField(field).WithHint("ls -l " + path)
	case text == "" || strings.ContainsAny(text, "\r\n"):
		return secret.Value{}, fault.New(fault.VaultLogin, "a file that the Vault login needs does not hold one line").
			WithField(field).WithHint("ls -l " + path)
	}
	return secret.New(text), nil
}

// login writes to auth/<mount>/login, which all methods share.
func (c *Client) login(ctx context.Context, body map[string]string) (lease, error) {
	path := "auth/" + c.cfg.Auth.Mount + "/login"
	a, err := c.do(ctx, request{op: opLogin, method: http.MethodPut, path: path, body: body})
	if err != nil {
		return lease{}, err
	}
	if a.body.Auth == nil || a.body.Auth.ClientToken == "" {
		return lease{}, fault.New(fault.VaultLogin, "Vault answered the login without a token").
			WithHint("logins that need a second factor are not supported")
	}
	return c.leaseOf(a.body.Auth), nil
}

func (c *Client) leaseOf(b *authBlock) lease {
	ttl := time.Duration(b.LeaseDuration) * time.Second
	return lease{token: secret.New(b.ClientToken), ttl: ttl, granted: ttl, since: c.now(), renewable: b.Renewable}
}

// adopt takes a token that was given, and asks Vault about it.
func (c *Client) adopt(ctx context.Context, token secret.Value) (lease, error) {
	a, err := c.lookup(ctx, token)
	switch {
	case fault.Is(err, fault.VaultForbidden):
		return lease{}, fault.New(fault.VaultLogin, "Vault does not know the worker's token, or its policy lacks auth/token/lookup-self").
			WithHint("vault token lookup")
	case err != nil:
		return lease{}, err
	}
	var data struct {
		TTL         int  `json:"ttl"`
		CreationTTL int  `json:"creation_ttl"`
		Renewable   bool `json:"renewable"`
	}
	if json.Unmarshal(a.body.Data, &data) != nil {
		return lease{}, notVault()
	}
	return lease{
		token: token, since: c.now(), renewable: data.Renewable,
		ttl:     time.Duration(data.TTL) * time.Second,
		granted: time.Duration(data.CreationTTL) * time.Second,
	}, nil
}

func (c *Client) lookup(ctx context.Context, token secret.Value) (answer, error) {
	return c.do(ctx, request{op: opLookup, method: http.MethodGet, path: "auth/token/lookup-self", token: token})
}

// renew prolongs a lease by as much as Vault gives.
func (c *Client) renew(ctx context.Context, l lease) (lease, error) {
	a, err := c.do(ctx, request{op: opRenew, method: http.MethodPut, path: "auth/token/renew-self", token: l.token})
	if err != nil {
		return l, err
	}
	if a.body.Auth == nil {
		return l, notVault()
	}
	l.ttl = time.Duration(a.body.Auth.LeaseDuration) * time.Second
	l.since = c.now()
	l.nearMax = l.ttl+time.Second < l.granted // Vault counts whole seconds, so one may be missing
	return l, nil
}
