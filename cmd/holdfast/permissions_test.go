package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/permission"
	"holdfast/internal/testkit"
)

// runPermissionScripts runs the scripts of testdata/permissions whose names begin with prefix, with exactly an operator's
// login, on one stand. Each has a tenant of its own, named as its file: ann administers it, bob and cleo are in the group
// north, and there is the connection crm.
func runPermissionScripts(t *testing.T, prefix string) {
	t.Helper()
	files, err := filepath.Glob("testdata/permissions/" + prefix + "*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts %s: %v", prefix, err)
	}
	s := newLoginsStand(t)
	var tenants []string
	for _, f := range files {
		tenant := strings.TrimSuffix(filepath.Base(f), ".txtar")
		tenants = append(tenants, tenant, tenant+"-2")
	}
	s.crm(t, tenants...)
	s.people(t, tenants)
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error { e.Vars = append(e.Vars, s.asOperator()...); return nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code": exitCode, "said": s.said, "permissions": s.permissions, "requested": s.inApp, "windows": windows, "runs": runs,
		},
	})
}

// people fills the directories.
func (s *stand) people(t *testing.T, tenants []string) {
	t.Helper()
	for _, tenant := range tenants {
		for _, user := range []string{"ann", "bob", "cleo", "dan"} {
			s.publish(t, tenant, events.DirectoryUserUpdated, events.User{ID: user, Actor: events.ActorSystem,
				Attributes: map[string]json.RawMessage{"region": json.RawMessage(`"north"`)}})
		}
		s.publish(t, tenant, events.DirectoryGroupUpdated, events.Group{ID: "north", Members: []string{"bob", "cleo"}, Actor: events.ActorSystem})
		s.publish(t, tenant, events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}, Actor: events.ActorSystem})
	}
	var all permission.Snapshots
	if _, err := s.bus.Facts(t.Context(), &all); err != nil {
		t.Fatal(err)
	}
	testkit.Eventually(t, 20*time.Second, "the directories", func() bool {
		return !slices.ContainsFunc(tenants, func(tenant string) bool { return len(all.Of(tenant).Directory().Roles("ann")) == 0 })
	})
}

// said publishes an event and waits until a worker has applied it: `said TENANT permission.set_created FILE`.
func (s *stand) said(ts *testscript.TestScript, _ bool, args []string) {
	t := events.Type("holdfast." + args[1] + ".v1")
	e, err := events.New(t, time.Now(), json.RawMessage(ts.ReadFile(args[2])))
	ts.Check(err)
	e.Source = "test/upstream"
	raw, err := e.Encode()
	ts.Check(err)
	sequence, err := s.bus.PublishEvent(context.Background(), events.SubjectOf(args[0], t), e.ID, raw)
	ts.Check(err)
	eventually(ts, "the event to be applied", func() bool {
		for r, err := range s.bus.Records(context.Background(), bus.Search{Stream: "KV_hf_permissions", Filter: "$KV.hf_permissions." + args[0] + ".>"}) {
			var f events.Fact
			if err == nil && json.Unmarshal(r.Raw, &f) == nil && f.Sequence == sequence {
				return true
			}
		}
		return false
	})
}

// eventually waits for something within a script.
func eventually(ts *testscript.TestScript, what string, so func() bool) {
	for range 1200 {
		if so() {
			return
		}
		<-time.After(25 * time.Millisecond)
	}
	ts.Fatalf("waited in vain for %s", what)
}

// permissions counts the permission events of a tenant: `permissions TENANT 4`.
func (s *stand) permissions(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for _, err := range s.bus.Records(context.Background(), bus.Search{Stream: events.StreamPermissions, Filter: "hf." + args[0] + ".permission.*"}) {
		ts.Check(err)
		n++
	}
	if fmt.Sprint(n) != args[1] {
		ts.Fatalf("%d permission events were published", n)
	}
}

// inApp has a user use crm in an app so often, and waits until the history tells of it: `requested TENANT USER APP 2`.
func (s *stand) inApp(ts *testscript.TestScript, _ bool, args []string) {
	var n int
	_, err := fmt.Sscan(args[3], &n)
	ts.Check(err)
	before := s.ended(ts, args[0])
	for i := range n {
		id := fmt.Sprintf("%s-%s-%d-%d", args[1], args[2], before, i)
		e, err := events.New(events.ActionRequested, time.Now(), events.Request{ID: id, Workflow: "wf", Run: "run-" + id, Step: "s1", StepKind: events.ActionStep,
			Connection: "crm", ActingUser: args[1], App: args[2], Action: events.Action{Connector: "http", Operation: "request", Input: json.RawMessage(`{"method":"GET","path":"/x"}`)}})
		ts.Check(err)
		e.Source = "test/upstream"
		raw, err := e.Encode()
		ts.Check(err)
		_, err = s.bus.PublishEvent(context.Background(), events.SubjectOf(args[0], events.ActionRequested), id, raw)
		ts.Check(err)
	}
	eventually(ts, "the requests to end", func() bool { return s.ended(ts, args[0]) == before+n })
}

func (s *stand) ended(ts *testscript.TestScript, tenant string) (n int) {
	for r, err := range s.bus.Records(context.Background(), bus.Search{Stream: events.StreamHistory, Filter: events.HistoryFilter(tenant)}) {
		ts.Check(err)
		if r.Type.Ends() {
			n++
		}
	}
	return n
}

// windows writes a file as a spreadsheet on Windows does: `windows FILE`.
func windows(ts *testscript.TestScript, _ bool, args []string) {
	text := "\ufeffuser_id;name;\"the role\"\r\nbob;\"Bob; called B.\";\r\n\r\n cleo ;Cleo;admin\r\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}

// runs looks whether every command that was printed is one of ours: `runs stdout`.
func runs(ts *testscript.TestScript, _ bool, args []string) {
	n := 0
	for line := range strings.SplitSeq(ts.ReadFile(args[0]), "\n") {
		if at := strings.Index(line, "holdfast "); at >= 0 {
			n++
			if err := resolves(line[at:]); err != nil {
				ts.Fatalf("%s: %v", line, err)
			}
		}
	}
	if n == 0 {
		ts.Fatalf("no command was printed")
	}
}

func TestP8_EveryCommandOfThePageExists(t *testing.T) {
	text, err := os.ReadFile("../../docs/how-do-i-manage-permissions.md")
	if err != nil {
		t.Fatal(err)
	}
	found := commandsIn(strings.ReplaceAll(string(text), "$ holdfast", "holdfast"))
	for _, line := range found {
		if err := resolves(line); err != nil && !strings.HasPrefix(line, "holdfast help ") { // help comes to be when it is called
			t.Errorf("%s: %v", line, err)
		}
	}
	if len(found) < 20 {
		t.Errorf("%d commands", len(found))
	}
}

func TestP8_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p8_") }

func TestP11_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p11_") }

func TestP12_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p12_") }

func TestP14_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p14_") }

func TestP15_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p15_") }

func TestP18_PermissionScripts(t *testing.T) { runPermissionScripts(t, "p18_") }
