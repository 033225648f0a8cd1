package app_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// refusesOnce makes the target refuse one credential that it would accept.
var refusesOnce = &devtarget.Fault{Status: 401, Count: 1}

// follow is what becomes of a request after something was seen.
type follow int

const (
	isSuspended  follow = iota // until repaired
	isRetried                  // until repaired, and never suspended
	isPatient                  // retried, then suspended; goes on by itself once repaired
	isFailed                   // outcome failed
	isDenied                   // outcome denied
	isDeadLetter               // dead letter
	isCured                    // nothing at all: it completes
)

// sight is one line of the fault table: what is seen of Vault, a provider, a target or a message, its class
// and reason, and what follows.
type sight struct {
	seen    string
	class   fault.Class
	reason  fault.Reason
	follows follow

	// arrange makes connection s.id and what is seen of it; repair ends what is seen.
	arrange, repair func(*scene)
	// asks changes the request.
	asks func(*events.Request)
	// as is the event's type where it is not action.requested.
	as events.Type
	// before is the reason of the retries that come before a patient suspension.
	before fault.Reason
	// noSooner is the least time between two tries.
	noSooner time.Duration
}

// scene is where a sight is seen: a world that all share, and a connection of its own.
type scene struct {
	*world

	p    *provider
	book *logbook
	id   string
	// all is the test around this one: what is started again lives as long as it.
	all testing.TB
}

// TestO4_C12_TheFaultTable goes through all of the table, from a message on the bus to what is stored of it.
// What the real parts can be brought to answer is their own; the rest is answered in their stead.
func TestO4_C12_TheFaultTable(t *testing.T) {
	w := newWorld(t, func(c *config.Config) {
		c.Worker.ProviderPatience = 1500 * time.Millisecond
		c.Vault.Timeout, c.HTTP.Timeout = 500*time.Millisecond, 500*time.Millisecond
	})
	all := &scene{world: w, all: t, p: w.provider(), book: w.logged()}
	covered := map[fault.Reason]bool{}
	for i, row := range slices.Concat(vaultSights(), providerSights(), targetSights(), connectionSights(), messageSights()) {
		covered[row.reason], covered[row.before] = true, true
		t.Run(row.seen, func(t *testing.T) {
			if got := row.reason.Class(); got != row.class {
				t.Fatalf("%s is of class %s, want %s", row.reason, got, row.class)
			}
			s := *all
			s.world = all.on(t)
			s.id = fmt.Sprintf("c%d", i)
			row.play(&s)
		})
	}
	for c := fault.Auth; c <= fault.Invalid; c++ {
		for _, r := range fault.Reasons(c) {
			if !covered[r] && !elsewhere[r] {
				t.Errorf("no line of the table comes to %s", r)
			}
		}
	}
}

// elsewhere are reasons that are no answers of anybody's, or have tests of their own.
var elsewhere = map[fault.Reason]bool{
	fault.RefreshTokenLost: true, fault.LeaseHeld: true, // internal/authn
	fault.BusUnavailable: true, fault.Draining: true, fault.Poison: true, // internal/bus
	fault.VerifyingElsewhere: true, fault.Conflict: true, fault.Internal: true, // inside one worker
	fault.ProviderUnclear:  true,                        // the reason before
	fault.RevisionConflict: true, fault.NameTaken: true, // answers to connection events
	fault.AppRequired: true, fault.FormulaInvalid: true, fault.PermissionsUnknown: true, fault.Throttled: true, // permission_test.go
	fault.NotPermitted: true, fault.ProcessMissing: true, fault.ExecuteAsRefused: true,
	fault.NotJSON: true, fault.NotCloudEvents: true, fault.SchemaVersion: true, fault.TenantMismatch: true,
	fault.SubjectMismatch: true, fault.TooLarge: true, fault.TooDeep: true, fault.DuplicateKey: true,
	fault.InvalidUTF8: true, fault.SecretInEvent: true, fault.Stale: true, fault.FromTheFuture: true,
}

