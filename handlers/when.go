package handlers

import (
	"cmp"
	"context"
	"encoding/json"

	lru "github.com/hashicorp/golang-lru/v2"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

// formulasKept is how many formulas of requests are kept compiled; the least used go first.
const formulasKept = 1024

// formulaCache holds formulas by their text: the steps of a workflow ask the same ones again and again.
type formulaCache = lru.Cache[string, *formula.Program]

func newFormulaCache() *formulaCache {
	c, err := lru.New[string, *formula.Program](formulasKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

func (h *Handlers) compiled(text string) (*formula.Program, error) {
	if p, ok := h.formulas.Get(text); ok {
		return p, nil
	}
	p, err := formula.Compile(text)
	if err == nil {
		h.formulas.Add(text, p)
	}
	return p, err
}

// wanted tells whether a request's own condition is met. Faults: FormulaInvalid where it can not be read or
// evaluated; a transient one where what it rests on is not known. That it is not met ends the request, so all that was
// said of its user before has to be known by then.
func (h *Handlers) wanted(ctx context.Context, j *job) (bool, *fault.Fault) {
	if j.req.When == "" {
		return true, nil
	}
	if f := h.fresh(); f != nil {
		return false, f
	}
	p, err := h.compiled(j.req.When)
	if err != nil {
		return false, whenInvalid(err)
	}
	j.now = h.Permissions.Of(j.Tenant)
	user := j.now.Reader(cmp.Or(j.req.ActingUser, events.ActorSystem), j.req.App)
	ok, err := p.True(formula.Input{User: user, Model: modelOf(j.req.Model), Now: h.Clock.Now()})
	if !ok && len(p.Sets())+len(p.Attributes()) > 0 {
		if f := h.allSaid(ctx, j); f != nil {
			return false, f
		}
	}
	if err != nil {
		return false, whenInvalid(err)
	}
	return ok, nil
}

func whenInvalid(err error) *fault.Fault {
	return fault.New(fault.FormulaInvalid, "when: "+err.Error()).WithField("/data/when").WithNoEffect()
}

// modelOf is the record that a request carries; none where it carries none.
func modelOf(raw json.RawMessage) formula.Model {
	r, err := formula.ReadRecord(raw)
	if err != nil {
		return nil
	}
	return r
}
