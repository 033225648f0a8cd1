package odata

import (
	"cmp"
	"context"
	stdjson "encoding/json"
	"net/http"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/fault"
)

// entityDocument is what an operation on one entity returns; doc.go tells the fields.
type entityDocument struct {
	Status int                `json:"status"`
	Item   stdjson.RawMessage `json:"item,omitempty"`
	ETag   string             `json:"etag,omitempty"`
	Error  *serviceError      `json:"error,omitempty"`
}

// serviceError is what a service says of a refusal.
type serviceError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// one performs an operation that is one request.
func (c *Connector) one(ctx context.Context, o operation) (connector.Result, error) {
	a, err := c.http.Do(ctx, o.request, o.call)
	if err != nil {
		return o.refused(a, err)
	}
	doc := entityDocument{Status: a.Status, ETag: a.Headers["Etag"]}
	item, etag, err := readEntity(a)
	if err == nil {
		doc.Item, doc.ETag = item, cmp.Or(doc.ETag, etag)
	} else if o.call.Method == http.MethodGet { // what was written is written, whatever was answered
		return connector.Result{}, err
	}
	return result(doc)
}

// refused gives what the service said beside the fault, where it said something.
func (o operation) refused(a httpc.Answer, err error) (connector.Result, error) {
	err = o.fault(err)
	if a.Status == 0 {
		return connector.Result{}, err
	}
	if a.Status == http.StatusPreconditionFailed {
		err = o.outdated(fault.From(err))
	}
	r, bad := result(entityDocument{Status: a.Status, Error: readError(a.Body)})
	if bad != nil {
		return r, bad
	}
	return r, err
}

// outdated says of a 412 (RFC 9110 section 13.1.1: nothing was done) whose version was not the last.
func (o operation) outdated(f *fault.Fault) *fault.Fault {
	if o.request.Fenced {
		return fault.Wrap(fault.Conflict, f.Detail+": the entity has changed since it was looked at", f).WithNoEffect()
	}
	f.Detail += ": the entity has changed since its etag was read"
	return f
}

// readError finds code and message in an error document of version 4, 3, or older; nil where there is none.
func readError(body []byte) *serviceError {
	type inner struct {
		Code    string         `json:"code"`
		Message jsontext.Value `json:"message"`
	}
	var doc struct {
		Error *inner `json:"error"`
		Older *inner `json:"odata.error"`
	}
	if json.Unmarshal(body, &doc) != nil {
		return nil
	}
	e := cmp.Or(doc.Error, doc.Older)
	if e == nil {
		return nil
	}
	out := serviceError{Code: e.Code}
	var translated struct {
		Value string `json:"value"`
	}
	if json.Unmarshal(e.Message, &out.Message) != nil && json.Unmarshal(e.Message, &translated) == nil {
		out.Message = translated.Value
	}
	return &out
}

// unreadable is a fault of the answer's form: it came, and it is no use.
func unreadable(detail string) error {
	return fault.New(fault.TargetRejected, detail)
}

// body is the answer's JSON, nil for none.
func body(a httpc.Answer) (stdjson.RawMessage, error) {
	switch {
	case a.Truncated:
		return nil, unreadable("the answer is longer than max_response_bytes: select fewer fields, or ask for fewer entities")
	case a.BodyOmitted != "":
		return nil, unreadable("the answer was left out: " + a.BodyOmitted)
	case a.BodyText != "":
		return nil, unreadable("the answer is no OData document")
	}
	return a.Body, nil
}

// readEntity reads an entity and its ETag; (nil, "") for an answer without a body.
func readEntity(a httpc.Answer) (item stdjson.RawMessage, etag string, err error) {
	raw, err := body(a)
	if err != nil || raw == nil {
		return nil, "", err
	}
	var doc struct {
		Four    string         `json:"@odata.etag"`
		Short   string         `json:"@etag"`
		Three   string         `json:"odata.etag"`
		Wrapped jsontext.Value `json:"d"`
		Old     struct {
			ETag string `json:"etag"`
		} `json:"__metadata"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return nil, "", unreadable("the answer is no OData entity")
	}
	if doc.Wrapped.Kind() == '{' {
		a.Body = stdjson.RawMessage(doc.Wrapped)
		return readEntity(a)
	}
	return raw, cmp.Or(doc.Four, doc.Short, doc.Three, doc.Old.ETag), nil
}
