package app

import (
	"context"
	"errors"
	"fmt"

	"holdfast/events"
	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/internal/dispatch"
)

// routes is what handles what: every event type that comes in, in one place.
func routes(r *dispatch.Router, h *handlers.Handlers) error {
	return errors.Join(
		dispatch.Handle(r, events.ConnectionCreated, h.ConnectionCreated),
		dispatch.Handle(r, events.ConnectionUpdated, h.ConnectionUpdated),
		dispatch.Handle(r, events.ConnectionDeleted, h.ConnectionDeleted),
		dispatch.Handle(r, events.ConnectionUndeleted, h.ConnectionUndeleted),
		dispatch.Handle(r, events.ConnectionSecretRotated, h.ConnectionSecretRotated),
		dispatch.Handle(r, events.ConnectionTestRequested, h.ConnectionTestRequested),
		dispatch.Handle(r, events.DirectoryUserUpdated, h.DirectoryUserUpdated),
		dispatch.Handle(r, events.DirectoryUserRemoved, h.DirectoryUserRemoved),
		dispatch.Handle(r, events.DirectoryGroupUpdated, h.DirectoryGroupUpdated),
		dispatch.Handle(r, events.DirectoryGroupRemoved, h.DirectoryGroupRemoved),
		dispatch.Handle(r, events.DirectoryRoleUpdated, h.DirectoryRoleUpdated),
		dispatch.Handle(r, events.PlaceSiteCollectionUpdated, h.PlaceSiteCollectionUpdated),
		dispatch.Handle(r, events.PlaceSiteCollectionRemoved, h.PlaceSiteCollectionRemoved),
		dispatch.Handle(r, events.PlaceSiteUpdated, h.PlaceSiteUpdated),
		dispatch.Handle(r, events.PlaceSiteRemoved, h.PlaceSiteRemoved),
		dispatch.Handle(r, events.ProcessPublished, h.ProcessPublished),
		dispatch.Handle(r, events.ProcessRetired, h.ProcessRetired),
		dispatch.Handle(r, events.PermissionSetCreated, h.PermissionSetCreated),
		dispatch.Handle(r, events.PermissionSetUpdated, h.PermissionSetUpdated),
		dispatch.Handle(r, events.PermissionSetDeleted, h.PermissionSetDeleted),
		dispatch.Handle(r, events.PermissionAssigned, h.PermissionAssigned),
		dispatch.Handle(r, events.PermissionUnassigned, h.PermissionUnassigned),
		dispatch.Handle(r, events.PermissionPublicChanged, h.PermissionPublicChanged),
		dispatch.Handle(r, events.ActionRequested, h.ActionRequested),
		dispatch.Handle(r, events.SuspensionResumeRequested, h.SuspensionResumeRequested),
		dispatch.Handle(r, events.SuspensionExtendRequested, h.SuspensionExtendRequested),
		dispatch.Handle(r, events.SuspensionTerminateRequested, h.SuspensionTerminateRequested),
	)
}

// consumer is one durable and its handler.
type consumer struct {
	bus.ConsumerSpec

	handle dispatch.Handler
	// concerns tells what is a worker's business; the rest is acknowledged without a word. nil: all is.
	concerns func(dispatch.Delivery) bool
	// needsVault marks a consumer that pauses while Vault is down for all: fetching more would only fill the
	// server's list of delayed messages.
	needsVault bool
}

// consumers is which durable goes where. Events of one connection are handled one after another, and so are
// copies of one request; everything else goes in parallel.
func (a *App) consumers(route dispatch.Handler) []consumer {
	spec := func(stream, durable string, key func(dispatch.Delivery) string) bus.ConsumerSpec {
		return bus.ConsumerSpec{Stream: stream, Durable: durable, KeyOf: key,
			Concurrency: a.cfg.Worker.Concurrency, Prefetch: a.cfg.Worker.Prefetch,
			Backoff: bus.Backoff{Base: a.cfg.Worker.BackoffBase, Cap: a.cfg.Worker.BackoffMax}}
	}
	h := a.handlers
	return []consumer{
		{inOrder(spec(events.StreamPermissions, bus.DurablePermissions, tenantKey)), noting(a.answered, route), nil, false},
		{inOrder(spec(events.StreamConnections, bus.DurableConnections, connectionKey)), route, nil, false},
		{spec(events.StreamRegistry, bus.DurableRegistry, subjectKey), connectionChanged(h), nil, true},
		{spec(events.StreamTimers, bus.DurableAlarms, nil), alarmRang(h), isAlarm, false},
		{spec(events.StreamSuspensions, bus.DurableChains, subjectKey), chainMoved(h), isMove, true},
		{spec(events.StreamActions, bus.DurableCommands, nil), route, nil, false},
		{spec(events.StreamActions, bus.DurableActions, nil), route, nil, true},
	}
}

