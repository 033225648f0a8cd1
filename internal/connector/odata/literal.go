package odata

import (
	stdjson "encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"
)

// Kind is what a literal is.
type Kind string

// The kinds; the zero Literal is of none.
const (
	KindNull     Kind = "null"
	KindString   Kind = "string"
	KindNumber   Kind = "number"
	KindBool     Kind = "bool"
	KindDateTime Kind = "datetime"
	KindGUID     Kind = "guid"
)

// Literal is a value in a filter or a key. It is comparable.
type Literal struct {
	kind Kind
	text string // the string itself, the number as JSON, true, false, RFC 3339 in UTC, or the GUID
}

// Null is no value.
func Null() Literal { return Literal{KindNull, "null"} }

// String is text.
func String(s string) Literal { return Literal{KindString, s} }

// Int is a whole number.
func Int(n int64) Literal { return Literal{KindNumber, strconv.FormatInt(n, 10)} }

// Bool is a truth value.
func Bool(b bool) Literal { return Literal{KindBool, strconv.FormatBool(b)} }

// DateTime is a moment.
func DateTime(t time.Time) Literal { return Literal{KindDateTime, t.UTC().Format(time.RFC3339Nano)} }

// GUID is a GUID in its usual form.
func GUID(u uuid.UUID) Literal { return Literal{KindGUID, u.String()} }

// Kind is the literal's kind; empty for none.
func (l Literal) Kind() Kind { return l.kind }

// typed are the literals that JSON has no form of its own for.
type typed struct {
	DateTime *time.Time `json:"datetime,omitzero"`
	GUID     *string    `json:"guid,omitzero"`
}

var errLiteral = errors.New("this is no literal")

// UnmarshalJSONFrom takes the forms that doc.go tells.
func (l *Literal) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	switch d.PeekKind() {
	case '{':
		var t typed
		if err := json.UnmarshalDecode(d, &t); err != nil {
			return err
		}
		return l.setTyped(t)
	case '"':
		l.kind = KindString
		return json.UnmarshalDecode(d, &l.text)
	}
	raw, err := d.ReadValue()
	if err != nil {
		return err
	}
	switch l.text = string(raw); raw.Kind() {
	case 'n':
		l.kind = KindNull
	case 't', 'f':
		l.kind = KindBool
	case '0':
		l.kind = KindNumber
	default:
		return errLiteral
	}
	return nil
}

func (l *Literal) setTyped(t typed) error {
	switch {
	case t.DateTime != nil && t.GUID == nil:
		*l = DateTime(*t.DateTime)
		return nil
	case t.GUID == nil || t.DateTime != nil || len(*t.GUID) != 36:
		return errLiteral
	}
	u, err := uuid.Parse(*t.GUID)
	*l = GUID(u)
	return err
}

// MarshalJSON writes what UnmarshalJSONFrom takes.
func (l Literal) MarshalJSON() ([]byte, error) {
	switch l.kind {
	case KindString:
		return stdjson.Marshal(l.text)
	case KindDateTime, KindGUID:
		return stdjson.Marshal(map[Kind]string{l.kind: l.text})
	case KindNull, KindBool, KindNumber:
		return []byte(l.text), nil
	}
	return nil, errLiteral
}
