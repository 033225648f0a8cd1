package dev

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/rs/zerolog"

	policies "holdfast/deploy/vault"
	"holdfast/internal/app"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/devtarget"
	"holdfast/internal/natsd"
	"holdfast/internal/secret"
)

func (s *Stack) startNATS(ctx context.Context) error {
	if s.o.NATSURL != "" {
		s.Places.NATS = s.o.NATSURL
		s.say("bus: the one that NATS_URL names")
		return nil
	}
	port, err := s.o.Ports.NATS.pick(ctx, "bus")
	if err != nil {
		return err
	}
	server, err := natsd.Start(natsd.Options{StoreDir: s.folder.file("nats"), Host: loopback, Port: port, ServerName: "holdfast-dev"})
	if err != nil {
		return err
	}
	s.onStop("the bus", func(context.Context) error { server.Shutdown(); return nil })
	s.Places.NATS = server.ClientURL()
	s.say("bus: nats-server %s at %s", server.Version(), s.Places.NATS)
	return nil
}

func (s *Stack) startVault(ctx context.Context) error {
	if s.o.VaultAddress != "" {
		if s.o.VaultToken.Empty() {
			return errors.New("VAULT_ADDR is set: set VAULT_TOKEN to an administrator's token, too, or unset VAULT_ADDR")
		}
		s.Vault = newVault(s.o.VaultAddress, s.o.VaultToken, secret.Value{})
		s.Places.Vault = s.o.VaultAddress
		s.say("vault: the one that VAULT_ADDR names")
		return s.admitWorker(ctx)
	}
	p, err := s.program(ctx, "devvault", "Vault", s.o.Ports.Vault, "--storage", "file", "--data", s.folder.file("vault"))
	if err != nil {
		return err
	}
	var ready struct {
		Address   string `json:"address"`
		RootToken string `json:"root_token"`
		UnsealKey string `json:"unseal_key"`
	}
	if err := p.Decode(&ready); err != nil {
		return err
	}
	s.Vault = newVault(ready.Address, secret.New(ready.RootToken), secret.New(ready.UnsealKey))
	s.Places.Vault, s.Places.Token, s.Places.VaultPID = ready.Address, ready.RootToken, p.PID()
	s.say("vault: a real Vault at %s", ready.Address)
	return s.admitWorker(ctx)
}

func (s *Stack) admitWorker(ctx context.Context) (err error) {
	s.login, err = s.Vault.admit(ctx, policies.Worker)
	return err
}

func (s *Stack) startProvider(ctx context.Context) error {
	p, err := s.program(ctx, "devidp", "OAuth provider", s.o.Ports.Provider)
	if err != nil {
		return err
	}
	var ready struct {
		Address string `json:"address"`
	}
	if err := p.Decode(&ready); err != nil {
		return err
	}
	s.Provider, s.Places.Provider, s.Places.ProviderPID = newProvider(ready.Address), ready.Address, p.PID()
	s.say("provider: OAuth 2.0 at %s", ready.Address)
	return nil
}

// targetClient is the client as which the target asks about tokens.
const targetClient = "demo-target"

func (s *Stack) startTarget(ctx context.Context) error {
	secret := rand.Text()
	if err := s.Provider.PutClient(ctx, targetClient, Client{Secret: secret}); err != nil {
		return fmt.Errorf("register the target at the provider: %w", err)
	}
	s.Target = devtarget.New(devtarget.Options{User: DemoUser, Password: DemoPassword, APIKey: demoKey,
		Introspection: devtarget.Introspection{URL: s.Provider.IntrospectionURL(), ClientID: targetClient, ClientSecret: secret}})
	port, err := s.o.Ports.Target.pick(ctx, "target")
	if err != nil {
		return err
	}
	at, err := s.Target.Start(address(port))
	if err != nil {
		return fmt.Errorf("start the target: %w", err)
	}
	s.onStop("the target", s.Target.Stop)
	s.Places.Target = "http://" + at
	s.say("target: %s", s.Places.Target)
	return nil
}

// connect connects as administrator and upstream system, and makes the streams.
func (s *Stack) connect(ctx context.Context) (err error) {
	c := config.Default()
	c.NATS.URLs, c.NATS.User, c.NATS.Password = splitUser(s.Places.NATS)
	c.NATS.Name, c.Worker.AckWait = "holdfast-dev-stack", s.o.Pace.AckWait
	if s.bus, err = bus.Connect(ctx, app.BusConfig(c), zerolog.Nop(), nil); err != nil {
		return fmt.Errorf("connect to the bus: %w", err)
	}
	s.onStop("our connection to the bus", func(context.Context) error { s.bus.Close(); return nil })
	report, err := s.bus.Setup(ctx, app.SetupConfig(c))
	if err != nil {
		return fmt.Errorf("set up streams: %w", err)
	}
	s.say("streams: %d made, %d changed, %d were there", len(report.Created), len(report.Changed), len(report.Unchanged))
	return nil
}

func (s *Stack) startWorker(ctx context.Context) error {
	port, err := s.o.Ports.Metrics.pick(ctx, "worker's metrics")
	if err != nil {
		return err
	}
	s.Places.Metrics, s.Places.Log = "http://"+address(port), s.folder.file("worker.log")
	if err = s.writeSettings(); err != nil {
		return fmt.Errorf("write the worker's settings: %w", err)
	}
	program := s.o.Program
	if program == "" {
		if program, err = os.Executable(); err != nil {
			return fmt.Errorf("which program the worker should run: %w", err)
		}
	}
	if s.Worker, err = startWorker(program, s.Places.Config, s.Places.Log, s.Places.Metrics, s.fail); err != nil {
		return err
	}
	s.onStop("the worker", s.Worker.Stop)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	began := time.Now()
	if err := s.Worker.AwaitReady(ctx); err != nil {
		return err
	}
	s.say("worker: process %d, ready in %s, metrics at %s/metrics", s.Worker.PID(),
		time.Since(began).Round(time.Millisecond), s.Places.Metrics)
	return nil
}

// writeSettings writes the worker's configuration, and its secret id to a file of its own.
func (s *Stack) writeSettings() error {
	secretID, err := s.folder.write("worker-secret-id", []byte(s.login.secretID.Reveal()))
	if err != nil {
		return err
	}
	raw, err := encode(s.settings(secretID))
	if err != nil {
		return err
	}
	s.Places.Config, err = s.folder.write("worker.yaml", raw)
	return err
}
