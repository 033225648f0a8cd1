package strictjson_test

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"

	"holdfast/internal/dispatch/strictjson"
)

const depth = 64

func TestParseReadsWhatJSONHolds(t *testing.T) {
	const doc = `{"a":[1,-2.5,true,false,null,"x\u00e9"],"big":18446744073709551615,"huge":1e999999999,"data" : {"k": 1.50} }`
	got, err := strictjson.Parse([]byte(doc), depth, "data")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"a":    []any{int64(1), -2.5, true, false, nil, "xé"},
		"big":  uint64(math.MaxUint64),
		"huge": math.MaxFloat64,
		"data": map[string]any{"k": 1.5},
	}
	if !reflect.DeepEqual(got.Root, want) {
		t.Errorf("root = %#v, want %#v", got.Root, want)
	}
	if string(got.Member) != `{"k": 1.50}` {
		t.Errorf("member = %q", got.Member)
	}
}

func TestParseRefuses(t *testing.T) {
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, c := range map[string]struct {
		doc  string
		want error
		path []string
	}{
		"empty":           {doc: ``},
		"half":            {doc: `{"a":`},
		"trailing":        {doc: `{} {}`},
		"comment":         {doc: `{} // c`},
		"single quotes":   {doc: `{'a':1}`},
		"NaN":             {doc: `{"a":NaN}`},
		"lone surrogate":  {doc: `{"a":"\ud800"}`},
		"byte order mark": {doc: "\ufeff{}"},
		"duplicate":       {`{"a":{"b":[{"c":1,"c":2}]}}`, strictjson.ErrDuplicate, []string{"a", "b", "0", "c"}},
		"escaped twin":    {`{"a":1,"\u0061":2}`, strictjson.ErrDuplicate, []string{"a"}},
		"deep":            {deep, strictjson.ErrTooDeep, nil},
		"deep objects":    {strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), strictjson.ErrTooDeep, nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := strictjson.Parse([]byte(c.doc), depth, "")
			bad, ok := errors.AsType[*strictjson.Error](err)
			if !ok || !errors.Is(bad.Err, c.want) {
				t.Fatalf("err = %v, want %v", err, c.want)
			}
			if c.path != nil && !reflect.DeepEqual(bad.Path, c.path) {
				t.Errorf("path = %q, want %q", bad.Path, c.path)
			}
		})
	}
}

func TestParseAllowsTheBoundItself(t *testing.T) {
	doc := strings.Repeat("[", depth) + strings.Repeat("]", depth)
	if _, err := strictjson.Parse([]byte(doc), depth, ""); err != nil {
		t.Error(err)
	}
}

// FuzzParse holds that whatever passes is JSON to encoding/json too, and that the kept member is its text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{}`, `{"data":{"a":[1,2]}}`, `{"a":1,"a":2}`, `[[[[]]]]`, "\"\xff\"", `1e400`, `{"data" :	null}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := strictjson.Parse(raw, depth, "data")
		if err != nil {
			return
		}
		if !json.Valid(raw) {
			t.Fatalf("%q passed", raw)
		}
		object, isObject := doc.Root.(map[string]any)
		_, has := object["data"]
		if isObject && has != (doc.Member != nil) || doc.Member != nil && !json.Valid(doc.Member) {
			t.Fatalf("%q: member %q", raw, doc.Member)
		}
	})
}
