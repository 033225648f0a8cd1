package vaultclient

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

const storedAt = "holdfast/acme/conn/crm/config"

func userPass(user, password string) map[string]secret.Value {
	return map[string]secret.Value{"username": secret.New(user), "password": secret.New(password)}
}

// stores calls StoreConfig and demands version and whether it was written.
func stores(t *testing.T, c *Client, fields map[string]secret.Value, keep bool, want Stored) {
	t.Helper()
	got, err := c.StoreConfig(t.Context(), "acme", "crm", fields, keep)
	if err != nil || got != want {
		t.Fatalf("%+v, %v; want %+v", got, err, want)
	}
}

func holds(t *testing.T, c *Client, want string) {
	t.Helper()
	s, err := c.Config(t.Context(), "acme", "crm", true)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, name := range s.Fields() {
		v, _ := s.Get(name)
		got = append(got, name+"="+v.Reveal())
	}
	if strings.Join(got, " ") != want {
		t.Errorf("Vault holds other fields or values: %v", s.Fields())
	}
}

func TestC2_StoringTheSameSecretAgainWritesNoSecondVersion(t *testing.T) {
	r := newRig(t, asRoot)
	c := r.client
	stores(t, c, userPass("ada", "one"), false, Stored{1, true})
	stores(t, c, userPass("ada", "one"), false, Stored{1, false})
	stores(t, c, userPass("ada", "two"), false, Stored{2, true})
	stores(t, c, map[string]secret.Value{"password": secret.New("two")}, true, Stored{2, false})
	stores(t, c, map[string]secret.Value{"password": secret.New("three")}, true, Stored{3, true})
	holds(t, c, "password=three username=ada")
	stores(t, c, map[string]secret.Value{"token": secret.New("t")}, false, Stored{4, true})
	holds(t, c, "token=t")
}

func TestC2_ASecretIsStoredAgainAfterItWasTakenAway(t *testing.T) {
	r := newRig(t, asRoot)
	for name, gone := range map[string]func(){
		"deleted":   func() { r.vault.Delete(t, storedAt) },
		"destroyed": func() { r.vault.Destroy(t, storedAt, 1) },
		"nested":    func() { r.vault.Put(t, storedAt, map[string]any{"deep": map[string]string{"a": "b"}}) },
	} {
		t.Run(name, func(t *testing.T) {
			r.vault.Do(t, "DELETE", "secret/metadata/"+storedAt, nil, nil)
			stores(t, r.client, userPass("ada", "one"), false, Stored{1, true})
			gone()
			s, err := r.client.StoreConfig(t.Context(), "acme", "crm", userPass("ada", "one"), false)
			if err != nil || !s.Written || s.Version < 2 {
				t.Fatalf("%+v, %v", s, err)
			}
			holds(t, r.client, "password=one username=ada")
		})
	}
}

// A policy that may not read writes what it is given as a whole, and nothing that it would have to read first.
func TestC2_TheRotatorStoresWithoutReading(t *testing.T) {
	r := newRig(t, asRoot)
	r.vault.Policy(t, "rotator", policyFile(t, "rotator.hcl"))
	token := r.vault.Token(t, []string{"rotator"})
	rotator := r.start(t, func(c *Config) { c.Auth.Token = secret.New(token) })
	stores(t, rotator, userPass("ada", "one"), false, Stored{1, true})
	stores(t, rotator, userPass("ada", "one"), false, Stored{2, true})
	_, err := rotator.StoreConfig(t.Context(), "acme", "crm", map[string]secret.Value{"password": secret.New("CANARY")}, true)
	wantReason(t, err, fault.VaultForbidden)
	if f := fault.From(err); f.Hint == "" || strings.Contains(fmt.Sprint(f, f.Hint), "CANARY") {
		t.Errorf("%v, hint %q", f, f.Hint)
	}
	holds(t, r.client, "password=one username=ada")
}
