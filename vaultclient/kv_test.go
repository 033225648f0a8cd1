package vaultclient

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const confPath = "holdfast/acme/conn/crm/config"

func TestC4_ConfigIsReadWithItsVersion(t *testing.T) {
	r := newRig(t)
	r.vault.Put(t, confPath, map[string]any{"username": "ada", "port": 8443, "ratio": 0.5, "tls": true})
	s, err := r.client.Config(t.Context(), "acme", "crm", false)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{"username": "ada", "port": "8443", "ratio": "0.5", "tls": "true"}
	if s.Version != 1 || !slices.Equal(s.Fields(), []string{"port", "ratio", "tls", "username"}) || len(s.Values()) != 4 {
		t.Fatalf("version %d, fields %v", s.Version, s.Fields())
	}
	for name, text := range want {
		if v, ok := s.Get(name); !ok || v.Reveal() != text {
			t.Errorf("%s is %q, want %q", name, v.Reveal(), text)
		}
	}
	if _, ok := s.Get("nothing"); ok {
		t.Error("a field that is not there was found")
	}
}

func TestC4_AFreshReadSeesANewVersionAtOnce(t *testing.T) {
	r := newRig(t)
	for want := 1; want <= 3; want++ {
		r.vault.Put(t, confPath, map[string]any{"password": "p"})
		s, err := r.client.Config(t.Context(), "acme", "crm", true)
		if err != nil || s.Version != want {
			t.Fatalf("version %d, %v; want %d", s.Version, err, want)
		}
	}
	if s, err := r.client.Config(t.Context(), "acme", "crm", false); err != nil || s.Version != 3 {
		t.Fatalf("the cache holds version %d, %v", s.Version, err)
	}
}

func TestO3_ConfigVersionFollowsWhatHappensToTheSecret(t *testing.T) {
	r := newRig(t)
	steps := []struct {
		name string
		do   func()
		want Version
	}{
		{"never written", func() {}, Version{}},
		{"written", func() { r.vault.Put(t, confPath, map[string]any{"a": "b"}) }, Version{Current: 1}},
		{"rotated", func() { r.vault.Put(t, confPath, map[string]any{"a": "c"}) }, Version{Current: 2}},
		{"deleted", func() { r.vault.Delete(t, confPath) }, Version{Current: 2, Deleted: true}},
		{"destroyed", func() { r.vault.Destroy(t, confPath, 2) }, Version{Current: 2, Deleted: true, Destroyed: true}},
		{"to be deleted later", func() {
			r.vault.Set(t, "secret/metadata/"+confPath, map[string]any{"delete_version_after": "1h"})
			r.vault.Put(t, confPath, map[string]any{"a": "d"})
		}, Version{Current: 3}},
	}
	for _, s := range steps {
		s.do()
		got, err := r.client.ConfigVersion(t.Context(), "acme", "crm")
		if got.Created.IsZero() != (s.want.Current == 0) {
			t.Errorf("%s: created at %s", s.name, got.Created)
		}
		got.Created = time.Time{}
		if err != nil || got != s.want {
			t.Fatalf("%s: %+v, %v; want %+v", s.name, got, err, s.want)
		}
	}
}

func TestTokenIsWrittenOnlyOverTheVersionThatWasRead(t *testing.T) {
	r := newRig(t)
	c, ctx := r.client, t.Context()
	put := func(cas int, value string) (int, error) {
		return c.PutToken(ctx, "acme", "crm", cas, map[string]secret.Value{"refresh_token": secret.New(value)})
	}
	if s, err := c.Token(ctx, "acme", "crm"); err != nil || s.Version != 0 {
		t.Fatalf("a token never written: %v, %v", s, err)
	}
	_, err := put(4, "too early")
	wantReason(t, err, fault.Conflict)
	if n, err := put(0, "one"); err != nil || n != 1 {
		t.Fatalf("first write: %d, %v", n, err)
	}
	_, err = put(0, "again")
	wantReason(t, err, fault.Conflict)
	if n, err := put(1, "two"); err != nil || n != 2 {
		t.Fatalf("patch: %d, %v", n, err)
	}
	_, err = put(1, "late")
	wantReason(t, err, fault.Conflict)
	s, err := c.Token(ctx, "acme", "crm")
	if v, _ := s.Get("refresh_token"); err != nil || s.Version != 2 || v.Reveal() != "two" {
		t.Fatalf("stored: %v %q, %v", s, v.Reveal(), err)
	}
}

