package bus_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
	"holdfast/internal/secret"
	"holdfast/internal/testkit"
)

func TestConnectSaysWhatIsWrong(t *testing.T) {
	conf := filepath.Join(t.TempDir(), "users.conf")
	must(t, os.WriteFile(conf, []byte(`authorization { users: [
  { user: worker, password: right }
  { user: narrow, password: narrow, permissions: { publish: { allow: ["hf.>"] } } }
] }`), 0o600))
	n := testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = conf })
	host := strings.TrimPrefix(n.ClientURL(), "nats://")
	tests := []struct {
		name, detail, hint string
		cfg                bus.Config
	}{
		{"nobody there", "no server answers", "is the server running", bus.Config{URLs: []string{"nats://user:hunter2@127.0.0.1:1"}}},
		{"wrong password", "refuses these credentials", "", bus.Config{URLs: []string{n.ClientURL()}, User: "worker", Password: secret.New("hunter2")}},
		{"no permission", "permission missing: publish to $JS.API.INFO", "deploy/nats",
			bus.Config{URLs: []string{"nats://" + host}, User: "narrow", Password: secret.New("narrow")}},
		{"nkey file", "nkey file", "readable", bus.Config{URLs: []string{n.ClientURL()}, NKeyFile: "/does/not/exist"}},
		{"too old", "nats-server 2.11.4 is too old", "upgrade", bus.Config{URLs: []string{oldServer(t)}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.StartTimeout, tt.cfg.RequestTimeout = 300*time.Millisecond, 300*time.Millisecond
			b, err := bus.Connect(t.Context(), tt.cfg, testkit.Logger(t), nil)
			if err == nil {
				b.Close()
				t.Fatal("connected")
			}
			f := fault.From(err)
			if !strings.Contains(f.Detail, tt.detail) || !strings.Contains(f.Hint, tt.hint) || strings.Contains(f.Detail+f.Hint, "hunter2") {
				t.Fatalf("%s; hint %s", f.Error(), f.Hint)
			}
		})
	}
}

// oldServer greets like a server from before the oldest that is supported, and answers pings.
func oldServer(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go greet(c)
		}
	}()
	t.Cleanup(func() { cancel(); _ = l.Close(); <-done })
	return "nats://" + l.Addr().String()
}

func greet(c net.Conn) {
	defer func() { _ = c.Close() }()
	fmt.Fprint(c, `INFO {"server_id":"old","version":"2.11.4","proto":1,"headers":true,"max_payload":1048576}`+"\r\n")
	for r := bufio.NewScanner(c); r.Scan(); {
		if r.Text() == "PING" {
			fmt.Fprint(c, "PONG\r\n")
		}
	}
}
