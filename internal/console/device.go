package console

import (
	"context"

	"holdfast/internal/fault"
	"holdfast/internal/oauth"
)

// Device signs an account in on another machine (RFC 8628): tell says which code to type where. accept is an
// account to agree to although the connection had another one; empty: none.
func (c *Console) Device(ctx context.Context, tenant, id, actor, accept string, tell func(oauth.Device)) (Ended, error) {
	t, err := c.target(ctx, tenant, id, actor)
	if err != nil {
		return Ended{}, err
	}
	if t.full.Auth.DeviceURL == "" {
		return Ended{}, fault.New(fault.SettingsInvalid, "neither the connection nor its type names a device authorization address").
			WithField("/auth/device_url").WithHint("set auth.device_url, or sign in with a browser on this machine")
	}
	endpoints, err := c.endpoints(ctx, t)
	if err != nil {
		return Ended{}, err
	}
	e, d, err := c.startDevice(ctx, endpoints, t.full.Auth.DeviceURL)
	if err != nil {
		return Ended{}, err
	}
	tell(d)
	token, err := c.Provider.AwaitDevice(ctx, e, d)
	if err != nil {
		return Ended{}, err
	}
	if t, err = c.target(ctx, tenant, id, actor); err != nil { // it may have taken half an hour
		return Ended{}, err
	}
	out := Ended{Tenant: tenant, Connection: id, Name: t.entry.Name}
	return c.keep(ctx, t, attempt{Actor: actor, Accept: accept}, token, out), nil
}

// startDevice takes the first of the client's secrets that works.
func (c *Console) startDevice(ctx context.Context, endpoints []oauth.Endpoint, at string) (e oauth.Endpoint, d oauth.Device, err error) {
	for _, e = range endpoints {
		d, err = c.Provider.StartDevice(ctx, e, at)
		if err == nil || fault.From(err).Reason != fault.InvalidClient {
			break
		}
	}
	return e, d, err
}
