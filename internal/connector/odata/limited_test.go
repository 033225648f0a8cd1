package odata

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
	"holdfast/internal/formula"
)

func TestP9_WhatAnOperationTouches(t *testing.T) {
	for name, c := range map[string]struct {
		operation, input string
		want             connector.Touch
	}{
		"a list": {List, `{"entity_set":["lists",{"name":"getbytitle","key":"Tasks"},"items"],"select":["Id","Author/Title"],"orderby":[{"field":"Due"}],"filter":{"field":"Owner","op":"eq","value":"x"}}`,
			connector.Touch{Op: "read", Object: "lists/getbytitle('Tasks')/items", Reads: []string{"Id", "Author/Title"}, By: []string{"Due", "Owner"},
				At: map[string]string{"Id": "/select/0", "Author/Title": "/select/1", "Due": "/orderby/0/field", "Owner": "/filter"}}},
		"selecting nothing is selecting all": {Get, `{"entity_set":"Orders","key":1,"select":[]}`, connector.Touch{Op: "read", Object: "Orders", At: map[string]string{}}},
		"a key by its parts": {Get, `{"entity_set":"Orders","key":{"Email":"a@b","Year":2026}}`,
			connector.Touch{Op: "read", Object: "Orders", By: []string{"Email", "Year"}, At: map[string]string{"Email": "/key/Email", "Year": "/key/Year"}}},
		"a write, with what is inside": {Create, `{"entity_set":"Orders","fields":{"Title":"x","None":null,"Empty":{},"Author":{"Title":"Ann","Manager":{"Mail":"x","Id@odata.bind":"P(1)"}},"Lines":[{"Id":1},{"Id":2,"Cost":3}],"Tags":["a"]}}`,
			connector.Touch{Op: "create", Object: "Orders", Written: []string{"Author/Manager/Id", "Author/Manager/Mail", "Author/Title", "Empty", "Lines/Cost", "Lines/Id", "None", "Tags", "Title"},
				At: map[string]string{"Title": "/fields/Title", "None": "/fields/None", "Empty": "/fields/Empty", "Author": "/fields/Author", "Lines": "/fields/Lines", "Tags": "/fields/Tags",
					"Author/Title": "/fields/Author/Title", "Author/Manager/Mail": "/fields/Author/Manager/Mail", "Author/Manager/Id": "/fields/Author/Manager/Id@odata.bind",
					"Lines/Id": "/fields/Lines/0/Id", "Lines/Cost": "/fields/Lines/1/Cost"}}},
		"a delete": {Delete, `{"entity_set":"Orders","key":1,"any_version":true}`, connector.Touch{Op: "delete", Object: "Orders", At: map[string]string{}}},
	} {
		got, err := new(Connector).Touches(c.operation, []byte(c.input))
		if len(got.Writes) > 0 != (len(c.want.Written) > 0) {
			t.Errorf("%s: writes %v", name, got.Writes)
		}
		got.Writes = nil
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: %v\ngot  %+v\nwant %+v", name, err, got, c.want)
		}
	}
	if _, err := new(Connector).Touches("merge", []byte(`{}`)); fault.From(err).Reason != fault.OperationForbidden {
		t.Errorf("an unknown operation: %v", err)
	}
}

func drawInput(t *rapid.T) (operation string, in Input) {
	operation = rapid.SampledFrom([]string{List, Get, Create, Update, Delete}).Draw(t, "operation")
	in = Input{EntitySet: EntitySet{{Name: "Orders"}}}
	if slices.Contains(takes[operation], "key") {
		in.Key = &Key{Value: Int(1)}
	}
	if slices.Contains(takes[operation], "select") && rapid.Bool().Draw(t, "selects") {
		in.Select = rapid.SliceOfN(rapid.SampledFrom([]Field{"Id", "Title", "Author/Title"}), 0, 3).Draw(t, "select")
	}
	if operation == List && rapid.Bool().Draw(t, "filters") {
		own := drawOwnFilter(t, rapid.SampledFrom([]int{0, 1, 3, maxDepth}).Draw(t, "depth"))
		in.Filter = &own
	}
	if slices.Contains(takes[operation], "fields") {
		in.Fields = map[string]json.RawMessage{"Title": json.RawMessage(`"x"`)}
	}
	in.AnyVersion = slices.Contains(takes[operation], "any_version")
	return operation, in
}

func drawOwnFilter(t *rapid.T, depth int) Filter {
	one := Filter{Field: "Id", Op: Equal, Value: Int(1)}
	f := one
	for range depth {
		inner := f
		f = rapid.SampledFrom([]Filter{{And: []Filter{f}}, {Or: []Filter{f, one}}, {Not: &inner}}).Draw(t, "around")
	}
	return f
}

