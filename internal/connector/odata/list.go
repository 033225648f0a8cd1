package odata

import (
	"cmp"
	"context"
	stdjson "encoding/json"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/fault"
)

// listDocument is what list returns; doc.go tells the fields.
type listDocument struct {
	Status int                  `json:"status"`
	Items  []stdjson.RawMessage `json:"items"`
	Next   bool                 `json:"next"`

	bytes int
}

// list reads pages for as long as there are more, and room for them.
func (c *Connector) list(ctx context.Context, o operation) (connector.Result, error) {
	o.request.IdempotencyKey = "" // every page is another request, and reading needs none
	doc := listDocument{Items: []stdjson.RawMessage{}}
	most, pages := cmp.Or(o.in.MaxItems, defaultItems), cmp.Or(o.in.MaxPages, defaultPages)
	for n, call := 1, o.call; ; n++ {
		a, err := c.http.Do(ctx, o.request, call)
		if err != nil {
			return o.refused(a, err)
		}
		p, err := readPage(a)
		if err != nil {
			return connector.Result{}, err
		}
		doc.Status = a.Status
		all := doc.take(p.items, most, o.settings.site.MaxBytes())
		if !all || p.next == "" || n == pages || len(doc.Items) == most {
			doc.Next = !all || p.next != ""
			return result(doc)
		}
		next, err := o.settings.site.Follow(call, p.next)
		if err != nil {
			return connector.Result{}, fault.Wrap(fault.TargetRejected, "the next page is not below the base URL", err)
		}
		if next.Path == call.Path && next.RawQuery == call.RawQuery {
			return connector.Result{}, unreadable("the next page is the page itself")
		}
		call = next
	}
}

// take adds items while there is room, and tells whether that was all.
func (d *listDocument) take(items []stdjson.RawMessage, most, mostBytes int) bool {
	for _, item := range items {
		if len(d.Items) == most || d.bytes+len(item) > mostBytes {
			return false
		}
		d.bytes += len(item)
		d.Items = append(d.Items, item)
	}
	return true
}

// page is one page of a list.
type page struct {
	items []stdjson.RawMessage
	next  string // a link; empty: it is the last
}

// readPage reads a page of version 4 or 3, or the verbose form of older ones.
func readPage(a httpc.Answer) (page, error) {
	raw, err := body(a)
	if err != nil {
		return page{}, err
	}
	var doc struct {
		Value   *[]stdjson.RawMessage `json:"value"`
		Four    string                `json:"@odata.nextLink"`
		Short   string                `json:"@nextLink"`
		Three   string                `json:"odata.nextLink"`
		Wrapped jsontext.Value        `json:"d"`
	}
	var old struct {
		Results *[]stdjson.RawMessage `json:"results"`
		Next    string                `json:"__next"`
	}
	if json.Unmarshal(raw, &doc) != nil {
		return page{}, noList()
	}
	switch doc.Wrapped.Kind() {
	case '{':
		err = json.Unmarshal(doc.Wrapped, &old)
	case '[':
		err = json.Unmarshal(doc.Wrapped, &old.Results)
	}
	items := cmp.Or(doc.Value, old.Results)
	if err != nil || items == nil {
		return page{}, noList()
	}
	for _, item := range *items {
		if jsontext.Value(item).Kind() != '{' {
			return page{}, noList()
		}
	}
	return page{*items, cmp.Or(doc.Four, doc.Short, doc.Three, old.Next)}, nil
}

func noList() error { return unreadable("the answer is no OData list of entities") }
