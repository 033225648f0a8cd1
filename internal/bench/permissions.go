package bench

import (
	"context"
	"errors"
	"fmt"

	"holdfast/events"
	"holdfast/internal/bus"
)

// PermissionsReport compares the pipeline of requests that name an app, so that permission sets are asked for each,
// with that of the same requests without one.
type PermissionsReport struct {
	Bench    string `json:"bench"` // permissions
	Requests int    `json:"requests"`
	Rounds   int    `json:"rounds"`
	Users    int    `json:"users"`
	Sets     int    `json:"sets"`
	// Ratio is the rate with permission sets by the rate without, within each round.
	Ratio   Spread `json:"ratio"`
	With    Spread `json:"with_per_second"`
	Without Spread `json:"without_per_second"`
	// CPURatio is the processor time without by the time with, the server's share included; 0: unknown.
	CPURatio Spread  `json:"cpu_ratio"`
	Machine  Machine `json:"machine"`
}

const (
	permissionUsers = 1000
	permissionSets  = 100
	permissionApp   = "sales"
)

// Permissions measures what permission sets cost the pipeline: both sides in turn, round by round, on the same tenant.
func Permissions(ctx context.Context, o Options) (PermissionsReport, error) {
	o.Requests, o.Rounds = orDefault(o.Requests, pipelineRequests), orDefault(o.Rounds, defaultRounds)
	r := PermissionsReport{Bench: "permissions", Requests: o.Requests, Rounds: o.Rounds, Users: permissionUsers, Sets: permissionSets}
	err := withStand(ctx, o, false, func(s *stand) error {
		p := &pipeline{stand: s, n: o.Requests}
		r.Machine = s.machine()
		if err := p.measure(ctx, func(ctx context.Context, i int) error { return p.permissionRound(ctx, i%2 == 0) }); err != nil {
			return err
		}
		r.Ratio, r.With, r.Without, r.CPURatio = spread(p.ratio, 3), spread(p.worker, 0), spread(p.loop, 0), spread(p.cpuRatio, 3)
		return nil
	})
	return r, err
}

// permissionRound measures both sides; which of them goes first alternates.
func (p *pipeline) permissionRound(ctx context.Context, first bool) error {
	var on, off span
	for _, with := range []bool{first, !first} {
		sp, err := p.inApp(ctx, with)
		if err != nil {
			return err
		}
		if with {
			on = sp
		} else {
			off = sp
		}
	}
	p.worker, p.loop = append(p.worker, on.rate(p.n)), append(p.loop, off.rate(p.n))
	p.ratio, p.cpuRatio = append(p.ratio, off.took().Seconds()/on.took().Seconds()), append(p.cpuRatio, by(off.cpu, on.cpu))
	return nil
}

// inApp is a worker's round whose requests name an app, or do not.
func (p *pipeline) inApp(ctx context.Context, with bool) (sp span, err error) {
	if err := p.fresh(ctx); err != nil {
		return sp, err
	}
	if err := p.grantAll(ctx); err != nil {
		return sp, err
	}
	name := func(r *events.Request) {
		if r.ActingUser = "user-1"; with {
			r.App = permissionApp
		}
	}
	if err := p.preload(ctx, pipelineConnection, p.n, name); err != nil {
		return sp, err
	}
	sp, err = p.spanOf(ctx, p.n, func() (func() error, error) { return p.startWorker(ctx) })
	if err != nil {
		return sp, err
	}
	return sp, p.check(ctx)
}

// grantAll has a worker take in users, sets and assignments, and the connection.
func (p *pipeline) grantAll(ctx context.Context) error {
	said := 0
	say := func(t events.Type, payload any) error {
		said++
		return p.publish(ctx, t, payload)
	}
	var failed error
	for i := range permissionUsers {
		failed = errors.Join(failed, say(events.DirectoryUserUpdated, events.User{ID: fmt.Sprintf("user-%d", i), Actor: events.ActorSystem}))
	}
	for i := range permissionSets {
		id := fmt.Sprintf("set-%d", i)
		failed = errors.Join(failed,
			say(events.PermissionSetCreated, events.PermissionSet{ID: id, Kind: events.AppSet, Name: id, App: permissionApp, Actor: events.ActorSystem,
				Connections: []events.ConnectionGrant{{Connection: pipelineConnection, Raw: true}}}),
			say(events.PermissionAssigned, events.PermissionAssignment{Set: id, User: fmt.Sprintf("user-%d", i%(permissionUsers/10)), Actor: events.ActorSystem}))
	}
	failed = errors.Join(failed, p.publish(ctx, events.ConnectionCreated, connection(pipelineConnection, events.AuthSettings{Method: "basic"})))
	if failed != nil {
		return failed
	}
	stop, err := p.startWorker(ctx)
	if err != nil {
		return err
	}
	_, err = p.settled(ctx, events.StreamPermissions, bus.DurablePermissions, said)
	if err == nil {
		_, err = p.settled(ctx, events.StreamConnections, bus.DurableConnections, 1)
	}
	return errors.Join(err, stop())
}