func drawFilter(t *rapid.T, depth int) formula.Filter {
	parts := func() []formula.Filter {
		return []formula.Filter{drawFilter(t, depth-1), drawFilter(t, depth-1)}
	}
	switch kind := rapid.IntRange(0, 7).Draw(t, "filter"); {
	case depth > 0 && kind == 0:
		return formula.Filter{And: parts()}
	case depth > 0 && kind == 1:
		return formula.Filter{Or: parts()}
	case kind == 2:
		return formula.Filter{Not: &formula.Filter{Field: "Title", Op: formula.Contains, Value: "x"}}
	case kind == 3:
		return formula.Filter{Field: "Region", Op: formula.Equal}
	default:
		return formula.Filter{Field: rapid.SampledFrom([]string{"Region", "Author/Title", "no field"}).Draw(t, "field"), Op: formula.Equal,
			Value: rapid.SampledFrom([]formula.Value{"North", "2026-01-01", "0b5bcd8e-6c37-4b7c-b7c5-2d0e25a8a4c9", int64(5), 0.5, 1e-9, true, time.Unix(0, 0).UTC()}).Draw(t, "value")}
	}
}

// TestP10_ALimitedInputIsOne: it can be read, asks for nothing but what is left, keeps what was asked for, and is limited
// once: the same limits change nothing more.
func TestP10_ALimitedInputIsOne(t *testing.T) {
	c := new(Connector)
	rapid.Check(t, func(t *rapid.T) {
		operation, own := drawInput(t)
		input, err := own.Document()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(operation, input); err != nil {
			t.Fatalf("%s: %v", input, err)
		}
		l := connector.Limits{}
		if rapid.Bool().Draw(t, "narrows") {
			l.Reads = rapid.SliceOfN(rapid.SampledFrom([]string{"Id", "Author/Title", "no field", "a-b", "Region"}), 0, 4).Draw(t, "reads")
		}
		if rapid.Bool().Draw(t, "limits") {
			f := drawFilter(t, 4)
			l.Filter = &f
		}
		if rapid.Bool().Draw(t, "forces") {
			l.Force = map[string]formula.Value{"Owner": "ann", "Count": int64(3), "Rate": 0.1, "Due": time.Unix(0, 0).UTC(), "None": nil, "Open": true}
		}
		limited, err := c.Limit(operation, input, l)
		if err != nil {
			if f, ok := errors.AsType[*fault.Fault](err); !ok || f.Reason != fault.NotGranted || slices.ContainsFunc(l.Reads, func(n string) bool { return Field(n).valid() }) {
				t.Fatalf("%s within %+v: %v", input, l, err)
			}
			return
		}
		holdLimited(t, operation, own, limited, l)
		again, err := c.Limit(operation, limited, l)
		if err != nil || !bytes.Equal(again, limited) {
			t.Fatalf("%s\nlimited again is %s: %v", limited, again, err)
		}
	})
}

func holdLimited(t *rapid.T, operation string, own Input, limited []byte, l connector.Limits) {
	got, err := Parse(operation, limited)
	if err != nil {
		t.Fatalf("%s: %v", limited, err)
	}
	if got.EntitySet.String() != own.EntitySet.String() || got.AnyVersion != own.AnyVersion || (got.Key == nil) != (own.Key == nil) {
		t.Fatalf("it is another operation: %s", limited)
	}
	if l.Reads != nil && slices.Contains(takes[operation], "select") {
		if len(got.Select) == 0 || slices.ContainsFunc(got.Select, func(f Field) bool { return !slices.Contains(l.Reads, string(f)) }) {
			t.Fatalf("within %v it selects %v", l.Reads, got.Select)
		}
	} else if !slices.Equal(got.Select, own.Select) {
		t.Fatalf("it selects %v instead of %v", got.Select, own.Select)
	}
	if own.Filter != nil && !contains(*got.Filter, *own.Filter) {
		t.Fatalf("its own filter is gone: %s", limited)
	}
	if own.Fields == nil {
		return
	}
	for name, v := range l.Force {
		raw, err := json.Marshal(v)
		if err != nil || !bytes.Equal(got.Fields[name], raw) {
			t.Fatalf("%s is %s instead of %s", name, got.Fields[name], raw)
		}
	}
	if len(got.Fields) != len(own.Fields)+len(l.Force) {
		t.Fatalf("it writes %v", slices.Sorted(maps.Keys(got.Fields)))
	}
}

