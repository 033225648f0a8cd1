package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// behind makes client and connection id with a refresh token of ann's; its token requests pass the proxy.
func (p *provider) behind(w *world, id string) *testkit.Proxy {
	w.Helper()
	front := testkit.StartProxy(w, p.Address)
	p.Client(w, id, testkit.IDPClient{Secret: clientSecret})
	w.connectWith(id, p.authorize(w, id), p.oauth("oauth2_refresh_token", func(a *events.AuthSettings) {
		a.TokenURL = front.Address + "/token"
	}))
	return front
}

// refreshedOnce checks that the provider was asked once, and that nobody was suspended for it.
func (p *provider) refreshedOnce(w *world) {
	w.Helper()
	if c := p.Calls(w); c.Grants[grantRefresh] != 1 || c.RefreshReused != 0 {
		w.Errorf("%d refreshes, %d of them with a token spent before", c.Grants[grantRefresh], c.RefreshReused)
	}
	w.neverSuspended()
}

// alive tells whether the token family goes on: its newest member, as it is stored, is good for another.
func (p *provider) alive(w *world, id string) bool {
	w.Helper()
	form := strings.NewReader("grant_type=refresh_token&refresh_token=" + w.tokenField(id, "refresh_token"))
	r, err := http.NewRequestWithContext(w.Context(), http.MethodPost, p.TokenURL(), form)
	if err != nil {
		w.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(id, clientSecret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		w.Fatal(err)
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (p *provider) wantAlive(w *world, id string) {
	w.Helper()
	if !p.alive(w, id) {
		w.Error("the stored refresh token is refused")
	}
}

// tokenField is a field of a connection's worker-owned secret.
func (w *world) tokenField(id, field string) string {
	w.Helper()
	var stored struct {
		Data struct {
			Data map[string]string `json:"data"`
		} `json:"data"`
	}
	path := strings.TrimSuffix(secretPath(id), "config") + "token"
	if status := w.vault.Do(w, http.MethodGet, "secret/data/"+path, nil, &stored); status != http.StatusOK {
		w.Fatalf("no token is stored: status %d", status)
	}
	return stored.Data.Data[field]
}

func anyRequest(*http.Request) bool { return true }

func TestO5_SixtyFourActionsInEightProcessesRefreshOnce(t *testing.T) {
	const workers, actions = 8, 64
	w := newWorld(t)
	p, all := w.provider(), w.processes()
	all.env = append(all.env, "HOLDFAST_WORKER_PREFETCH=8", "HOLDFAST_WORKER_CONCURRENCY=8") // an eighth each
	for range workers {
		all.start()
	}
	front := p.behind(w, "mail")
	hold := front.HoldAnswer(anyRequest)
	ids := w.requests("mail", actions)
	hold.Reached(t, patient)
	testkit.Eventually(t, patient, "every process to wait for the token", func() bool { return w.unanswered("actions") == actions })
	hold.Release()
	w.settled(ids, p.target.Effects)
	p.refreshedOnce(w)
	p.wantAlive(w, "mail")
}

// Vault is sealed in the moment between the provider's answer and the write.
func TestO5_VaultSealedBetweenTheAnswerAndTheWriteLosesNothing(t *testing.T) {
	w := newWorld(t)
	p, all := w.provider(), w.processes()
	first := all.start()
	hold := p.behind(w, "mail").HoldAnswer(anyRequest)
	id := w.request("mail")
	hold.Reached(t, patient)
	w.vault.Seal(t)
	hold.Release()
	w.ends(id, events.ActionCompleted) // the token works from memory
	w.vault.Unseal(t)
	testkit.Eventually(t, patient, "the new token to be stored", func() bool { return w.tokenVersion("mail") >= 2 })
	if !first.Stop(patient) {
		t.Error("the worker did not stop cleanly")
	}
	all.start()
	w.ends(w.request("mail"), events.ActionCompleted)
	p.refreshedOnce(w)
	p.wantAlive(w, "mail")
}

// tokenVersion is the version of a connection's worker-owned secret: the mark is the first, the token the next.
func (w *world) tokenVersion(id string) int {
	w.Helper()
	var meta struct {
		Data struct {
			Current int `json:"current_version"`
		} `json:"data"`
	}
	w.vault.Do(w, http.MethodGet, "secret/metadata/"+strings.TrimSuffix(secretPath(id), "config")+"token", nil, &meta)
	return meta.Data.Current
}

// ofToken matches requests for worker-owned secrets; writes tells which.
func ofToken(writes bool) func(*http.Request) bool {
	return func(r *http.Request) bool {
		return strings.Contains(r.URL.Path, "/data/") && strings.HasSuffix(r.URL.Path, "/token") && (r.Method != http.MethodGet) == writes
	}
}

// nth passes over the first matches.
func nth(n int, only func(*http.Request) bool) func(*http.Request) bool {
	seen := 0
	return func(r *http.Request) bool {
		if only(r) {
			seen++
		}
		return seen == n && only(r)
	}
}

// A worker dies at each step of a refresh. What was spent and never stored is said to be lost, once; whatever
// else was under way goes on, and no token is spent twice.
func TestO5_AWorkerKilledAtAnyStepOfARefreshLosesNothingSilently(t *testing.T) {
	t.Parallel()
	binary := testkit.BuildHoldfast(t)
	for _, c := range []struct {
		step  string
		hold  func(vault, provider *testkit.Proxy) *testkit.Hold
		lost  bool
		asked int // token requests that the provider sees in all
	}{
		{"lease taken", func(v, _ *testkit.Proxy) *testkit.Hold { return v.HoldRequest(nth(2, ofToken(false))) }, false, 1},
		{"marked", func(v, _ *testkit.Proxy) *testkit.Hold { return v.HoldAnswer(nth(1, ofToken(true))) }, false, 1},
		{"request on its way", func(_, p *testkit.Proxy) *testkit.Hold { return p.HoldRequest(anyRequest) }, false, 1},
		{"request answered", func(_, p *testkit.Proxy) *testkit.Hold { return p.HoldAnswer(anyRequest) }, true, 2},
		{"answer received", func(v, _ *testkit.Proxy) *testkit.Hold { return v.HoldRequest(nth(2, ofToken(true))) }, true, 2},
		{"stored", func(v, _ *testkit.Proxy) *testkit.Hold { return v.HoldAnswer(nth(2, ofToken(true))) }, false, 1},
	} {
		t.Run(c.step, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p, all := w.provider(), w.processesOf(binary)
			all.env = append(all.env, "HOLDFAST_HTTP_TIMEOUT=5s")
			dying := all.start()
			hold := c.hold(w.proxy, p.behind(w, "mail"))
			id := w.request("mail")
			hold.Reached(t, patient)
			dying.Kill()
			hold.Drop()
			w.proxy.Pass()
			all.start()
			chain := events.Chain{Tenant: tenant, Connection: "mail", Run: runOf(id), Request: id}
			testkit.Eventually(t, leaseEnds, "the dead worker's lease to end", func() bool {
				return len(w.ledger(id)) > 0 || len(w.chain(chain)) > 0
			})
			if c.lost {
				if s := w.suspended("mail", runOf(id), id); s.Reason != string(fault.RefreshTokenLost) {
					t.Errorf("suspended for %q", s.Reason)
				}
				if n := w.notices(events.ConnectionBroken); len(n) != 1 {
					t.Errorf("%d notices that the connection is broken", len(n))
				}
			} else {
				w.ends(id, events.ActionCompleted)
				w.neverSuspended()
				p.wantAlive(w, "mail")
				c.asked++ // for that
			}
			if n := p.Calls(t).Grants[grantRefresh]; n != c.asked {
				t.Errorf("%d token requests, want %d", n, c.asked)
			}
		})
	}
}

// leaseEnds is more than a dead worker's lease lasts.
const leaseEnds = 90 * time.Second
