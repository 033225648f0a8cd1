package ops_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

// kept is a secret of Vault below secret/.
type kept struct {
	vault *testkit.Vault
	path  string
}

func (s kept) fields(t *testing.T) map[string]any {
	t.Helper()
	var got struct {
		Data struct {
			Data map[string]any `json:"data"`
		} `json:"data"`
	}
	s.vault.Do(t, http.MethodGet, "secret/data/"+s.path, nil, &got)
	return got.Data.Data
}

// broken brings the secret into the state that a reason is about.
func (s kept) broken(t *testing.T, r fault.Reason) {
	t.Helper()
	if r == fault.SecretMissing {
		return
	}
	version := s.vault.Put(t, s.path, map[string]any{"username": "demo", "client_secret": "kept", "refresh_token": "kept"})
	switch r {
	case fault.SecretDeleted:
		s.vault.Delete(t, s.path)
	case fault.SecretDestroyed:
		s.vault.Destroy(t, s.path, version)
	default:
	}
}

// run does what the vault command does with such a line: the same calls of its API. Names that a person fills in
// are filled in.
func (s kept) run(t *testing.T, line string) (named []string) {
	t.Helper()
	verb, fields := "", map[string]any{}
	for _, word := range strings.Fields(line) {
		switch name, _, assigns := strings.Cut(word, "="); {
		case slices.Contains([]string{"put", "patch", "undelete"}, word):
			verb = word
		case word == "secret/"+s.path, strings.HasPrefix(word, "-"), word == "vault", word == "kv", word == "…":
		case assigns:
			named, fields[name] = append(named, name), "new"
		default:
			t.Errorf("%s: what is %s?", line, word)
		}
	}
	method, path, body := http.MethodPost, "secret/data/"+s.path, any(map[string]any{"data": fields})
	switch verb {
	case "patch":
		method = http.MethodPatch
	case "undelete":
		path, body = "secret/undelete/"+s.path, map[string]any{"versions": []int{1}}
	default:
	}
	if status := s.vault.Do(t, method, path, body, nil); status < 200 || status > 299 {
		t.Errorf("%s: Vault answers %d", line, status)
	}
	return named
}

// What is advised for Vault works as the secret is then, and loses none of the fields that it does not name.
func TestO1_WhatIsAdvisedForVaultLosesNoField(t *testing.T) {
	vault, seen := testkit.StartVault(t), 0
	for _, class := range []fault.Class{fault.Auth, fault.Settings} {
		for _, r := range fault.Reasons(class) {
			s := kept{vault, "holdfast/acme/conn/" + string(r) + "/config"}
			for _, line := range (ops.Secrets{Mount: "secret", Prefix: "holdfast"}).Advice(r, "acme", string(r), []string{"ann"}) {
				_, command, found := strings.Cut(line, ": vault ")
				if !found {
					continue
				}
				seen++
				s.broken(t, r)
				before := s.fields(t)
				named := s.run(t, "vault "+command)
				after := s.fields(t)
				for field, value := range before {
					if !slices.Contains(named, field) && after[field] != value {
						t.Errorf("%s: %s takes %s away", r, line, field)
					}
				}
				if len(after) == 0 {
					t.Errorf("%s: after %s there is nothing", r, line)
				}
			}
		}
	}
	if seen < 8 {
		t.Errorf("%d commands of Vault's were tried", seen)
	}
}
