package bus_test

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/connection"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

const rolesDir = "../../deploy/nats"

// allowed lists the publish permissions of a role, in the file's order.
func allowed(t *testing.T, role string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(rolesDir, role+".conf"))
	must(t, err)
	block, _, _ := strings.Cut(string(text), "deny: [")
	var entries []string
	for line := range strings.Lines(block) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, `"`) {
			entries = append(entries, line)
		}
	}
	if len(entries) < 5 {
		t.Fatalf("%s.conf has %d entries", role, len(entries))
	}
	return entries
}

// A worker may answer questions within a time. That an acknowledgement is quick enough to pass for an answer proves
// nothing: some come later.
const (
	answersWithin = `expires: "5s"`
	noAnswers     = `expires: "1us"`
)

// startWithRoles starts a server with the roles of deploy/nats, a root, and for each entry of the worker's
// permissions a worker without it, named worker-<i>.
func startWithRoles(t *testing.T, entries []string) *testkit.NATS {
	t.Helper()
	dir := t.TempDir()
	var users strings.Builder
	user := func(name, text string) {
		must(t, os.WriteFile(filepath.Join(dir, name+".conf"), []byte(text), 0o600))
		fmt.Fprintf(&users, "    { user: %q, password: %q, permissions: { include %q } }\n", name, name, name+".conf")
	}
	for _, role := range []string{"admin", "worker", "upstream", "operator"} {
		text, err := os.ReadFile(filepath.Join(rolesDir, role+".conf"))
		must(t, err)
		user(role, string(text))
		for i, e := range entries {
			if role == "worker" {
				user(fmt.Sprintf("worker-%d", i), strings.NewReplacer(e+"\n", "\n", answersWithin, noAnswers).Replace(string(text)))
			}
		}
	}
	config := "authorization {\n  users: [\n    { user: root, password: root }\n" + users.String() + "  ]\n}\n"
	file := filepath.Join(dir, "server.conf")
	must(t, os.WriteFile(file, []byte(config), 0o600))
	return testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = file })
}

func as(user, inbox string) func(*bus.Config) {
	return func(c *bus.Config) {
		c.User, c.Password, c.InboxPrefix = user, secret.New(user), inbox
		c.RequestTimeout, c.StartTimeout = 400*time.Millisecond, time.Second
	}
}

// errSettled: what was published last is still open.
var errSettled error = fault.New(fault.Internal, "nothing is on its way")

func TestLeastPrivilege(t *testing.T) {
	entries := allowed(t, "worker")
	n := startWithRoles(t, entries)
	admin := testkit.ConnectBus(t, n.ClientURL(), as("admin", "_INBOX_admin"))
	testkit.SetUpBus(t, admin)
	testkit.SetUpBus(t, admin, func(c *bus.SetupConfig) { c.ActionsAge = 8 * 24 * time.Hour })
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))

	t.Run("the worker works", func(t *testing.T) {
		must(t, exercise(t, n.ClientURL(), "worker", root, "full"))
	})
	for i, e := range entries {
		t.Run("without "+strings.Trim(e, `"`), func(t *testing.T) {
			err := exercise(t, n.ClientURL(), fmt.Sprintf("worker-%d", i), root, fmt.Sprintf("w%d", i))
			if err == nil {
				t.Fatal("works just as well")
			}
			// What happened to be refused first is named, with where to look.
			if f := fault.From(err); !strings.Contains(f.Detail, "permission missing: publish to ") ||
				!strings.Contains(f.Hint, "deploy/nats") {
				t.Fatalf("%s; hint %s", f.Error(), f.Hint)
			}
		})
	}
	t.Run("the operator looks and asks", func(t *testing.T) { operate(t, n.ClientURL()) })
	t.Run("the upstream system of one tenant", func(t *testing.T) {
		b, err := bus.Connect(t.Context(), testkit.BusConfig(n.ClientURL(), as("upstream", "_INBOX_acme")), testkit.Logger(t), nil)
		if err == nil {
			b.Close()
			t.Fatal("may use $JS.API")
		}
	})
}

