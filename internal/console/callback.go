package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// finishWithin bounds what follows when the browser is back. It goes on when the browser leaves: what the
// provider gave must not be lost on the way.
const finishWithin = time.Minute

// note is what the bucket keeps of a sign-in that was used.
type note struct {
	Ended

	Browser string    `json:"browser"`
	Actor   string    `json:"actor"`
	At      time.Time `json:"at"`
}

// callback takes the browser back from the provider.
func (c *Console) callback(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	var a attempt
	err := c.seals.open(forSignIn, q.Get("state"), c.Clock.Now(), &a)
	switch {
	case errors.Is(err, errForged):
		c.problem(w, r, http.StatusBadRequest, notOurs)
		return
	case a.Browser != browser(r):
		c.problem(w, r, http.StatusForbidden, otherBrowser)
		return
	case !c.speaksFor(r, a.Tenant, a.Actor):
		c.problem(w, r, http.StatusForbidden, otherPerson)
		return
	case errors.Is(err, errEnded):
		c.ended(w, r, a)
		return
	}
	n := note{Ended: Ended{Tenant: a.Tenant, Connection: a.Connection}, Browser: a.Browser, Actor: a.Actor, At: c.Clock.Now().UTC()}
	revision, err := c.SignIns.Use(r.Context(), a.ID, n.encode())
	switch {
	case fault.Is(err, fault.Conflict):
		http.Redirect(w, r, "/signins/"+a.ID+"?again", http.StatusSeeOther)
		return
	case err != nil:
		c.failure(w, r, err)
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), finishWithin)
	defer cancel()
	n.Ended = c.finish(ctx, a, arrived{secret.New(q.Get("code")), q.Get("error"), q.Get("iss")})
	c.log.Info().Str("tenant", a.Tenant).Str("connection", a.Connection).Str("actor", a.Actor).Str("outcome", n.Outcome).
		Msg("somebody came back from signing in")
	if err := c.SignIns.End(ctx, a.ID, n.encode(), revision); err != nil {
		c.log.Warn().Str("reason", string(fault.From(err).Reason)).Msg("what became of a sign-in could not be noted")
		c.show(w, r, http.StatusOK, a.ID, n, false)
		return
	}
	http.Redirect(w, r, "/signins/"+a.ID, http.StatusSeeOther)
}

// ended answers a sign-in that came back too late; one that was used in time still shows what came of it.
func (c *Console) ended(w http.ResponseWriter, r *http.Request, a attempt) {
	if n, err := c.SignIns.Note(r.Context(), a.ID); err == nil && n != nil {
		http.Redirect(w, r, "/signins/"+a.ID+"?again", http.StatusSeeOther)
		return
	}
	c.problem(w, r, http.StatusGone, tooLate)
}

func (n note) encode() []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		panic(err) // strings and a time
	}
	return raw
}
