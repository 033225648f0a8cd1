package console

import (
	"context"
	"errors"
	"strings"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/oauth"
	"holdfast/internal/ops"
	"holdfast/internal/secret"
)

// What becomes of a sign-in. The empty outcome: it is being finished.
const (
	Connected    = "connected"
	OtherAccount = "other_account" // nothing was written: somebody must agree first
	Failed       = "failed"
)

// Ended is what became of a sign-in. It holds no secret.
type Ended struct {
	Tenant     string   `json:"tenant"`
	Connection string   `json:"connection_id"`
	Name       string   `json:"name"`
	Outcome    string   `json:"outcome,omitempty"`
	Account    string   `json:"account,omitempty"`          // who signed in; empty: the provider did not say
	Previous   string   `json:"previous_account,omitempty"` // whom the connection had before, where that was another
	Scopes     []string `json:"scopes,omitempty"`
	// State is the connection's once a worker has seen the new credentials; empty: none has yet.
	State   events.ConnectionState `json:"state,omitempty"`
	Problem string                 `json:"problem,omitempty"`
	Hint    string                 `json:"hint,omitempty"`
}

func (e Ended) failed(err error) Ended {
	e.Outcome = Failed
	if p, ok := errors.AsType[*ops.Problem](err); ok {
		e.Problem, e.Hint = p.Text, p.Hint
		return e
	}
	f := fault.From(err)
	e.Problem, e.Hint = f.Detail, f.Hint
	return e
}

// arrived is what came back from the provider: a code, or an error's word; and who says so, where it does.
type arrived struct {
	code          secret.Value
	error, issuer string
}

// finish turns what came back into stored tokens, or says why not.
func (c *Console) finish(ctx context.Context, a attempt, in arrived) Ended {
	out := Ended{Tenant: a.Tenant, Connection: a.Connection}
	t, err := c.target(ctx, a.Tenant, a.Connection, a.Actor) // the rules may have changed meanwhile
	if err != nil {
		return out.failed(err)
	}
	out.Name = t.entry.Name
	switch {
	case a.Provider != t.provider():
		return out.failed(fault.New(fault.Conflict, "it was changed after the sign-in began: nobody was sent its code").
			WithHint("sign in again"))
	case !c.authorization(t, a).From(in.issuer):
		return out.failed(oauth.Foreign())
	case in.error != "":
		return out.failed(oauth.Refused(in.error))
	case in.code.Empty():
		return out.failed(oauth.Refused(""))
	}
	token, err := c.exchange(ctx, t, c.authorization(t, a), in.code)
	if err != nil {
		return out.failed(err)
	}
	return c.keep(ctx, t, a, token, out)
}

// keep stores what the provider gave, unless that is another account than before and nobody agreed to it.
func (c *Console) keep(ctx context.Context, t target, a attempt, token oauth.Token, out Ended) Ended {
	out.Account, out.Scopes = token.Account, token.Scopes
	if out.Scopes == nil {
		out.Scopes = t.full.Auth.Scopes // RFC 6749 section 5.1: as they were asked for
	}
	if !same(t.entry.Account, token.Account) {
		out.Previous = t.entry.Account
	}
	switch {
	case token.Refresh.Empty():
		return out.failed(fault.New(fault.InvalidScope, "the identity provider gave no refresh token, so the connection could not be used for long").
			WithHint("ask for offline access: the scope offline_access or offline, or what the provider's documentation names"))
	case out.Previous != "" && !strings.EqualFold(a.Accept, token.Account):
		out.Outcome = OtherAccount
		return out
	}
	view, err := c.write(ctx, t, a.Actor, token)
	if err != nil {
		return out.failed(err)
	}
	out.Outcome, out.State = Connected, view.State
	return out
}

// same takes an account that is not known for the one that is: there is nothing to ask then.
func same(before, now string) bool {
	return before == "" || now == "" || strings.EqualFold(before, now)
}

// write puts the token into Vault and tells the workers. The account's name is a label: that it could not be
// changed keeps nobody from using the new credentials.
func (c *Console) write(ctx context.Context, t target, actor string, token oauth.Token) (ops.ChangeView, error) {
	change := ops.Change{Tenant: t.entry.Tenant, Connection: t.entry.ID, Secret: ops.SecretFields{"refresh_token": token.Refresh}, Keep: true}
	if token.Account != "" && token.Account != t.entry.Account {
		next := t.entry.Connection
		next.Account, next.Actor, next.BasedOn = token.Account, actor, t.entry.Sequence
		labelled := change
		labelled.Type, labelled.Payload = events.ConnectionUpdated, next
		view, err := c.do(ctx, labelled)
		if err != nil {
			c.log.Warn().Str("tenant", t.entry.Tenant).Str("connection", t.entry.ID).Str("reason", view.Reason).
				Msg("the account's name could not be changed")
		}
		if view.SecretVersion > 0 { // it may have been the same before
			change.Secret = nil
		}
	}
	change.Type, change.Payload = events.ConnectionSecretRotated, events.ConnectionRef{ID: t.entry.ID, Actor: actor}
	return c.do(ctx, change)
}

// storeTries is how often somebody else's write in between is taken into account.
const storeTries = 3

// do carries a change out. That no worker has answered yet is no failure: the event is stored.
func (c *Console) do(ctx context.Context, change ops.Change) (view ops.ChangeView, err error) {
	for range storeTries {
		view, err = c.Changes.Do(ctx, change)
		if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Reason != fault.Conflict {
			break
		}
	}
	if p, ok := errors.AsType[*ops.Problem](err); ok && p.Kind == ops.Waiting {
		return view, nil
	}
	return view, err
}
