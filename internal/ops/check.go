package ops

import (
	"context"
	"encoding/json"

	"holdfast/events"
	"holdfast/internal/dispatch"
	"holdfast/internal/fault"
)

// Checker holds events against all that a worker holds them against: it runs a worker's own router, whose
// handlers do nothing.
type Checker struct{ router *dispatch.Router }

// Checked is an event that a worker would take.
type Checked struct {
	Subject string
	ID      string
	Type    events.Type
	Tenant  string
}

// NewChecker makes a Checker; clock is the bus's time, or this machine's where nothing is published.
func NewChecker(clock Clock) (*Checker, error) {
	r := dispatch.NewRouter(dispatch.WithClock(clock))
	for _, t := range events.Inbound() {
		var err error
		switch t {
		case events.ActionRequested:
			err = dispatch.Handle(r, t, take[events.Request])
		case events.ConnectionCreated, events.ConnectionUpdated:
			err = dispatch.Handle(r, t, take[events.Connection])
		case events.ConnectionDeleted, events.ConnectionUndeleted, events.ConnectionSecretRotated, events.ConnectionTestRequested:
			err = dispatch.Handle(r, t, take[events.ConnectionRef])
		case events.PermissionSetCreated, events.PermissionSetUpdated:
			err = dispatch.Handle(r, t, take[events.PermissionSet])
		default:
			err = dispatch.Handle(r, t, take[events.SuspensionCommand])
		}
		if err != nil {
			return nil, err
		}
	}
	return &Checker{router: r}, nil
}

func take[T any](context.Context, dispatch.Meta, T) dispatch.Result { return dispatch.Done("valid") }

// Check tells whether a worker would take raw, an event in structured JSON, and where it belongs. Tenant
// may be empty: then the payload must name it. The fault repeats no value.
func (c *Checker) Check(ctx context.Context, raw []byte, tenant string) (Checked, *fault.Fault) {
	peek := peekAt(raw)
	if tenant == "" {
		tenant = peek.Data.Tenant
	}
	missing := tenant == ""
	if missing {
		tenant = "unknown" // so that everything else about the event is told first
	}
	subject := events.SubjectOf(tenant, peek.Type)
	result := c.router.Route(ctx, dispatch.Delivery{Subject: subject, Data: raw, Deliveries: 1})
	switch {
	case result.Fault != nil:
		return Checked{}, result.Fault
	case missing:
		return Checked{}, fault.New(fault.SchemaViolation, "the tenant is named neither here nor by --tenant").
			WithField("/data/tenant").WithHint("add --tenant, or data.tenant to the event")
	default:
		return Checked{Subject: subject, ID: result.EventID, Type: peek.Type, Tenant: tenant}, nil
	}
}

// CheckMessage tells whether a worker would take a message as it is on a subject, in structured or in binary mode; nil:
// it would. The fault repeats no value.
func (c *Checker) CheckMessage(ctx context.Context, subject string, header map[string][]string, raw []byte) *fault.Fault {
	return c.router.Route(ctx, dispatch.Delivery{Subject: subject, Header: header, Data: raw, Deliveries: 1}).Fault
}

type peeked struct {
	Type events.Type `json:"type"`
	Data struct {
		Tenant string `json:"tenant"`
	} `json:"data"`
}

// peekAt reads what the subject is made of; what can not be read stays empty, and Route says why.
func peekAt(raw []byte) peeked {
	var p peeked
	_ = json.Unmarshal(raw, &p) // a wrong type of one member leaves the others readable
	return p
}
