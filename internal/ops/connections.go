package ops

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
)

// ConnectionView is a connection as operators see it. It holds no secret: the registry has none.
type ConnectionView struct {
	Tenant        string              `json:"tenant"`
	ID            string              `json:"connection_id"`
	Name          string              `json:"name"`
	Type          string              `json:"type"`
	Kind          events.Kind         `json:"kind"`
	AuthMethod    string              `json:"auth_method"`
	State         string              `json:"state"`
	Reason        string              `json:"reason,omitempty"` // broken: why
	Detail        string              `json:"detail,omitempty"`
	Since         *time.Time          `json:"since,omitempty"` // broken: since when
	SecretVersion int                 `json:"secret_version,omitempty"`
	Revision      uint64              `json:"revision"` // what a change is based on
	Generation    uint64              `json:"generation"`
	Availability  events.Availability `json:"availability"`
	Owners        []string            `json:"owners"`
	Users         []string            `json:"users,omitempty"`
	Groups        []string            `json:"groups,omitempty"`
	Account       string              `json:"account,omitempty"`
	Resume        events.ResumePolicy `json:"resume"`
	SuspendFor    events.Seconds      `json:"suspend_for_seconds,omitempty"`
	ExpiresAt     *time.Time          `json:"expires_at,omitempty"`
	Auth          events.AuthSettings `json:"auth"`
	Settings      json.RawMessage     `json:"settings,omitempty"`
	// Advice is what to do now: commands that run.
	Advice []string `json:"advice,omitempty"`
}

// ListConnections gives the connections of a tenant (empty: of all), in a state (empty: any), in order.
func ListConnections(all Connections, secrets Secrets, tenant, state string, now time.Time) []ConnectionView {
	var views []ConnectionView
	for e := range all.All() {
		v := viewConnection(e, secrets, now)
		if (tenant == "" || v.Tenant == tenant) && (state == "" || v.State == state) {
			views = append(views, v)
		}
	}
	slices.SortFunc(views, func(a, b ConnectionView) int {
		return cmp.Or(cmp.Compare(a.Tenant, b.Tenant), cmp.Compare(a.ID, b.ID))
	})
	return views
}

// ShowConnection gives one connection.
func ShowConnection(ctx context.Context, all Connections, secrets Secrets, tenant, id string, now time.Time) (ConnectionView, error) {
	e, _, err := all.Fresh(ctx, tenant, id)
	if err != nil {
		return ConnectionView{}, err
	}
	if e == nil {
		return ConnectionView{}, problem(NotFound, "holdfast connections list --tenant "+tenant,
			"tenant %s has no connection %s", tenant, id)
	}
	return viewConnection(e, secrets, now), nil
}

func viewConnection(e *connection.Entry, secrets Secrets, now time.Time) ConnectionView {
	v := ConnectionView{
		Tenant: e.Tenant, ID: e.ID, Name: e.Name, Type: e.Type, Kind: e.Kind, AuthMethod: e.Auth.Method,
		State: string(e.State()), Revision: e.Sequence, Generation: e.Generation, Users: e.Users, Groups: e.Groups, Account: e.Account, Availability: e.Availability, Owners: e.Owners,
		Resume: cmp.Or(e.Resume, events.ResumeAuto), SuspendFor: e.SuspendFor, ExpiresAt: e.ExpiresAt,
		Auth: e.Auth, Settings: e.Settings,
	}
	if b := e.Broken; b != nil {
		v.Reason, v.Detail, v.Since, v.SecretVersion = string(b.Reason), b.Detail, &b.Since, b.SecretVersion
		v.Advice = secrets.Advice(b.Reason, e.Tenant, e.ID, e.Owners)
	}
	if f := e.Unusable(now); e.Works() && f != nil { // its end has passed, and no worker has come by since
		v.State, v.Reason, v.Detail = string(events.StateBroken), string(f.Reason), f.Detail
	}
	return v
}