func operate(t *testing.T, url string) {
	b := testkit.ConnectBus(t, url, as("operator", "_INBOX_operator"))
	b.Registry()
	testkit.Eventually(t, patience, "the registry", func() bool { return b.Ready(t.Context()) == nil })
	facts, err := b.Facts(t.Context(), nil)
	must(t, err)
	_, _, err = facts.Fresh(t.Context(), "acme", events.FactUser, "ann")
	must(t, err)
	for _, err := range b.Journal().Each(t.Context(), events.ChainsFilter("", "", "")) {
		must(t, err)
	}
	for _, stream := range []string{events.StreamOutcomes, events.StreamDeadLetters, events.StreamSuspensions} {
		for _, err := range b.Records(t.Context(), bus.Search{Stream: stream}) {
			must(t, err)
		}
	}
	if _, err := b.Uses().LastUses(t.Context(), "acme"); err != nil {
		t.Fatal(err)
	}
	_, err = b.PublishEvent(t.Context(), events.SubjectOf("acme", events.SuspensionResumeRequested), "op", []byte("{}"))
	must(t, err)
	if _, err := b.PublishEvent(t.Context(), chain.Subject(), "op", []byte("{}")); err == nil {
		t.Fatal("may decide a chain")
	}
}

// exercise does everything that a worker does, with ids of its own, and tells what did not work.
func exercise(t *testing.T, url, user string, root *bus.Bus, tenant string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b, err := bus.Connect(ctx, testkit.BusConfig(url, as(user, "_INBOX_holdfast")), testkit.Logger(t), nil)
	if err != nil {
		return err
	}
	defer b.Close()
	facts, registry, err := decide(ctx, b, tenant)
	if err != nil {
		return err
	}
	for _, ty := range []events.Type{
		events.ActionRequested, events.SuspensionResumeRequested, events.ConnectionCreated, events.DirectoryUserUpdated,
	} {
		if _, err := root.PublishEvent(ctx, events.SubjectOf(tenant, ty), tenant+string(ty), []byte("{}")); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := root.PublishMessage(ctx, events.SubjectOf(tenant, events.SuspensionResumeRequested), tenant+"again",
		map[string][]string{events.HeaderRetryOf: {"7"}}, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := facts.Settled(ctx, tenant, time.Now()); reason(err) != fault.Conflict {
		return cmp.Or(err, errSettled)
	}
	if settled, err := registry.Settled(ctx, tenant, math.MaxUint64); err != nil || settled {
		return cmp.Or(err, errSettled)
	}
	for _, d := range bus.Durables() {
		if _, err := b.Lag(ctx, d); err != nil {
			return err
		}
	}
	return consumeAll(ctx, b, tenant)
}

// decide uses every port.
func decide(ctx context.Context, b *bus.Bus, tenant string) (facts *bus.Facts, r *bus.Registry, err error) {
	c := events.Chain{Tenant: tenant, Connection: "c", Run: "r", Request: "q"}
	suspended, err := events.New(events.SuspensionSuspended, time.Now(), events.Suspension{})
	if err != nil {
		return nil, nil, err
	}
	broken, err := events.New(events.ConnectionBroken, time.Now(), events.ConnectionNotice{})
	if err != nil {
		return nil, nil, err
	}
	j, l := b.Journal(), b.Leases()
	r = b.Registry()
	steps := []func() error{
		func() error { _, err := j.Append(ctx, c.Subject(), 0, suspended); return err },
		func() error { _, err := j.Last(ctx, c.Subject()); return err },
		func() error { _, err := j.Append(ctx, events.LedgerSubject(tenant, "q"), 0, suspended); return err },
		func() error { _, err := j.Last(ctx, events.LedgerSubject(tenant, "q")); return err },
		func() error { return b.Timers().Set(ctx, c, 1, time.Hour) },
		func() error { _, err := b.Timers().Has(ctx, c, 1); return err },
		func() error { return b.Notices().Notify(ctx, tenant, broken) },
		func() error {
			_, err := r.Put(ctx, &connection.Entry{Connection: events.Connection{Tenant: tenant, ID: "c"}}, 0)
			return err
		},
		func() error { _, _, err := r.Fresh(ctx, tenant, "c"); return err },
		func() error { _, err := r.Settled(ctx, tenant, 1); return err },
		func() error {
			names := b.Names()
			rev, err := names.Claim(ctx, tenant, "key", connection.Claim{Connection: "c"}, 0)
			if err == nil {
				_, rev, err = names.Claimed(ctx, tenant, "key")
			}
			return cmp.Or(err, names.Release(ctx, tenant, "key", rev))
		},
		func() (err error) { facts, err = b.Facts(ctx, nil); return err },
		func() error {
			_, err := facts.Put(ctx, events.Fact{Tenant: tenant, Kind: events.FactUser, ID: "ann"}, 0)
			return err
		},
		func() error { _, _, err := facts.Fresh(ctx, tenant, events.FactUser, "ann"); return err },
		func() error { _, err := l.Hold(ctx, tenant, time.Hour); return err },
		func() error { _, err := l.Hold(ctx, tenant, time.Hour); return err },
		func() error { return b.Clock().Sync(ctx) },
		func() error { return b.Uses().Put(ctx, use("c", "s", time.Now())) },
		func() error {
			for _, err := range j.Each(ctx, events.ChainsFilter(tenant, "", "")) {
				if err != nil {
					return err
				}
			}
			return nil
		},
		func() error {
			runs, err := b.Runs(ctx)
			if err != nil {
				return err
			}
			if err := runs.Terminate(ctx, tenant, "r"); err != nil {
				return err
			}
			return runs.Terminate(ctx, tenant, "r")
		},
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, nil, err
		}
	}
	return facts, r, nil
}

// consumeAll gets a message of the tenant's from every durable; requests and connections are refused as
// secrets, the first after it was suspected. What others have left behind is answered on the way.
func consumeAll(ctx context.Context, b *bus.Bus, tenant string) error {
	var mu sync.Mutex
	got := make(map[string]bool)
	for _, d := range bus.Durables() {
		refuse := d.Name == bus.DurableActions || d.Name == bus.DurableConnections || d.Name == bus.DurablePermissions
		_, err := b.Consume(ctx, bus.ConsumerSpec{Stream: d.Stream, Durable: d.Name, Concurrency: 4,
			Backoff: bus.Backoff{Base: time.Millisecond, Cap: 2 * time.Millisecond}},
			func(_ context.Context, in dispatch.Delivery) dispatch.Result {
				if !strings.Contains(in.Subject, "."+tenant+".") {
					return dispatch.Done("left behind")
				}
				if refuse && in.Deliveries < 11 {
					return dispatch.Again(fault.New(fault.VaultSealed, "sealed"))
				}
				if d.Name == bus.DurableCommands && in.Get(events.HeaderRetryOf) == "" {
					return dispatch.Done("the one that is another try counts")
				}
				mu.Lock()
				defer mu.Unlock()
				got[d.Name] = true
				if refuse {
					return dispatch.Refuse(fault.New(fault.SecretInEvent, "a secret"))
				}
				return dispatch.Done("seen")
			})
		if err != nil {
			return err
		}
	}
	for {
		if err := b.Ready(ctx); err != nil && strings.Contains(err.Error(), "permission missing") {
			return err
		}
		mu.Lock()
		all := len(got) == len(bus.Durables())
		mu.Unlock()
		if all {
			break
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.BusUnavailable, fmt.Sprintf("seen only %v", got))
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := b.Drain(ctx); err != nil {
		return err
	}
	<-time.After(100 * time.Millisecond) // refusals are told apart from what they refuse
	return b.Ready(ctx)
}
