package vaultclient

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// answers is an answer of a fault-injecting proxy.
func answers(status int, body string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

const (
	nginx    = "<html><head><title>nginx</title></head></html>"
	nothing  = `{"errors":[]}`
	internal = `{"errors":["internal error"]}`
)

// TestO4_WhatVaultAnswersAndWhatItMeans goes through the whole table with a config read: first what the real
// Vault answers, then what it can not be brought to answer, through a proxy before it.
func TestO4_WhatVaultAnswersAndWhatItMeans(t *testing.T) {
	r := newRig(t)
	v, path := r.vault, confPath
	v.Put(t, "holdfast/acme/conn/nested/config", map[string]any{"a": map[string]any{"b": "c"}})
	v.Put(t, "holdfast/acme/conn/null/config", map[string]any{"a": nil})
	v.Put(t, "holdfast/acme/conn/list/config", map[string]any{"a": []string{"b"}})

	other := r.start(t, asRootWith(v.RootToken), func(c *Config) { c.Mount = "nowhere" })
	v.Set(t, "sys/mounts/oldkv", map[string]any{"type": "kv", "options": map[string]string{"version": "2"}})
	old := r.start(t, asRootWith(v.RootToken), func(c *Config) { c.Mount = "oldkv" })
	v.Do(t, http.MethodDelete, "sys/mounts/oldkv", nil, nil)
	v.Set(t, "sys/mounts/oldkv", map[string]any{"type": "kv", "options": map[string]string{"version": "1"}})
	v.Policy(t, "fenced", `path "auth/token/lookup-self" { capabilities = ["read"] }
path "secret/data/elsewhere" { capabilities = ["read"] }`)
	fenced := r.start(t, func(c *Config) {
		asRootWith(v.Token(t, []string{"fenced"}))(c)
	})

	read := func(connection string) func(context.Context) error {
		return func(ctx context.Context) error {
			_, err := r.client.Config(ctx, "acme", connection, true)
			return err
		}
	}
	real := []struct {
		name    string
		arrange func()
		call    func(context.Context) error
		want    fault.Reason
	}{
		{"secret never written", nil, read("crm"), fault.SecretMissing},
		{"secret deleted", func() { v.Put(t, path, map[string]any{"a": "b"}); v.Delete(t, path) }, read("crm"), fault.SecretDeleted},
		{"secret destroyed", func() { v.Put(t, path, map[string]any{"a": "b"}); v.Destroy(t, path, 2) }, read("crm"), fault.SecretDestroyed},
		{"nested value", nil, read("nested"), fault.SecretMalformed},
		{"null value", nil, read("null"), fault.SecretMalformed},
		{"list value", nil, read("list"), fault.SecretMalformed},
		{"no mount", nil, func(ctx context.Context) error {
			_, err := other.Config(ctx, "acme", "crm", true)
			return err
		}, fault.VaultNoMount},
		{"patch on KV version 1", nil, func(ctx context.Context) error {
			_, err := old.PutToken(ctx, "acme", "crm", 1, map[string]secret.Value{"a": secret.New("b")})
			return err
		}, fault.VaultNoMount},
		{"policy forbids", nil, func(ctx context.Context) error {
			_, err := fenced.Config(ctx, "acme", "crm", true)
			return err
		}, fault.VaultForbidden},
		{"check-and-set mismatch", nil, func(ctx context.Context) error {
			_, err := r.client.PutToken(ctx, "acme", "nested", 9, map[string]secret.Value{"a": secret.New("b")})
			return err
		}, fault.Conflict},
		{"check-and-set demanded", func() {
			v.Set(t, "secret/metadata/"+path, map[string]any{"cas_required": true})
		}, func(ctx context.Context) error {
			root := r.start(t, asRootWith(v.RootToken))
			_, err := root.PutConfig(ctx, "acme", "crm", map[string]secret.Value{"a": secret.New("b")})
			return err
		}, fault.VaultForbidden},
		{"wrong secret id", nil, func(ctx context.Context) error {
			role, _ := v.AppRole(t, "other", []string{"worker"})
			c := r.newClient(t, func(c *Config) {
				c.Auth = AuthConfig{Method: MethodAppRole, RoleID: role, SecretID: secret.New("wrong")}
			})
			return c.Start(ctx)
		}, fault.VaultLogin},
		{"unknown token", nil, func(ctx context.Context) error {
			return r.newClient(t, asRootWith("hvs.unknown")).Start(ctx)
		}, fault.VaultLogin},
		{"sealed", func() { v.Seal(t) }, read("crm"), fault.VaultSealed},
		{"sealed, at login", nil, func(ctx context.Context) error {
			return r.newClient(t, asRootWith(v.RootToken)).Start(ctx)
		}, fault.VaultSealed},
		{"gone", func() { v.Kill() }, read("crm"), fault.VaultUnavailable},
	}
	for _, c := range real {
		t.Run("real/"+c.name, func(t *testing.T) {
			if c.arrange != nil {
				c.arrange()
			}
			err := c.call(t.Context())
			wantReason(t, err, c.want)
			checkShown(t, err, r)
		})
	}
}

func asRootWith(token string) func(*Config) {
	return func(c *Config) { c.Auth = AuthConfig{Method: MethodToken, Token: secret.New(token)} }
}

// checkShown holds an error to fixed words: no address, no path, no text of Vault's.
func checkShown(t *testing.T, err error, r *rig) {
	t.Helper()
	f := fault.From(err)
	shown := f.Error() + f.Hint + r.log.String()
	for _, word := range []string{"127.0.0.1", "/v1/", "acme", "permission denied", "nginx", "hvs."} {
		if strings.Contains(shown, word) {
			t.Errorf("%q is shown: %s", word, shown)
		}
	}
}

func TestO4_WhatOnlyABrokenClusterOrAnIntermediaryAnswers(t *testing.T) {
	r := newRig(t)
	r.vault.Put(t, confPath, map[string]any{"password": "right"})
	type injected struct {
		name   string
		answer http.HandlerFunc
		want   fault.Reason
		after  time.Duration
	}
	cases := []injected{
		{"throttled", answers(429, `{"errors":["rate limit quota exceeded"]}`, "Retry-After", "7"), fault.VaultThrottled, 7 * time.Second},
		{"throttled by a proxy", answers(429, nginx), fault.VaultThrottled, 0},
		{"throttled until a date", answers(429, nothing, "Retry-After", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat)), fault.VaultThrottled, time.Hour},
		{"upgrading", answers(400, `{"errors":["Upgrading from non-versioned to versioned data. This backend will be unavailable for a brief period and will resume service shortly."]}`), fault.VaultUnavailable, 0},
		{"another 400", answers(400, `{"errors":["unexpected"]}`), fault.Internal, 0},
		{"404 of a proxy", answers(404, nginx), fault.VaultUnavailable, 0},
		{"404 without a body", answers(404, ""), fault.VaultUnavailable, 0},
		{"404 of an API gateway", answers(404, `{"message":"not found"}`), fault.VaultUnavailable, 0},
		{"404 with another text", answers(404, `{"errors":["something else"]}`), fault.VaultUnavailable, 0},
		{"404 of another engine", answers(404, `{"errors":["1 error occurred:\n\t* unsupported path\n\n"]}`), fault.VaultNoMount, 0},
		{"403 of a firewall", answers(403, nginx), fault.VaultUnavailable, 0},
		{"401 of a proxy", answers(401, nginx), fault.VaultUnavailable, 0},
		{"200 of a captive portal", answers(200, nginx), fault.VaultUnavailable, 0},
		{"200 without data", answers(200, `{"request_id":"x"}`), fault.VaultUnavailable, 0},
		{"200 with other JSON", answers(200, `{}`), fault.VaultUnavailable, 0},
		{"200 cut short", answers(200, `{"request_id":"x","data":{"da`), fault.VaultUnavailable, 0},
		{"sealed by its health", answers(503, `{"initialized":true,"sealed":true}`), fault.VaultSealed, 0},
		{"sealed in other clothes", answers(500, `{"errors":["Vault is sealed"]}`), fault.VaultSealed, 0},
		{"not initialized", answers(501, `{"initialized":false,"sealed":true}`), fault.VaultUnavailable, 0},
		{"no upstream", answers(503, nginx), fault.VaultUnavailable, 0},
		{"405", answers(405, `{"errors":["unsupported operation"]}`), fault.VaultNoMount, 0},
		{"teapot", answers(418, internal), fault.VaultUnavailable, 0},
		{"cut off", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, fault.VaultUnavailable, 0},
		{"endless", endless, fault.VaultUnavailable, 0},
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		cases = append(cases, injected{"redirect " + strconv.Itoa(status),
			answers(status, "", "Location", "http://127.0.0.1:1/v1/elsewhere"), fault.VaultUnavailable, 0})
	}
	for _, status := range []int{412, 472, 473, 474, 500, 502, 503, 504, 530} {
		cases = append(cases, injected{strconv.Itoa(status), answers(status, internal), fault.VaultUnavailable, 0},
			injected{strconv.Itoa(status) + " of a proxy", answers(status, nginx), fault.VaultUnavailable, 0})
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			r.proxy.Intercept(nil, c.answer)
			_, err := r.client.Config(t.Context(), "acme", "crm", true)
			wantReason(t, err, c.want)
			if got := fault.From(err).RetryAfter; got < c.after-10*time.Second || got > c.after+10*time.Second {
				t.Errorf("retry after %s, want about %s", got, c.after)
			}
			checkShown(t, err, r)
			r.proxy.Pass()
			eventually(t, "a right answer closes the breaker again", func() bool {
				_, err := r.client.Config(t.Context(), "acme", "crm", true)
				return err == nil
			})
		})
	}
}

