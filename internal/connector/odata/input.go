package odata

import (
	stdjson "encoding/json"
	"maps"
	"slices"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/connector/strict"
	"holdfast/internal/fault"
)

// Bounds of what one list returns and reads.
const (
	defaultItems, mostItems = 1000, 10_000
	defaultPages, mostPages = 10, 100
)

// Input is an action's input; doc.go tells the members.
type Input struct {
	EntitySet  EntitySet                     `json:"entity_set"`
	Key        *Key                          `json:"key,omitzero"`
	Select     []Field                       `json:"select,omitzero"`
	Filter     *Filter                       `json:"filter,omitzero"`
	OrderBy    []Order                       `json:"orderby,omitzero"`
	Top        int                           `json:"top,omitzero"`
	MaxItems   int                           `json:"max_items,omitzero"`
	MaxPages   int                           `json:"max_pages,omitzero"`
	Fields     map[string]stdjson.RawMessage `json:"fields,omitzero"`
	ETag       string                        `json:"etag,omitzero"`
	AnyVersion bool                          `json:"any_version,omitzero"`
}

// Order is one field to order by, ascending unless Desc.
type Order struct {
	Field Field `json:"field"`
	Desc  bool  `json:"desc,omitzero"`
}

// The operations.
const (
	List   = "list"
	Get    = "get"
	Create = "create"
	Update = "update"
	Delete = "delete"
)

// takes says which members an operation understands beside entity_set.
var takes = map[string][]string{
	List:   {"select", "filter", "orderby", "top", "max_items", "max_pages"},
	Get:    {"key", "select"},
	Create: {"fields"},
	Update: {"key", "fields", "etag", "any_version"},
	Delete: {"key", "etag", "any_version"},
}

// Parse reads an operation's input. The fault is OperationForbidden, or InputInvalid with Field.
func Parse(operation string, document []byte) (Input, error) {
	var in Input
	if takes[operation] == nil {
		return in, fault.New(fault.OperationForbidden, "odata knows the operations list, get, create, update and delete").WithNoEffect()
	}
	if err := strict.Decode(fault.InputInvalid, document, &in); err != nil {
		return in, err
	}
	if p := in.check(operation); p != nil {
		return in, fault.New(fault.InputInvalid, p.detail).WithField(string(p.at)).WithNoEffect()
	}
	return in, nil
}

// Document is the input as Parse reads it.
func (in Input) Document() ([]byte, error) { return json.Marshal(in, json.Deterministic(true)) }

func (in Input) check(operation string) *problem {
	for _, m := range in.given() {
		if !slices.Contains(takes[operation], m) {
			return &problem{jsontext.Pointer("/" + m), "the operation does not take this"}
		}
	}
	if p := in.EntitySet.check("/entity_set"); p != nil {
		return p
	}
	if in.EntitySet[len(in.EntitySet)-1].Key != nil {
		return &problem{"/entity_set", "the key of an entity is given by key"}
	}
	if slices.Contains(takes[operation], "key") {
		if p := in.Key.check("/key"); p != nil {
			return p
		}
	}
	switch operation {
	case List:
		return in.checkList()
	case Get:
		return in.checkSelect()
	default:
		return in.checkWrite(operation)
	}
}

// given are the members that are there, and matter to some operations only.
func (in Input) given() []string {
	there := map[string]bool{
		"key": in.Key != nil, "select": in.Select != nil, "filter": in.Filter != nil, "orderby": in.OrderBy != nil,
		"top": in.Top != 0, "max_items": in.MaxItems != 0, "max_pages": in.MaxPages != 0,
		"fields": in.Fields != nil, "etag": in.ETag != "", "any_version": in.AnyVersion,
	}
	maps.DeleteFunc(there, func(_ string, given bool) bool { return !given })
	return slices.Sorted(maps.Keys(there))
}

func (in Input) checkList() *problem {
	switch {
	case in.Top < 0:
		return &problem{"/top", "top is 1 at least"}
	case in.MaxItems < 0 || in.MaxItems > mostItems:
		return &problem{"/max_items", "max_items is from 1 to 10000"}
	case in.MaxPages < 0 || in.MaxPages > mostPages:
		return &problem{"/max_pages", "max_pages is from 1 to 100"}
	}
	for i, o := range in.OrderBy {
		if !o.Field.valid() {
			return &problem{step("/orderby", i).AppendToken("field"), noField}
		}
	}
	if in.Filter != nil {
		if p := in.Filter.check("/filter", 0); p != nil {
			return p
		}
	}
	return in.checkSelect()
}

func (in Input) checkSelect() *problem {
	for i, f := range in.Select {
		if !f.valid() {
			return &problem{step("/select", i), noField}
		}
	}
	return nil
}

func (in Input) checkWrite(operation string) *problem {
	switch {
	case operation != Delete && len(in.Fields) == 0:
		return &problem{"/fields", "there is nothing to write"}
	case operation == Create:
	case in.ETag == "" && !in.AnyVersion:
		return &problem{"/etag", "name the version to change, or say any_version"}
	case in.ETag != "" && in.AnyVersion:
		return &problem{"/any_version", "etag and any_version exclude each other"}
	case in.ETag == "*":
		return &problem{"/etag", "any version is any_version"}
	}
	for name := range in.Fields {
		if !validName(name) {
			return &problem{jsontext.Pointer("/fields").AppendToken(name), "this is no OData name"}
		}
	}
	return nil
}
