package handlers

import (
	"context"
	"errors"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/connector"
	"holdfast/internal/credential"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
	"holdfast/vaultclient"
)

// ConnectionChanged handles a change of a registry entry, whoever made it: what can go on, goes on. The
// entry is read anew, so a change that is delivered late or twice is only another look.
func (h *Handlers) ConnectionChanged(ctx context.Context, tenant, id string, deliveries uint64) dispatch.Result {
	if err := h.tellMoved(ctx, tenant, id); err != nil {
		return again(ctx, err)
	}
	e, _, err := h.Registry.Fresh(ctx, tenant, id)
	if err == nil && e != nil && e.Deleted {
		return h.revoked(ctx, e, deliveries)
	}
	resumed, err := h.Recover(ctx, tenant, id)
	if err != nil {
		return again(ctx, err)
	}
	if resumed > 0 {
		return dispatch.Later("recheck", h.opts.RecheckAfter)
	}
	return dispatch.Done("looked")
}

// Recover moves a connection's suspended runs on as far as its state allows: it verifies credentials that
// are not yet seen to fail, and resumes the runs of a connection that works. It gives the number resumed.
func (h *Handlers) Recover(ctx context.Context, tenant, id string) (resumed int, err error) {
	e, rev, err := h.Registry.Fresh(ctx, tenant, id)
	if err != nil || e == nil || e.Deleted || e.Missing || e.Disabled {
		return 0, err
	}
	if e.Broken != nil {
		return 0, h.verify(ctx, e, rev)
	}
	if e.Verified == nil || e.Resume == events.ResumeManual {
		return 0, nil
	}
	return h.resumeAll(ctx, e)
}

// verify tries credentials that are not those known to fail. What can be tested is tested once; otherwise
// one suspended run goes first.
func (h *Handlers) verify(ctx context.Context, e *connection.Entry, revision uint64) error {
	c, worth, err := h.worthTrying(ctx, e)
	if err != nil || !worth {
		return err
	}
	f := h.test(ctx, c)
	switch {
	case f == nil:
		return h.restore(ctx, e, c.fence)
	case errors.Is(f, connector.ErrNoTest):
		return h.probeOrTrust(ctx, e, revision, c.fence)
	case f.Class().Suspends():
		_, err = h.markBroken(ctx, c, f, false)
		return err
	default:
		return f
	}
}

// worthTrying reads the secret anew when its version or the connection's generation is another than the
// one that failed.
func (h *Handlers) worthTrying(ctx context.Context, e *connection.Entry) (_ credentials, worth bool, err error) {
	var v vaultclient.Version
	if e.NeedsSecret() {
		if v, err = h.Secrets.ConfigVersion(ctx, e.Tenant, e.ID); err != nil {
			return credentials{}, false, err
		}
	}
	now := fenceAt(e, v)
	if why := goneFor(v); why != nil && e.NeedsSecret() {
		if e.Broken.Reason != why.Reason { // so that it is not taken for the old one when it is back
			_, err = h.markBroken(ctx, credentials{entry: e, fence: now}, why, false)
		}
		return credentials{}, false, err
	}
	if e.KnownBroken(now) && !mayHeal(e.Broken.Reason) {
		return credentials{}, false, nil
	}
	c := h.secretOf(ctx, e, true)
	if c.fault != nil {
		return c, false, unlessSuspends(c.fault)
	}
	return c, true, nil
}

// fenceAt names the credentials that a connection has with a version of its secret.
func fenceAt(e *connection.Entry, v vaultclient.Version) connection.Fence {
	return connection.Fence{Generation: e.Generation, SecretVersion: v.Current, SecretCreated: created(v.Created)}
}

// goneFor is why there is nothing to read; nil where there is.
func goneFor(v vaultclient.Version) *fault.Fault {
	switch {
	case v.Current == 0:
		return fault.New(fault.SecretMissing, "there is no secret at the connection's path")
	case v.Destroyed:
		return fault.New(fault.SecretDestroyed, "the secret's current version is destroyed")
	case v.Deleted:
		return fault.New(fault.SecretDeleted, "the secret's current version is deleted")
	default:
		return nil
	}
}

// mayHeal tells whether the same credentials may work again: a deleted secret is undeleted under its old
// version, and a provider that was unusable may have been mended.
func mayHeal(r fault.Reason) bool { return r == fault.SecretDeleted || r == fault.ProviderUnusable }

func unlessSuspends(f *fault.Fault) error {
	if f.Class().Suspends() {
		return nil
	}
	return f
}

// test authenticates, and asks the target where the connection says how. A provider that gives a token has
// answered the question; without any test the fault wraps connector.ErrNoTest.
func (h *Handlers) test(ctx context.Context, c credentials) (f *fault.Fault) {
	release, f := h.share(ctx, c.entry.Tenant)
	if f != nil {
		return f
	}
	defer release()
	ctx, end := h.Observer.Begin(ctx, dispatch.StageVerify)
	defer func() { end(f) }()
	return h.authenticated(ctx, &c, func(cred credential.Credential) *fault.Fault { return h.tested(ctx, c.entry, cred) })
}

// tested asks the target what it thinks of a credential.
func (h *Handlers) tested(ctx context.Context, of *connection.Entry, cred credential.Credential) *fault.Fault {
	con, e, f := h.tester(of)
	if f != nil {
		return f
	}
	err := con.Test(ctx, connector.Request{Settings: e.Settings, Credential: cred})
	if errors.Is(err, connector.ErrNoTest) {
		if credential.Method(of.Auth.Method).AsksProvider() {
			return nil
		}
		return fault.Wrap(fault.VerifyingElsewhere, "the connection has no test", err)
	}
	return testSays(fault.From(err))
}

// testSays reads a test's answer as one about credentials: a target that refuses the right or does not know
// the path has let them in, or has said nothing.
func testSays(f *fault.Fault) *fault.Fault {
	switch {
	case f == nil || f.Reason == fault.Forbidden:
		return nil
	case f.Class() == fault.Failed:
		return fault.Wrap(fault.VerifyingElsewhere, "the connection's test is of no use", connector.ErrNoTest)
	default:
		return f
	}
}

// restore marks a connection as working, with the credentials that were seen to. Its change then resumes
// what waits.
func (h *Handlers) restore(ctx context.Context, e *connection.Entry, f connection.Fence) error {
	for {
		cur, rev, err := h.Registry.Fresh(ctx, e.Tenant, e.ID)
		if err != nil {
			return err
		}
		if cur == nil || cur.Broken == nil {
			return nil
		}
		next, ok := connection.Restore(cur, f)
		if !ok {
			return nil
		}
		rev, err = h.Registry.Put(ctx, next, rev)
		if conflict(err) {
			continue
		}
		if err != nil {
			return err
		}
		return h.announce(ctx, next, rev)
	}
}
