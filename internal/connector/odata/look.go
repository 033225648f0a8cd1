package odata

import (
	stdjson "encoding/json"

	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

// Look is a get of the entity that an update or a delete is about.
func (*Connector) Look(input stdjson.RawMessage, fields []string) (operation string, look stdjson.RawMessage, err error) {
	in, err := parseAny(input)
	if err != nil {
		return "", nil, err
	}
	get := Input{EntitySet: in.EntitySet, Key: in.Key}
	for _, f := range fields {
		if Field(f).valid() {
			get.Select = append(get.Select, Field(f))
		}
	}
	look, err = get.Document()
	return Get, look, err
}

// parseAny reads the input of an update or a delete.
func parseAny(input stdjson.RawMessage) (Input, error) {
	in, err := Parse(Update, input)
	if err != nil {
		return Parse(Delete, input)
	}
	return in, nil
}

// Fenced names the version that was looked at, where the service told one. Where it did not, between the look and the
// write another may change the entity.
func (*Connector) Fenced(operation string, input, looked stdjson.RawMessage) (fenced stdjson.RawMessage, ours bool, err error) {
	in, err := Parse(operation, input)
	if err != nil {
		return nil, false, err
	}
	var seen entityDocument
	if err := stdjson.Unmarshal(looked, &seen); err != nil {
		return nil, false, fault.Wrap(fault.Internal, "an answer of ours can not be read", err)
	}
	switch {
	case seen.ETag == "":
		return input, false, nil
	case in.ETag != "" && in.ETag != seen.ETag:
		return nil, false, fault.New(fault.TargetRejected, "the entity has changed since its etag was read").WithField("/etag").WithNoEffect()
	}
	ours = in.ETag == ""
	in.ETag, in.AnyVersion = seen.ETag, false
	fenced, err = in.Document()
	return fenced, ours, err
}

// Record is the entity in an answer to get; nil where there is none.
func (*Connector) Record(response stdjson.RawMessage) (formula.Record, error) {
	var doc entityDocument
	if err := stdjson.Unmarshal(response, &doc); err != nil {
		return nil, fault.Wrap(fault.Internal, "an answer of ours can not be read", err)
	}
	if doc.Item == nil {
		return nil, nil //nolint:nilnil // no record is an answer
	}
	return readRecord(doc.Item)
}

// readRecord reads an entity.
func readRecord(item stdjson.RawMessage) (formula.Record, error) {
	r, err := formula.ReadRecord(item)
	if err != nil {
		return nil, unreadable("the answer is no OData entity")
	}
	return r, nil
}
