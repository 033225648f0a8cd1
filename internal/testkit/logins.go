package testkit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"holdfast/internal/bus"
	"holdfast/internal/natsd"
	"holdfast/internal/secret"
)

// Root is the login of StartBusWithLogins that may do all.
const Root = "root"

// StartBusWithLogins is StartBus on a server with the logins of deploy/nats, which is at folder, for those roles: a
// role's name is its password. The connection is Root's.
func StartBusWithLogins(tb testing.TB, folder string, roles []string, with ...func(*bus.SetupConfig)) (*NATS, *bus.Bus) {
	tb.Helper()
	dir := tb.TempDir()
	users := fmt.Sprintf("{ user: %[1]q, password: %[1]q }\n", Root)
	for _, role := range roles {
		text, err := os.ReadFile(filepath.Join(folder, role+".conf"))
		if err != nil {
			tb.Fatal(err)
		}
		write(tb, filepath.Join(dir, role+".conf"), string(text))
		users += fmt.Sprintf("{ user: %[1]q, password: %[1]q, permissions: { include %[2]q } }\n", role, role+".conf")
	}
	file := filepath.Join(dir, "server.conf")
	write(tb, file, "authorization {\n  users: [\n"+users+"  ]\n}\n")
	n := StartNATS(tb, func(o *natsd.Options) { o.ConfigFile = file })
	b := ConnectBus(tb, n.ClientURL(), LogIn(Root))
	SetUpBus(tb, b, with...)
	return n, b
}

// LogIn is the login of a role, with the inbox that its permissions name.
func LogIn(role string) func(*bus.Config) {
	return func(c *bus.Config) {
		c.User, c.Password, c.InboxPrefix = role, secret.New(role), InboxOf(role)
	}
}

// InboxOf is the inbox prefix that a role's permissions name.
func InboxOf(role string) string {
	switch role {
	case "worker":
		return "_INBOX_holdfast"
	case Root:
		return "_INBOX"
	default:
		return "_INBOX_" + strings.ToLower(role)
	}
}

func write(tb testing.TB, path, text string) {
	tb.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		tb.Fatal(err)
	}
}
