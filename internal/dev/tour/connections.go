package tour

import (
	"context"
	"crypto/rand"
	"fmt"

	"holdfast/events"
	"holdfast/internal/credential"
	"holdfast/internal/dev"
)

// billingClient is the OAuth client of the tour.
const billingClient = "tour-billing"

// connections makes one connection of each kind and runs an action as each.
func connections(ctx context.Context, s *stage) error {
	s.password = dev.DemoPassword
	if err := s.connect(ctx, s.basicConnection(crm), s.basicSecret()); err != nil {
		return err
	}
	if err := s.connectOAuth(ctx); err != nil {
		return err
	}
	requests := []events.Request{s.request(crm), s.request(billing)}
	for _, r := range requests {
		if err := s.ask(ctx, r); err != nil {
			return err
		}
	}
	s.did("an action as each of them: %s, %s", requests[0].ID, requests[1].ID)
	if err := s.awaitEnds(ctx, requests, events.ActionCompleted); err != nil {
		return err
	}
	for _, r := range requests {
		if err := s.tellCompleted(r); err != nil {
			return err
		}
	}
	s.fact("completed", len(requests))
	return nil
}

func (s *stage) connectOAuth(ctx context.Context) error {
	secret := rand.Text()
	if err := s.Provider.PutClient(ctx, billingClient, dev.Client{Secret: secret, GrantTypes: []string{"client_credentials"}}); err != nil {
		return err
	}
	c := s.SharedConnection(billing, "Tour "+billing, "/bearer", events.AuthSettings{
		Method: string(credential.ClientCredentials), TokenURL: s.Provider.TokenURL(), ClientID: billingClient, Scopes: []string{"api"},
	})
	return s.connect(ctx, c, map[string]string{"client_secret": secret})
}

// tellCompleted says what came of a request, and holds the target to it.
func (s *stage) tellCompleted(r events.Request) error {
	end := ends(ledger(s.w.Records(), s.tenant, r.ID))[0]
	o, err := events.Payload[events.Outcome](end.Event)
	if err != nil {
		return err
	}
	if n := s.Target.Effects()[r.ID]; n != 1 {
		return s.wrong("the target applied "+r.ID+" once", fmt.Sprintf("%d times", n))
	}
	s.saw("%s as %s: action.completed (%s %d), secret version %d; applied once at the target", r.ID, r.Connection,
		end.Stream, end.Sequence, o.SecretVersion)
	return nil
}