func endless(w http.ResponseWriter, _ *http.Request) {
	chunk := []byte(strings.Repeat(" ", 64<<10))
	for range 2 * maxBody / len(chunk) {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
}

func TestO4_AVaultThatDoesNotAnswerIsGivenUpInTime(t *testing.T) {
	r := newRig(t)
	c := r.start(t, asRootWith(r.vault.RootToken), func(c *Config) { c.Timeout = 100 * time.Millisecond })
	r.proxy.Intercept(nil, func(_ http.ResponseWriter, req *http.Request) { <-req.Context().Done() })
	start := time.Now()
	_, err := c.Config(t.Context(), "acme", "crm", true)
	wantReason(t, err, fault.VaultUnavailable)
	if took := time.Since(start); took > 3*time.Second {
		t.Fatalf("given up after %s", took)
	}
}

func TestTableHasNoLineThatSuspendsForVaultsOwnTrouble(t *testing.T) {
	suspending := []fault.Reason{fault.SecretMissing, fault.SecretDeleted, fault.SecretDestroyed}
	outcomes := Outcomes()
	for _, line := range table {
		if line.reason.Class().Suspends() != slices.Contains(suspending, line.reason) {
			t.Errorf("%d %s: class %s", line.status, line.reason, line.reason.Class())
		}
		if line.reason.Class().Suspends() && (line.status != 404 || line.when == nil) {
			t.Errorf("%s follows from %d without a look at the body", line.reason, line.status)
		}
		if !slices.Contains(outcomes, string(line.reason)) {
			t.Errorf("%s is no outcome", line.reason)
		}
	}
}
