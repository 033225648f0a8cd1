package app_test

import (
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// connectionSights are what is seen of the connection itself, its secret, and who may use it.
func connectionSights() []sight {
	rows := []sight{
		{seen: "secret deleted", class: fault.Auth, reason: fault.SecretDeleted,
			arrange: func(s *scene) { basicAuth(s); s.vault.Delete(s, secretPath(s.id)) }, repair: rightPassword},
		{seen: "secret destroyed", class: fault.Auth, reason: fault.SecretDestroyed,
			arrange: func(s *scene) { basicAuth(s); s.vault.Destroy(s, secretPath(s.id), 1) }, repair: rightPassword},
		{seen: "secret never written", class: fault.Auth, reason: fault.SecretMissing,
			arrange: func(s *scene) { s.connectWith(s.id, nil) }, repair: rightPassword},
		{seen: "secret without what its method needs", class: fault.Settings, reason: fault.SecretMalformed,
			arrange: func(s *scene) { s.connectWith(s.id, map[string]any{"username": "demo"}) }, repair: rightPassword},
		{seen: "connection missing", class: fault.Auth, reason: fault.ConnectionMissing,
			arrange: func(*scene) {}, repair: basicAuth},
		{seen: "connection deleted", class: fault.Auth, reason: fault.ConnectionDeleted,
			arrange: func(s *scene) { basicAuth(s); s.deleted() }, repair: basicAuth},
		{seen: "connection disabled", class: fault.Auth, reason: fault.ConnectionDisabled,
			arrange: func(s *scene) { s.connect(s.id, func(c *events.Connection) { c.Disabled = true }) },
			repair:  func(s *scene) { s.publish(events.ConnectionUpdated, s.basic(s.id)) }},
		{seen: "connection expired", class: fault.Auth, reason: fault.ConnectionExpired,
			arrange: func(s *scene) { s.connect(s.id, expired) },
			repair:  func(s *scene) { s.publish(events.ConnectionUpdated, s.basic(s.id)) }},
		{seen: "settings that a provider's address makes useless", class: fault.Settings, reason: fault.SettingsInvalid,
			arrange: func(s *scene) {
				s.connectWith(s.id, goodSecret, s.p.oauth("oauth2_client_credentials", func(a *events.AuthSettings) {
					a.TokenURL = "http://169.254.169.254/token"
				}))
			},
			repair: func(s *scene) {
				s.p.Client(s, s.id, testkit.IDPClient{Secret: clientSecret})
				s.publish(events.ConnectionUpdated, s.basic(s.id, s.p.oauth("oauth2_client_credentials")))
			}},
	}
	for i := range rows {
		rows[i].follows = isSuspended
	}
	return append(rows, denied()...)
}

// denied are the rules that say no.
func denied() []sight {
	rows := []sight{
		{seen: "a form step", reason: fault.FormStep, arrange: basicAuth,
			asks: func(r *events.Request) { r.StepKind = events.FormStep }},
		{seen: "a connection of another site", reason: fault.NotAvailable,
			arrange: func(s *scene) {
				s.connect(s.id, func(c *events.Connection) { c.Availability = events.Availability{Level: "site", Site: "north"} })
			},
			asks: func(r *events.Request) { r.Site = "south" }},
		{seen: "a personal connection of somebody else", reason: fault.NotOwner,
			arrange: func(s *scene) {
				s.connect(s.id, func(c *events.Connection) {
					c.Kind, c.Availability, c.Actor = events.Personal, events.Availability{}, "ann"
				})
			},
			asks: func(r *events.Request) { r.ActingUser = "bob" }},
		{seen: "a connector that the type does not support", reason: fault.OperationForbidden, arrange: basicAuth,
			asks: func(r *events.Request) { r.Action.Connector = "smtp" }},
		{seen: "an app of which the user holds no permission set", reason: fault.NotGranted, arrange: basicAuth,
			asks: func(r *events.Request) { r.App = "sales" }},
		{seen: "a run that was terminated", reason: fault.RunTerminated, arrange: func(s *scene) {
			s.terminated("gone-" + s.id)
			basicAuth(s)
		}, asks: func(r *events.Request) { r.Run = "gone-" + r.Connection }},
	}
	for i := range rows {
		rows[i].class, rows[i].follows = fault.Denied, isDenied
	}
	return rows
}

// messageSights are messages that can not be handled.
func messageSights() []sight {
	return []sight{
		{seen: "a message against its schema", class: fault.Invalid, reason: fault.SchemaViolation, follows: isDeadLetter,
			arrange: func(*scene) {}, asks: func(r *events.Request) { r.Delivery = "maybe" }},
		{seen: "a bad id", class: fault.Invalid, reason: fault.BadID, follows: isDeadLetter,
			arrange: func(*scene) {}, asks: func(r *events.Request) { r.Run = "a.b" }},
		{seen: "an unknown type", class: fault.Invalid, reason: fault.UnknownType, follows: isDeadLetter,
			arrange: func(*scene) {}, as: "acme.something.v1"},
	}
}

func expired(c *events.Connection) {
	past := time.Now().Add(-time.Minute)
	c.ExpiresAt = &past
}

func (s *scene) deleted() {
	s.Helper()
	s.publish(events.ConnectionDeleted, events.ConnectionRef{ID: s.id, Actor: events.ActorSystem})
	testkit.Eventually(s, patient, "the tombstone", func() bool {
		e, _, err := s.registry.Fresh(s.Context(), tenant, s.id)
		return err == nil && e != nil && e.Deleted
	})
}

// terminated lets a run be suspended and ended by an operator.
func (s *scene) terminated(run string) {
	s.Helper()
	r := s.action("nobodys-"+s.id, func(r *events.Request) { r.Run = run })
	s.ask(r)
	s.suspended(r.Connection, run, r.ID)
	s.publish(events.SuspensionTerminateRequested, events.SuspensionCommand{Request: r.ID, Actor: "op"})
	s.ends(r.ID, events.ActionTerminated)
}
