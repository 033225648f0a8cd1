package console

import (
	"encoding/json"
	"net/http"
)

// resultView is the page that says what came of a sign-in.
type resultView struct {
	note

	// Again: the address was used before, and nothing was done a second time.
	Again bool
	// Retry begins another sign-in, Accept one with the other account, where there is such a choice.
	Retry, Accept string
	Reload        string
	// List: there is one to go back to. Stays: the console does, once the account is connected.
	List, Stays bool
}

// result shows what came of a sign-in, to the browser and the person that began it, as often as they ask.
func (c *Console) result(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	raw, err := c.SignIns.Note(r.Context(), id)
	if err != nil {
		c.failure(w, r, err)
		return
	}
	var n note
	if raw == nil || json.Unmarshal(raw, &n) != nil {
		c.problem(w, r, http.StatusNotFound, forgotten)
		return
	}
	if n.Browser != browser(r) {
		c.problem(w, r, http.StatusForbidden, otherBrowser)
		return
	}
	if !c.speaksFor(r, n.Tenant, n.Actor) {
		c.problem(w, r, http.StatusForbidden, otherPerson)
		return
	}
	c.show(w, r, http.StatusOK, id, n, r.URL.Query().Has("again"))
}

func (c *Console) show(w http.ResponseWriter, r *http.Request, status int, id string, n note, again bool) {
	v := resultView{note: n, Again: again, Reload: "/signins/" + id, List: c.People != nil, Stays: c.opts.Shown == nil}
	if n.Outcome == OtherAccount || n.Outcome == Failed {
		c.choices(r, &v)
	}
	title := map[string]string{
		"": "Being finished", Connected: "Connected", OtherAccount: "Another account than before", Failed: "Not connected",
	}[n.Outcome]
	c.render(w, r, status, pageResult, title, v)
	if n.Outcome != "" && c.opts.Shown != nil {
		c.opts.Shown(n.Ended)
	}
}

// choices are fresh sign-ins; without them the page still says what happened.
func (c *Console) choices(r *http.Request, v *resultView) {
	t, err := c.target(r.Context(), v.Tenant, v.Connection, v.Actor)
	if err != nil {
		return
	}
	a := attempt{Actor: v.Actor, Browser: v.Browser}
	var more map[string]string
	if v.Outcome == OtherAccount {
		accepted := a
		accepted.Accept = v.Account
		v.Accept, _ = c.begin(r.Context(), t, accepted, nil) // "" hides the choice
		more = map[string]string{"prompt": "select_account"}
	}
	v.Retry, _ = c.begin(r.Context(), t, a, more)
}

func (c *Console) closed(w http.ResponseWriter, r *http.Request) {
	c.render(w, r, http.StatusOK, pageClosed, "Done", nil)
}
