package connector

import (
	"encoding/json"

	"holdfast/events"
	"holdfast/internal/formula"
)

// Records is a connector whose operations are about records with fields, so that permission sets can say which of them
// a user may see and change. Where permission sets count, an operation goes through all of it: Touches says what it is
// about, Limit narrows it, Look reads what is about to be changed, and Strip takes out of the answer what may not be
// seen: a target that ignores a filter leaks nothing. Inputs and responses are the connector's own documents.
//
// A connector without it has no records: its actions need the right to the connection as a whole.
type Records interface {
	Connector
	// Touches tells what an operation is about. The fault is that of Validate.
	Touches(operation string, input json.RawMessage) (Touch, error)
	// Limit is the input of the same operation within l.
	Limit(operation string, input json.RawMessage, l Limits) (json.RawMessage, error)
	// Look is the operation that reads fields of the one record that an update or a delete is about.
	Look(input json.RawMessage, fields []string) (operation string, lookInput json.RawMessage, err error)
	// Fenced is the input of an update or delete that the target carries out only as long as the record is as it was
	// looked at, where the target says which version that was. ours tells that the version is from that look: the input
	// names none. TargetRejected: it is not the version that the input names.
	Fenced(operation string, input, looked json.RawMessage) (fenced json.RawMessage, ours bool, err error)
	// Record is the one record in an answer; nil where there is none.
	Record(response json.RawMessage) (formula.Record, error)
	// Strip is the answer without the records that keep refuses, and without the fields that it does not keep of the
	// others. hidden tells that an answer about one record had it taken out.
	Strip(operation string, response json.RawMessage, keep Keep) (stripped json.RawMessage, hidden bool, err error)
}

// Keep tells whether a record may be passed on, and which of its fields. Fields of entities inside of others are
// named by their path.
type Keep func(formula.Record) (field func(name string) bool, ok bool)

// Touch is what an operation is about.
type Touch struct {
	Op     events.DataOp
	Object string
	// Reads are the fields that are asked for; nil: all.
	Reads []string
	// By are the fields by which records are found or put in order, those of a key that names its parts among them.
	By []string
	// Writes are the values that are written, and Written what of the record that is, in order: the paths of the values
	// inside where one is an object or a list of them, so that no forbidden field is written as part of another.
	Writes  map[string]json.RawMessage
	Written []string
	// At is where the input names a field, as a JSON pointer.
	At map[string]string
}

// Limits is what permission sets leave of an operation.
type Limits struct {
	// Reads are the fields to ask for; nil: as the operation says.
	Reads []string
	// Filter is what every record that may be seen matches; nil: all.
	Filter *formula.Filter
	// Force is what fields get, whatever the operation says.
	Force map[string]formula.Value
}
