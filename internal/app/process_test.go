package app_test

import (
	"os"
	"path/filepath"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// ackWait is how soon the bus gives the messages of a killed worker to another one here.
const ackWait = 3 * time.Second

// processes starts workers of their own processes, which a test may kill.
type processes struct {
	world  *world
	binary string
	env    []string
}

func (w *world) processes() *processes {
	w.Helper()
	return w.processesOf(testkit.BuildHoldfast(w))
}

// processesOf is processes, of a binary that is built already.
func (w *world) processesOf(binary string) *processes {
	w.Helper()
	testkit.SetUpBus(w, w.bus, func(c *bus.SetupConfig) { c.AckWait = ackWait })
	file := filepath.Join(w.TempDir(), "secret-id")
	if err := os.WriteFile(file, []byte(w.cfg.Vault.Auth.SecretID.Reveal()), 0o600); err != nil {
		w.Fatal(err)
	}
	return &processes{world: w, binary: binary, env: []string{
		"HOLDFAST_NATS_URLS=" + w.nats.ClientURL(),
		"HOLDFAST_VAULT_ADDRESS=" + w.proxy.Address,
		"HOLDFAST_VAULT_AUTH_METHOD=approle",
		"HOLDFAST_VAULT_AUTH_ROLE_ID=" + w.cfg.Vault.Auth.RoleID,
		"HOLDFAST_VAULT_AUTH_SECRET_ID_FILE=" + file,
		"HOLDFAST_WORKER_ACK_WAIT=" + ackWait.String(),
		"HOLDFAST_WORKER_BACKOFF_BASE=20ms",
		"HOLDFAST_WORKER_BACKOFF_MAX=500ms",
		"HOLDFAST_WORKER_BROKEN_POLL_INTERVAL=1s",
		"HOLDFAST_HTTP_ALLOW_ADDRESSES=127.0.0.0/8",
		"HOLDFAST_LISTEN_METRICS=127.0.0.1:0",
	}}
}

func (p *processes) start() *testkit.Worker {
	p.world.Helper()
	return testkit.StartWorker(p.world, p.binary, p.env)
}
