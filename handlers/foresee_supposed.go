package handlers

import (
	"context"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/internal/permission"
	"holdfast/vaultclient"
)

// What a Foreseer supposes of what it does not look at.

type notedNotices struct{ *note }

func (n notedNotices) Notify(_ context.Context, _ string, e events.Event) error {
	if n.note != nil {
		n.told = append(n.told, e)
	}
	return nil
}

// supposedSecrets says that Vault holds what the registry last heard of.
type supposedSecrets struct{ *note }

func (s supposedSecrets) Config(context.Context, string, string, bool) (vaultclient.Secret, error) {
	if s.entry == nil {
		return vaultclient.Secret{}, errNoVault
	}
	known := s.entry.Now()
	if b := s.entry.Broken; b != nil {
		known = b.Fence
	}
	v := vaultclient.Secret{Version: known.SecretVersion}
	if known.SecretCreated != 0 {
		v.Created = time.Unix(0, known.SecretCreated)
	}
	return v, nil
}

func (supposedSecrets) ConfigVersion(context.Context, string, string) (vaultclient.Version, error) {
	return vaultclient.Version{}, errNoVault
}

func (supposedSecrets) Forget(string, string) {}

// errNoVault makes changes pass over what they would look at in Vault.
var errNoVault error = fault.New(fault.VaultUnavailable, "a forecast does not look at Vault")

// supposedLogin says that credentials work.
type supposedLogin struct{}

func (supposedLogin) Authenticate(_ context.Context, _ *connection.Entry, s vaultclient.Secret, _ time.Time) (credential.Credential, error) {
	return credential.Credential{SecretVersion: s.Version}, nil
}

func (supposedLogin) Reject(*connection.Entry, credential.Credential) bool { return false }

func (supposedLogin) Alone(ctx context.Context, _ *connection.Entry, _ credential.Credential) (context.Context, func(), error) {
	return ctx, func() {}, nil
}

func (supposedLogin) Passed(context.Context, *connection.Entry, credential.Credential) (bool, error) {
	return false, nil
}

type (
	noTimers   struct{}
	noLeases   struct{}
	noGrants   struct{}
	noObserver struct{}
)

func (noTimers) Set(context.Context, events.Chain, uint64, time.Duration) error      { return nil }
func (noTimers) SetAgain(context.Context, events.Chain, uint64, time.Duration) error { return nil }
func (noTimers) Cancel(context.Context, events.Chain, uint64) error                  { return nil }

func (noLeases) Hold(context.Context, string, time.Duration) (bool, error) { return false, nil }
func (noLeases) Keep(context.Context, string, time.Duration) (release func(), ok bool, err error) {
	return func() {}, true, nil
}

func (noGrants) KeepAlive(context.Context, *connection.Entry) (time.Time, error) {
	return time.Time{}, nil
}
func (noGrants) Revoke(context.Context, *connection.Entry) (bool, error) { return false, nil }

func (noObserver) Outcome(events.Type, fault.Reason)                  {}
func (noObserver) Suspension(events.Type, fault.Reason, events.Cause) {}
func (noObserver) Held(int)                                           {}
func (noObserver) Decided(permission.Rule)                            {}
func (noObserver) AlarmLate(time.Duration)                            {}

func (noObserver) Begin(ctx context.Context, _ dispatch.Stage) (context.Context, func(*fault.Fault)) {
	return ctx, func(*fault.Fault) {}
}

func (noObserver) Follow(ctx context.Context, _ dispatch.Stage, _ events.Trace) (context.Context, func(*fault.Fault)) {
	return ctx, func(*fault.Fault) {}
}

// RebuildPorts write a registry, facts and names, and nothing else: nothing is told, no timer set, and neither Vault nor a
// provider is asked. Changes applied through them make the state that events determine.
func RebuildPorts(r Registry, f Facts, n Names, s Sight) Ports {
	unheard := new(note)
	return Ports{
		Registry: r, Facts: f, Names: n, Permissions: s.Permissions, Clock: s.Clock, Types: s.Types,
		Connectors: seenConnectors{s, unheard}, Notices: notedNotices{}, Timers: noTimers{}, Leases: noLeases{},
		Secrets: supposedSecrets{unheard}, Auth: supposedLogin{}, Grants: noGrants{}, Observer: noObserver{},
	}
}
