package dev

import (
	"context"
	"crypto/rand"
	"fmt"

	"github.com/rs/zerolog"

	policies "holdfast/deploy/vault"
	"holdfast/internal/app"
	"holdfast/internal/config"
	"holdfast/internal/secret"
)

// consoleClient is the client as which the console signs people in.
const consoleClient = "demo-console"

// startConsole serves the console in this process, with a login at Vault of its own. The demonstration owner signs
// in to it with the demonstration password.
func (s *Stack) startConsole(ctx context.Context) error {
	key := rand.Text()
	err := s.Provider.PutClient(ctx, consoleClient, Client{Secret: key, RedirectURIs: []string{"http://127.0.0.1/signin/callback"}})
	if err == nil {
		err = s.Provider.PutUser(ctx, demoOwner, DemoPassword)
	}
	if err != nil {
		return fmt.Errorf("register the console at the provider: %w", err)
	}
	login, err := s.Vault.admit(ctx, policies.Console)
	if err != nil {
		return err
	}
	port, err := s.o.Ports.Console.pick(ctx, "console")
	if err != nil {
		return err
	}
	c := s.settings("")
	c.NATS.Name = "holdfast-dev-console"
	c.Vault.Auth = config.Auth{Method: "approle", RoleID: login.roleID, SecretID: login.secretID}
	c.Console.Listen, c.Console.Issuer = address(port), s.Provider.Address
	c.Console.ClientID, c.Console.ClientSecret, c.Console.Tenant = consoleClient, secret.New(key), DemoTenant
	console, err := app.StartConsole(ctx, c, zerolog.Nop(), nil)
	if err != nil {
		return fmt.Errorf("start the console: %w", err)
	}
	s.onStop("the console", console.Stop)
	s.Places.Console = console.URL
	s.say("console: %s", s.Places.Console)
	return nil
}
