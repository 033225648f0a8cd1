package formula

import (
	"encoding/json"
	"math"
	"time"
)

// Value is what a formula reads and gives: nil (blank), bool, int64, float64 (never a whole number), string,
// time.Time in UTC, or Unusable.
type Value = any

// Unusable is a value that is there, but that no formula can work with without changing it: a whole number
// beyond 64 bits, a decimal of too many digits, a list, an object. It is not blank, and everything else that is
// asked of it is an error: two long numbers are never equal because both were rounded.
type Unusable struct {
	// Why completes "the value …", such as "is a list".
	Why string
}

// FromJSON makes a Value of decoded JSON, of whichever numbers the decoder made: json.Number, float64 or
// integers. What no Value can hold becomes Unusable. Values that are one already stay as they are.
func FromJSON(v any) Value {
	switch x := v.(type) {
	case nil, bool, int64, string, Unusable:
		return v
	case float64:
		if math.Abs(x) < exactFloats && x != math.Trunc(x) {
			return v // as it is: without making a new value
		}
		return fromFloat(x)
	case time.Time:
		if x.Location() == time.UTC {
			return v
		}
		return x.UTC()
	case json.Number:
		return numberOf(string(x))
	case []any:
		return Unusable{"is a list"}
	case map[string]any:
		return Unusable{"is an object"}
	default:
		return fromGo(v)
	}
}

// fromGo is for what decoders seldom make.
func fromGo(v any) Value {
	switch v := v.(type) {
	case int:
		return int64(v)
	case int32:
		return int64(v)
	case uint64:
		if int64(v) < 0 {
			return Unusable{tooLong}
		}
		return int64(v)
	case uint32:
		return int64(v)
	case float32:
		return fromFloat(float64(v))
	default:
		return Unusable{"is of no kind that formulas know"}
	}
}

// blank tells whether there is nothing: no value, or a text without characters.
func blank(v Value) bool { return v == nil || v == "" }

// Kind is what a value is.
type Kind uint8

// The kinds of values. They are bits: what is known of a part of a formula before it runs is a set of them.
const (
	Bool Kind = 1 << iota
	Number
	Text
	Time

	Blank   Kind = 0
	anyKind      = Bool | Number | Text | Time
)

// KindOf is the kind of a value; Blank also for an empty text. Unusable has none, and counts as Blank here.
func KindOf(v Value) Kind {
	switch v := v.(type) {
	case bool:
		return Bool
	case int64, float64:
		return Number
	case string:
		if v != "" {
			return Text
		}
	case time.Time:
		return Time
	}
	return Blank
}

// String is the kind's name, as --json and documents have it.
func (k Kind) String() string {
	switch k {
	case Bool:
		return "bool"
	case Number:
		return "number"
	case Text:
		return "text"
	case Time:
		return "time"
	case Blank:
		return "blank"
	default:
		return "any"
	}
}

// article is the kind in a sentence.
func (k Kind) article() string {
	switch k {
	case Bool:
		return "TRUE or FALSE"
	case Number:
		return "a number"
	case Text:
		return "a text"
	case Time:
		return "a time"
	case Number | Time:
		return "a number or a time"
	case Text | Time:
		return "a text or a time"
	default:
		return "a value"
	}
}

// usable finds a value that nothing can be done with.
func usable(values ...Value) error {
	for _, v := range values {
		if u, ok := v.(Unusable); ok {
			return failf("the value %s, and can not be used in a formula", u.Why)
		}
	}
	return nil
}
