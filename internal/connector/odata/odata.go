package odata

import (
	"cmp"
	"context"
	"encoding/json"
	"time"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/fault"
)

// Connector is the connector "odata". Make it with New.
type Connector struct {
	http    *httpc.Connector
	timeout time.Duration
}

var _ connector.Connector = (*Connector)(nil)

// New makes the connector over another, which stays the caller's to close. timeout bounds a whole operation
// with all its pages; 0: a minute.
func New(http *httpc.Connector, timeout time.Duration) *Connector {
	return &Connector{http: http, timeout: cmp.Or(timeout, time.Minute)}
}

// Name is "odata".
func (*Connector) Name() string { return "odata" }

// Operations are list, get, create, update and delete.
func (*Connector) Operations() []string { return []string{List, Get, Create, Update, Delete} }

// Validate checks everything that can be known before the network is touched.
func (c *Connector) Validate(r connector.Request) error {
	o, err := prepare(r)
	if err != nil {
		return err
	}
	return o.fault(c.http.Check(o.request, o.call))
}

// fault names the member of our input that a fault of the connector below is about.
func (o operation) fault(err error) error {
	f := fault.From(err)
	if f == nil || f.Reason != fault.InputInvalid {
		return err
	}
	switch f.Field {
	case "/path":
		if f.Field = "/entity_set"; o.in.Key != nil {
			f.Field = "/key"
		}
	case "/query":
		f.Field = "/filter"
	case "/headers/If-Match":
		f.Field = "/etag"
	}
	return f
}

// Execute performs the operation. A list reads pages until there are no more, or enough; each other operation
// is one request.
func (c *Connector) Execute(ctx context.Context, r connector.Request) (connector.Result, error) {
	o, err := prepare(r)
	if err != nil {
		return connector.Result{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if r.Operation == List {
		return c.list(ctx, o)
	}
	return c.one(ctx, o)
}

// Test is that of the connector below: it asks the connection's test_path.
func (c *Connector) Test(ctx context.Context, r connector.Request) error {
	s, err := splitSettings(r.Settings)
	if err != nil {
		return err
	}
	r.Settings = s.http
	return c.http.Test(ctx, r)
}

// result encodes a response document.
func result(document any) (connector.Result, error) {
	raw, err := json.Marshal(document)
	if err != nil {
		return connector.Result{}, fault.Wrap(fault.Internal, "the answer could not be put into the outcome", err)
	}
	return connector.Result{Response: raw}, nil
}