// contains tells whether a filter is, or demands, another.
func contains(f, own Filter) bool {
	if reflect.DeepEqual(f, own) {
		return true
	}
	demands := func(g Filter) bool {
		return slices.ContainsFunc(f.And, func(h Filter) bool { return reflect.DeepEqual(h, g) })
	}
	return demands(own) || own.And != nil && !slices.ContainsFunc(own.And, func(g Filter) bool { return !demands(g) })
}

func TestP10_AForcedValueWithoutAPlaceIsRefused(t *testing.T) {
	_, err := new(Connector).Limit(Create, []byte(`{"entity_set":"Orders","fields":{"Title":"x"}}`), connector.Limits{Force: map[string]formula.Value{"Author/Title": "x"}})
	if fault.From(err).Reason != fault.NotGranted || !fault.From(err).NoEffect {
		t.Errorf("got %v", err)
	}
	_, err = new(Connector).Limit(Create, []byte(`{"entity_set":"Orders","fields":{"Title":"x"}}`), connector.Limits{Force: map[string]formula.Value{"Rate": math.Inf(1)}})
	if fault.From(err).Reason != fault.NotGranted {
		t.Errorf("got %v", err)
	}
}

func TestP10_ARecordIsLookedAtAndFenced(t *testing.T) {
	c := new(Connector)
	for _, input := range []string{`{"entity_set":"Orders","key":1,"fields":{"Title":"x"},"any_version":true}`, `{"entity_set":"Orders","key":1,"any_version":true}`, `{"entity_set":"Orders","key":1,"etag":"W/1"}`} {
		operation, look, err := c.Look([]byte(input), []string{"Owner", "no field"})
		if err != nil || operation != Get || string(look) != `{"entity_set":[{"name":"Orders"}],"key":1,"select":["Owner"]}` {
			t.Errorf("%s: looks by %s %s, %v", input, operation, look, err)
		}
	}
	if _, _, err := c.Look([]byte(`{"entity_set":"Orders"}`), nil); err == nil {
		t.Error("no entity is looked at")
	}
	update := `{"entity_set":"Orders","key":1,"fields":{"Title":"x"},"any_version":true}`
	for looked, want := range map[string]string{
		`{"status":200,"item":{},"etag":"W/2"}`: `{"entity_set":[{"name":"Orders"}],"key":1,"fields":{"Title":"x"},"etag":"W/2"}`,
		`{"status":200,"item":{}}`:              update,
	} {
		got, ours, err := c.Fenced(Update, []byte(update), []byte(looked))
		if err != nil || string(got) != want || ours != (want != update) {
			t.Errorf("after %s: %s, ours %v, %v", looked, got, ours, err)
		}
	}
	named := `{"entity_set":"Orders","key":1,"etag":"W/1"}`
	if _, ours, err := c.Fenced(Delete, []byte(named), []byte(`{"status":200,"etag":"W/1"}`)); err != nil || ours {
		t.Errorf("the version that was named is called ours: %v, %v", ours, err)
	}
	_, _, err := c.Fenced(Delete, []byte(`{"entity_set":"Orders","key":1,"etag":"W/1"}`), []byte(`{"status":200,"etag":"W/2"}`))
	if f := fault.From(err); f.Reason != fault.TargetRejected || f.Field != "/etag" || !f.NoEffect {
		t.Errorf("another version than was named: %v", err)
	}
}

func TestP10_ARecordAsItShallBe(t *testing.T) {
	c := new(Connector)
	r, err := c.Record([]byte(`{"status":200,"item":{"Id":1,"Author":{"Title":"Ann"},"Rate":1.50}}`))
	if err != nil {
		t.Fatal(err)
	}
	next, err := r.With(map[string]json.RawMessage{"Id": json.RawMessage(`2`), "Author": json.RawMessage(`{"Mail":"x"}`)})
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string][2]any{"Id": {int64(1), int64(2)}, "Author/Title": {"Ann", nil}, "Author/Mail": {nil, "x"}, "Rate": {1.5, 1.5}, "Else": {nil, nil}, "Id/Part": {nil, nil}} {
		before, _ := r.Field(field)
		after, _ := next.Field(field)
		if before != want[0] || after != want[1] {
			t.Errorf("%s was %v, is %v; want %v", field, before, after, want)
		}
	}
	if _, err := r.With(map[string]json.RawMessage{"Id": json.RawMessage(`{`)}); err == nil {
		t.Error("a value that is no JSON is written")
	}
	none, err := c.Record([]byte(`{"status":204}`))
	if none != nil || err != nil {
		t.Errorf("an answer without an entity: %v, %v", none, err)
	}
}
