package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

// operator is a command line of its own process, with exactly an operator's login.
func (s *stand) operator(t *testing.T, args ...string) (cmd *exec.Cmd, out *bytes.Buffer) {
	t.Helper()
	out = new(bytes.Buffer)
	cmd = exec.CommandContext(t.Context(), asHoldfast(t), args...)
	cmd.Env = s.asOperator()
	cmd.Stdout, cmd.Stderr = out, out
	return cmd, out
}

// killedAt runs a command line that publishes permission events of a tenant, and kills it once there are so many.
func (s *stand) killedAt(t *testing.T, tenant string, n int, args ...string) {
	t.Helper()
	others := s.stored(t) - s.permissionEvents(t, tenant)
	cmd, out := s.operator(t, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for s.stored(t)-others < n {
		select {
		case err := <-ended:
			t.Fatalf("it ended before %d events: %v\n%s", n, err, out)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil {
		t.Fatal("it ended well although it was killed")
	}
}

// stored is how many events the stream of permissions has: asked often, it takes less from what is watched than reading.
func (s *stand) stored(t *testing.T) int {
	t.Helper()
	state, err := s.bus.State(t.Context(), events.StreamPermissions)
	if err != nil {
		t.Fatal(err)
	}
	return int(state.Messages)
}

func (s *stand) permissionEvents(t *testing.T, tenant string) (n int) {
	t.Helper()
	for _, err := range s.bus.Records(t.Context(), bus.Search{Stream: events.StreamPermissions, Filter: "hf." + tenant + ".permission.*"}) {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

// importedUsers are many more than are imported by the time it is noticed that the first fifty are.
const importedUsers = 600

// An import that is killed goes on where it was: each user has the set in the end, and each event is stored once.
func TestP15_AnImportThatWasKilledIsCompletedByTheSameCommand(t *testing.T) {
	s := newLoginsStand(t)
	s.people(t, []string{"acme"})
	file := filepath.Join(t.TempDir(), "users.csv")
	text := "user_id\n"
	for i := range importedUsers {
		text += fmt.Sprintf("user-%d\n", i)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"permissions", "import", file, "--tenant", "acme", "--set", "standard", "--actor", "ann"}
	s.killedAt(t, "acme", 50, args...)
	if n := s.permissionEvents(t, "acme"); n >= importedUsers {
		t.Fatalf("killed, and %d events are stored", n)
	}
	cmd, out := s.operator(t, args...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("again: %v\n%s", err, out)
	}
	last := out.String()[strings.LastIndex(strings.TrimSpace(out.String()), "\n")+1:]
	if n := s.permissionEvents(t, "acme"); n != importedUsers || !strings.Contains(last, "applied") {
		t.Errorf("%d events; %s", n, last)
	}
	cmd, out = s.operator(t, args...)
	if err := cmd.Run(); err != nil || !strings.HasSuffix(out.String(), fmt.Sprintf("\n%d as they were\n", importedUsers)) {
		t.Errorf("once more: %v\n%s", err, out)
	}
}

// guard looks, at every fact that comes, whether everybody may still do what they could.
type guard struct {
	all permission.Snapshots

	mu    sync.Mutex
	on    bool
	users []string
	lost  []string
}

func (g *guard) Reset() { g.all.Reset() }

func (g *guard) Apply(f events.Fact) {
	g.all.Apply(f)
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.on || f.Tenant != "acme" {
		return
	}
	for _, u := range g.users {
		for _, app := range []string{"sales", "stock", "hr"} {
			q := permission.Question{User: u, App: app, Connection: "crm", Op: permission.Raw}
			if d := g.all.Of("acme").Decide(&q); !d.Allowed {
				g.lost = append(g.lost, fmt.Sprintf("%s in %s, at %s %s", u, app, f.Kind, f.ID))
			}
		}
	}
}

// A migration that is killed again and again goes on where it was; nobody loses anything at any moment.
func TestP18_AMigrationThatWasKilledGoesOnAndNobodyLosesAnything(t *testing.T) {
	s := newLoginsStand(t)
	s.people(t, []string{"acme"})
	s.publish(t, "acme", events.PermissionSetCreated, events.PermissionSet{ID: "legacy", Kind: events.SiteSet, Name: "Legacy", ClonedFrom: events.SystemSetStandard,
		Site: &events.SiteRights{ConfigureSelf: true, Apps: []string{"sales", "stock", "hr"}}, Connections: []events.ConnectionGrant{{Connection: "crm"}}, Actor: events.ActorSystem})
	g := new(guard)
	for i := range 300 {
		g.users = append(g.users, fmt.Sprintf("user-%d", i))
		s.publish(t, "acme", events.PermissionAssigned, events.PermissionAssignment{Set: "legacy", User: g.users[i], Actor: events.ActorSystem})
	}
	watching := testkit.ConnectBus(t, s.nats.ClientURL(), testkit.LogIn(testkit.Root))
	if _, err := watching.Facts(t.Context(), g); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 30*time.Second, "the assignments", func() bool { return len(g.all.Of("acme").Assigned("legacy")) == 300 })
	before := g.all.Of("acme")
	g.mu.Lock()
	g.on = true
	g.mu.Unlock()

	args := []string{"permissions", "migrate", "--tenant", "acme", "--apply", "--yes", "--actor", "ann"}
	for _, at := range []int{302, 320, 700, 1000} {
		s.killedAt(t, "acme", at, args...)
	}
	cmd, out := s.operator(t, args...)
	if err := cmd.Run(); err != nil || !strings.Contains(out.String(), "proven again") {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := s.permissionEvents(t, "acme"); n != 301+3+900+1 {
		t.Errorf("%d permission events were published", n)
	}
	testkit.Eventually(t, 30*time.Second, "the site set to be emptied", func() bool { return len(g.all.Of("acme").Set("legacy").Connections) == 0 })
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.lost) > 0 {
		t.Errorf("%d times somebody lost something, such as %s", len(g.lost), g.lost[0])
	}
	if c := permission.Compare(before, g.all.Of("acme")); len(c.Differences) > 0 {
		t.Errorf("%d differences, such as %+v", len(c.Differences), c.Differences[0])
	}
}
