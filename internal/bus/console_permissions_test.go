package bus_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/natsd"
	"holdfast/internal/testkit"
)

// TestLeastPrivilegeOfTheConsole: its permissions are enough for all its work, and without any of them something
// of it fails.
func TestLeastPrivilegeOfTheConsole(t *testing.T) {
	entries := allowed(t, "console")
	text, err := os.ReadFile(filepath.Join(rolesDir, "console.conf"))
	must(t, err)
	users := map[string]string{"console": string(text)}
	for i, e := range entries {
		users[fmt.Sprintf("console-%d", i)] = strings.Replace(string(text), e+"\n", "\n", 1)
	}
	n := startWithUsers(t, users)
	root := testkit.ConnectBus(t, n.ClientURL(), as("root", "_INBOX"))
	testkit.SetUpBus(t, root)
	_, err = root.PublishEvent(t.Context(), events.NoticeSubject("acme", events.ConnectionTested), "n", []byte("{}"))
	must(t, err)

	must(t, root.Uses().Put(t.Context(), events.Use{Tenant: "acme", Connection: "c", Workflow: "w", Step: "s"}))

	t.Run("the console works", func(t *testing.T) { must(t, workAsConsole(t, n.ClientURL(), "console")) })
	for i, e := range entries {
		t.Run("without "+strings.Trim(e, `"`), func(t *testing.T) {
			if workAsConsole(t, n.ClientURL(), fmt.Sprintf("console-%d", i)) == nil {
				t.Fatal("works just as well")
			}
		})
	}
	t.Run("and nothing else", func(t *testing.T) {
		b := testkit.ConnectBus(t, n.ClientURL(), as("console", "_INBOX_console"))
		for _, subject := range []string{
			events.SubjectOf("acme", events.ConnectionCreated), events.SubjectOf("acme", events.ConnectionDeleted),
			events.SubjectOf("acme", events.ActionRequested), events.LedgerSubject("acme", "q"), "$KV.hf_connections.acme.c",
		} {
			if _, err := b.PublishEvent(t.Context(), subject, subject, []byte("{}")); err == nil {
				t.Errorf("may publish to %s", subject)
			}
		}
	})
}

// startWithUsers starts a server with a root and users of these permissions, whose names are their passwords.
func startWithUsers(t *testing.T, permissions map[string]string) *testkit.NATS {
	t.Helper()
	dir := t.TempDir()
	users := "    { user: root, password: root }\n"
	for name, text := range permissions {
		must(t, os.WriteFile(filepath.Join(dir, name+".conf"), []byte(text), 0o600))
		users += fmt.Sprintf("    { user: %q, password: %q, permissions: { include %q } }\n", name, name, name+".conf")
	}
	file := filepath.Join(dir, "server.conf")
	must(t, os.WriteFile(file, []byte("authorization {\n  users: [\n"+users+"  ]\n}\n"), 0o600))
	return testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = file })
}

// workAsConsole does all that a console does on the bus, and tells what did not work.
func workAsConsole(t *testing.T, url, user string) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b, err := bus.Connect(ctx, testkit.BusConfig(url, as(user, "_INBOX_console")), testkit.Logger(t), nil)
	if err != nil {
		return err
	}
	defer b.Close()
	registry := b.Registry()
	if _, err := b.Facts(ctx, nil); err != nil {
		return err
	}
	for err = b.Ready(ctx); err != nil; err = b.Ready(ctx) {
		if strings.Contains(err.Error(), "permission missing") || ctx.Err() != nil {
			return err
		}
		<-time.After(5 * time.Millisecond)
	}
	if _, _, err := registry.Fresh(ctx, "acme", "c"); err != nil {
		return err
	}
	id := strings.ReplaceAll(user, "-", "_")
	used := b.SignIns()
	revision, err := used.Use(ctx, id, []byte("begun"))
	if err == nil {
		err = used.End(ctx, id, []byte("ended"), revision)
	}
	if err == nil {
		_, err = used.Note(ctx, id)
	}
	if err != nil {
		return err
	}
	for _, err := range b.Records(ctx, bus.Search{Stream: events.StreamNotices, Filter: events.NoticesFilter("acme")}) {
		if err != nil {
			return err
		}
	}
	if _, err := b.Uses().LastUses(ctx, "acme"); err != nil {
		return err
	}
	for _, ty := range []events.Type{events.ConnectionUpdated, events.ConnectionSecretRotated, events.ConnectionTestRequested} {
		if _, err := b.PublishEvent(ctx, events.SubjectOf("acme", ty), user+string(ty), []byte("{}")); err != nil {
			return err
		}
	}
	return b.Ready(ctx)
}
