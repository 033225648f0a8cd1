package authn

import (
	"context"
	"hash/fnv"
	"time"

	"holdfast/internal/connection"
	"holdfast/internal/credential"
	"holdfast/internal/fault"
	"holdfast/vaultclient"
)

// looksPerSecond bounds how many connections are looked at that nobody uses: there may be very many.
const looksPerSecond = 20

// KeepAlive refreshes the token of a connection that nobody used for long, before its refresh token ends. next
// is when to look again; zero where no end is known, or the method has no refresh token. Looking early costs two
// reads of Vault, or none where no end is known.
//
// A token is due between half and three quarters of its refresh token's life, each connection at a point of its
// own, so that those which were set up together are not refreshed together. Faults are those of Authenticate.
func (a *Authenticator) KeepAlive(ctx context.Context, e *connection.Entry) (next time.Time, err error) {
	if credential.Method(e.Auth.Method) != credential.RefreshToken || a.refreshLife(e) == 0 && !endKnown(e) {
		return time.Time{}, nil
	}
	if err := a.looks.Wait(ctx); err != nil {
		return time.Time{}, fault.Wrap(fault.Draining, "the worker is stopping", err)
	}
	config, due, err := a.due(ctx, e)
	if err != nil || due.IsZero() || a.o.Clock.Now().Before(due) {
		return due, err
	}
	if _, err = a.fetched(ctx, order{entry: e, secret: config, method: credential.RefreshToken, after: due}); err != nil {
		return time.Time{}, err
	}
	_, due, err = a.due(ctx, e)
	return due, err
}

func endKnown(e *connection.Entry) bool {
	for _, end := range e.Ends {
		if end.What == connection.EndingRefreshToken {
			return true
		}
	}
	return false
}

// due is when the connection's present refresh token has lived for long enough.
func (a *Authenticator) due(ctx context.Context, e *connection.Entry) (config vaultclient.Secret, due time.Time, err error) {
	if config, err = a.o.Tokens.Config(ctx, e.Tenant, e.ID, false); err != nil {
		return config, time.Time{}, err
	}
	origin, err := field(config, fieldRefresh)
	if err != nil {
		return config, time.Time{}, err
	}
	s, err := a.o.Tokens.Token(ctx, e.Tenant, e.ID)
	if err != nil {
		return config, time.Time{}, err
	}
	f := parseFamily(s)
	from, end := f.made, f.refreshEnds
	if f.next(origin) == origin && origin != f.refresh { // authorized, and not refreshed since
		from, end = config.Created, time.Time{}
	}
	life := end.Sub(from)
	if end.IsZero() {
		life = a.refreshLife(e)
	}
	if from.IsZero() || life <= 0 {
		return config, time.Time{}, nil
	}
	return config, from.Add(life/2 + share(life/4, e)), nil
}

// share is a part of d that is always the same for a connection, and spread evenly among many.
func share(d time.Duration, e *connection.Entry) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(e.Tenant + "/" + e.ID)) // never fails
	return time.Duration(float64(d) * float64(h.Sum32()) / (1 << 32))
}

// refreshLife is how long a refresh token lives by the connection's type; 0 where that is not known.
func (a *Authenticator) refreshLife(e *connection.Entry) time.Duration {
	if a.o.RefreshLife == nil {
		return 0
	}
	return a.o.RefreshLife(e)
}

// learnTimeout bounds telling of ends: they are told again with the next token.
const learnTimeout = 15 * time.Second

// learn tells, in the background, when the credentials end that a token came from. What is known already, give
// or take a tenth of the time that is left, is not told again: each refresh may move an end a little.
func (a *Authenticator) learn(ctx context.Context, o order, config vaultclient.Secret, refreshEnds time.Time) {
	var ends []connection.End
	if !refreshEnds.IsZero() {
		ends = append(ends, connection.End{What: connection.EndingRefreshToken, At: refreshEnds.UTC()})
	}
	if secrets, err := clientSecrets(config); err == nil && !lastEnd(secrets).IsZero() {
		ends = append(ends, connection.End{What: connection.EndingClientSecret, At: lastEnd(secrets).UTC()})
	}
	if a.o.LearnEnds == nil || sameEnds(o.entry.Ends, ends, a.o.Clock.Now()) {
		return
	}
	a.life.follow(ctx, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, learnTimeout)
		defer cancel()
		_ = a.o.LearnEnds(ctx, o.entry.Tenant, o.entry.ID, o.entry.Generation, ends)
	})
}

func sameEnds(known, ends []connection.End, now time.Time) bool {
	if len(known) != len(ends) {
		return false
	}
	for i, end := range ends {
		if k := known[i]; k.What != end.What || end.At.Sub(k.At).Abs() > end.At.Sub(now)/10 && !end.At.Equal(k.At) {
			return false
		}
	}
	return true
}

// passed tells whether a token made at made is too old for the order.
func (o order) passed(made time.Time) bool { return !o.after.IsZero() && made.Before(o.after) }