func tenantKey(d dispatch.Delivery) string  { return events.TenantOf(d.Subject) }
func subjectKey(d dispatch.Delivery) string { return d.Subject }

func inOrder(s bus.ConsumerSpec) bus.ConsumerSpec {
	s.InOrder = true
	return s
}

// connectionKey: the events of one tenant come one after another; a test waits behind what was changed before
// it, and then holds nobody up.
func connectionKey(d dispatch.Delivery) string {
	tenant := tenantKey(d)
	if d.Deliveries > 1 && d.Subject == events.SubjectOf(tenant, events.ConnectionTestRequested) {
		return ""
	}
	return tenant
}

// isAlarm: a timer's making and cancelling come along on the same subjects, and are of no interest.
func isAlarm(d dispatch.Delivery) bool {
	_, rang := bus.ParseAlarm(d)
	return rang
}

// isMove: that a chain waits is the business of whoever made it wait.
func isMove(d dispatch.Delivery) bool { return !events.Type(d.Get(events.HeaderType)).Waits() }

// only lets pass what concerns us.
func only(concerns func(dispatch.Delivery) bool, next dispatch.Handler) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		if !concerns(d) {
			return dispatch.Done("of_no_interest")
		}
		return next(ctx, d)
	}
}

// noting tells of each change that was handled for good.
func noting(answered func(tenant string, sequence uint64), next dispatch.Handler) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		res := next(ctx, d)
		if res.Verb == dispatch.Ack {
			answered(tenantKey(d), d.Sequence)
		}
		return res
	}
}

// alarmRang hands expiry markers to the handler.
func alarmRang(h *handlers.Handlers) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		alarm, rang := bus.ParseAlarm(d)
		if !rang {
			return dispatch.Done("no_alarm")
		}
		dispatch.Name(ctx, factsOf(alarm.Chain))
		return h.AlarmRang(ctx, alarm.Chain, alarm.Sequence, alarm.RangAt)
	}
}

// chainMoved hands the moves of chains to the handler, and names whose they are.
func chainMoved(h *handlers.Handlers) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		if c, ok := events.ParseChain(d.Subject); ok {
			dispatch.Name(ctx, factsOf(c))
		}
		return h.ChainMoved(ctx, d)
	}
}

func factsOf(c events.Chain) dispatch.Facts {
	return dispatch.Facts{Tenant: c.Tenant, Request: c.Request, Run: c.Run, Connection: c.Connection}
}

// connectionChanged hands changes of the registry to the handler.
func connectionChanged(h *handlers.Handlers) dispatch.Handler {
	return func(ctx context.Context, d dispatch.Delivery) dispatch.Result {
		tenant, id, ok := events.ParseRegistrySubject(d.Subject)
		if !ok {
			return dispatch.Done("no_connection")
		}
		dispatch.Name(ctx, dispatch.Facts{Tenant: tenant, Connection: id})
		return h.ConnectionChanged(ctx, tenant, id, d.Deliveries)
	}
}

// startConsuming binds every consumer. Requests come last: what they meet is then ready.
func (a *App) startConsuming(ctx context.Context) error {
	router := dispatch.NewRouter(dispatch.WithClock(a.bus.Clock()), dispatch.WithStages(a.observer))
	if err := routes(router, a.handlers); err != nil {
		return err
	}
	a.gate = newGate(a.vault.Ready, a.log, a.metrics)
	a.onStop("gate", a.gate.stop)
	a.onStop("consumers", func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, a.cfg.Worker.DrainTimeout)
		defer cancel()
		return a.bus.Drain(ctx)
	})
	lines := dispatch.Logging(a.logs.of(config.LogDeliveries), a.cfg.Log.SlowRequest)
	for _, c := range a.consumers(router.Route) {
		h := dispatch.Chain(c.handle, dispatch.Tracing(a.observer.traces.Tracer()), dispatch.Metrics(a.metrics), lines)
		if c.Durable == bus.DurableActions || c.Durable == bus.DurableChains {
			h = dispatch.PuttingOff(a.putOff.Listen(a.bus.Clock().Now, c.Backoff.About))(h)
		}
		if c.concerns != nil {
			h = only(c.concerns, h)
		}
		if c.needsVault {
			h = a.gate.watch(h)
		}
		var sub *bus.Subscription
		err := retryFor(ctx, a.cfg.NATS.StartTimeout, func(ctx context.Context) (err error) {
			sub, err = a.bus.Consume(ctx, c.ConsumerSpec, h) // a cluster that elects a leader refuses for a moment
			return err
		})
		if err != nil {
			return fmt.Errorf("consume %s: %w", c.Stream, err)
		}
		if c.needsVault {
			a.gate.add(sub)
		}
	}
	return nil
}