func TestTokenPatchKeepsFieldsThatItDoesNotName(t *testing.T) {
	r := newRig(t)
	r.vault.Put(t, "holdfast/acme/conn/crm/token", map[string]any{"refresh_token": "r1", "issued_for": "ada"})
	_, err := r.client.PutToken(t.Context(), "acme", "crm", 1, map[string]secret.Value{"refresh_token": secret.New("r2")})
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.client.Token(t.Context(), "acme", "crm")
	if v, ok := s.Get("issued_for"); err != nil || !ok || v.Reveal() != "ada" {
		t.Fatalf("fields %v, %v", s.Fields(), err)
	}
}

func TestTokenIsWrittenAgainAfterItWasTakenAway(t *testing.T) {
	const path = "holdfast/acme/conn/crm/token"
	ways := map[string]struct {
		gone func(r *rig)
		next int
	}{
		"deleted":   {func(r *rig) { r.vault.Delete(t, path) }, 3},
		"destroyed": {func(r *rig) { r.vault.Destroy(t, path, 2) }, 3},
		"metadata deleted": {func(r *rig) {
			r.vault.Do(t, "DELETE", "secret/metadata/"+path, nil, nil)
		}, 1},
	}
	r := newRig(t)
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c, ctx := r.client, t.Context()
			fields := map[string]secret.Value{"refresh_token": secret.New("x")}
			r.vault.Do(t, "DELETE", "secret/metadata/"+path, nil, nil)
			r.vault.Put(t, path, map[string]any{"refresh_token": "a"})
			r.vault.Put(t, path, map[string]any{"refresh_token": "b"})
			way.gone(r)
			_, err := c.PutToken(ctx, "acme", "crm", 2, fields)
			wantReason(t, err, fault.Conflict)
			if s, err := c.Token(ctx, "acme", "crm"); err != nil || s.Version != 0 {
				t.Fatalf("nothing is there, and Token gives %v, %v", s, err)
			}
			if n, err := c.PutToken(ctx, "acme", "crm", 0, fields); err != nil || n != way.next {
				t.Fatalf("written again: %d, %v; want %d", n, err, way.next)
			}
		})
	}
}

func TestPutConfigWritesTheNextVersion(t *testing.T) {
	r := newRig(t, asRoot)
	for want := 1; want <= 2; want++ {
		n, err := r.client.PutConfig(t.Context(), "acme", "crm", map[string]secret.Value{"password": secret.New("p")})
		if err != nil || n != want {
			t.Fatalf("%d, %v; want %d", n, err, want)
		}
		s, err := r.client.Config(t.Context(), "acme", "crm", false)
		if err != nil || s.Version != want {
			t.Fatalf("after the write the cache gives %v, %v", s, err)
		}
	}
}

func TestIDsThatAreNoPathPartsTouchNothing(t *testing.T) {
	r := newRig(t)
	r.proxy.Reset()
	for _, id := range []string{"", "a/b", "..", "a b", "+", "*", "a%2fb", strings.Repeat("a", 129)} {
		for _, pair := range [][2]string{{id, "crm"}, {"acme", id}} {
			_, err := r.client.Config(t.Context(), pair[0], pair[1], true)
			wantReason(t, err, fault.BadID)
			_, err = r.client.ConfigVersion(t.Context(), pair[0], pair[1])
			wantReason(t, err, fault.BadID)
			_, err = r.client.Token(t.Context(), pair[0], pair[1])
			wantReason(t, err, fault.BadID)
			_, err = r.client.PutToken(t.Context(), pair[0], pair[1], 0, nil)
			wantReason(t, err, fault.BadID)
			_, err = r.client.PutConfig(t.Context(), pair[0], pair[1], nil)
			wantReason(t, err, fault.BadID)
		}
	}
	if calls := r.proxy.Calls(); len(calls) != 0 {
		t.Fatalf("Vault was asked: %v", calls)
	}
}

func TestC2_ASecretShowsNothingOfItself(t *testing.T) {
	s := Secret{Version: 7, fields: map[string]secret.Value{"password": secret.New("canary-4711")}}
	type outer struct{ S Secret }
	var log strings.Builder
	lg := zerolog.New(&log)
	lg.Info().Object("s", s).Interface("i", s).Stringer("t", s).Msg("")
	raw, err := json.Marshal(outer{s})
	if err != nil {
		t.Fatal(err)
	}
	shown := string(raw) + log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		shown += fmt.Sprintf(verb+verb+verb, s, outer{s}, &s)
	}
	if strings.Contains(shown, "canary") || strings.Contains(shown, fmt.Sprintf("%x", "canary")) {
		t.Fatalf("shown: %s", shown)
	}
}

func asRoot(c *Config) {
	c.Auth = AuthConfig{Method: MethodToken, Token: c.Auth.Token}
}