// on is the same world for a subtest. Request ids go on being its own.
func (w *world) on(t *testing.T) *world {
	next := &world{
		TB: t, nats: w.nats, bus: w.bus, registry: w.registry, js: w.js, vault: w.vault, proxy: w.proxy,
		target: w.target, base: w.base, cfg: w.cfg,
	}
	next.seq.Store(w.seq.Add(100))
	return next
}

func (row sight) play(s *scene) {
	s.Helper()
	defer s.calm()
	row.arrange(s)
	r := s.action(s.id)
	if row.asks != nil {
		row.asks(&r)
	}
	seq := s.askAs(cmp.Or(row.as, events.ActionRequested), r)
	switch row.follows {
	case isSuspended:
		row.suspends(s, r)
	case isRetried:
		row.retries(s, r)
	case isPatient:
		s.book.retried(s, r.ID, row.before)
		row.suspends(s, r)
	case isFailed:
		row.ends(s, r, events.ActionFailed)
	case isDenied:
		row.ends(s, r, events.ActionDenied)
	case isDeadLetter:
		s.deadLetter(string(row.reason), seq)
	case isCured:
		s.ends(r.ID, events.ActionCompleted)
		s.unchained(r)
	}
}

// calm ends every fault.
func (s *scene) calm() {
	s.proxy.Pass()
	s.target.SetFault(nil)
	s.p.target.SetFault(nil)
	s.p.NoFaults(s)
}

// ask publishes a request and gives its sequence.
func (s *scene) ask(r events.Request) uint64 {
	s.Helper()
	return s.askAs(events.ActionRequested, r)
}

func (s *scene) askAs(t events.Type, r events.Request) uint64 {
	s.Helper()
	e, err := events.New(t, s.bus.Clock().Now(), r)
	if err != nil {
		s.Fatal(err)
	}
	raw, err := e.Encode()
	if err != nil {
		s.Fatal(err)
	}
	return s.send(events.SubjectOf(tenant, events.ActionRequested), raw)
}

func (row sight) suspends(s *scene, r events.Request) {
	s.Helper()
	if got := s.suspended(s.id, r.Run, r.ID); got.Reason != string(row.reason) {
		s.Fatalf("suspended for %q (%s), want %q", got.Reason, got.Detail, row.reason)
	}
	if row.follows == isSuspended && len(s.book.retries(r.ID)) != 0 {
		s.Errorf("retried before: %v", s.book.retries(r.ID))
	}
	if row.repair == nil {
		return
	}
	s.calm()
	row.repair(s)
	s.ends(r.ID, events.ActionCompleted)
}

func (row sight) retries(s *scene, r events.Request) {
	s.Helper()
	s.book.retried(s, r.ID, row.reason)
	first := time.Now()
	testkit.Eventually(s, patient, "another try", func() bool { return s.book.deliveries(r.ID) > 1 })
	if took := time.Since(first); took < row.noSooner {
		s.Errorf("tried again after %s, although it was asked to wait", took)
	}
	s.calm()
	if row.repair != nil {
		row.repair(s)
	}
	s.ends(r.ID, events.ActionCompleted)
	s.unchained(r)
	for reason := range s.book.retries(r.ID) {
		if reason != row.reason && reason.Class() != fault.Transient {
			s.Errorf("retried for %s, too", reason)
		}
	}
}

func (row sight) ends(s *scene, r events.Request, as events.Type) {
	s.Helper()
	if o := s.ends(r.ID, as); o.Reason != string(row.reason) {
		s.Errorf("ended for %q (%s), want %q", o.Reason, o.Detail, row.reason)
	}
	s.unchained(r)
}

// unchained checks that a request was never suspended.
func (s *scene) unchained(r events.Request) {
	s.Helper()
	c := events.Chain{Tenant: tenant, Connection: r.Connection, Run: r.Run, Request: r.ID}
	if got := types(s.chain(c)); len(got) != 0 {
		s.Errorf("chain %v, want none", got)
	}
}
