package rights_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/ops/rights"
)

// odd are texts that YAML could take for something else.
var odd = rapid.OneOf(rapid.SampledFrom([]string{"*", "null", "~", "true", "no", "1", "1e3", "0x1f", "2026-01-01", "- a", "a: b", "#c", "&a", "!t", "%", "@", "`", "|", ">",
	"'", `"`, "{{$User.region}}", `{{$Model.A}} = "x: y" AND NOT ISBLANK({{$User.id}})`, "a\nb", " a ", "ö – 漢", "=", "<<", "?", ".inf", "a\tb", "a # b", "[x]", "\u00a0"}), rapid.StringN(1, 12, 40))

// An exported app comes back as it was, whatever its texts.
func TestP8_AFileOfSetsComesBackAsItWas(t *testing.T) {
	id := rapid.StringMatching(`[A-Za-z0-9_=-]{1,12}`)
	condition := rapid.Custom(func(t *rapid.T) events.Condition {
		switch rapid.IntRange(0, 2).Draw(t, "condition") {
		case 0:
			return events.Condition{HasSet: id.Draw(t, "has"), Name: odd.Draw(t, "name")}
		case 1:
			return events.Condition{Formula: odd.Draw(t, "formula")}
		default:
			return events.Condition{Force: &events.ForcedValue{Field: odd.Draw(t, "field"), Value: odd.Draw(t, "value")}}
		}
	})
	object := rapid.Custom(func(t *rapid.T) events.ObjectGrant {
		return events.ObjectGrant{Object: odd.Draw(t, "object"), Operations: events.DataOps()[:rapid.IntRange(1, 4).Draw(t, "operations")],
			Fields:     []events.FieldGrant{{Field: odd.Draw(t, "field"), Read: rapid.Bool().Draw(t, "read"), DisplayName: odd.Draw(t, "shown")}},
			Conditions: rapid.SliceOfN(condition, 0, 2).Draw(t, "conditions")}
	})
	rapid.Check(t, func(t *rapid.T) {
		b := rights.Bundle{App: id.Draw(t, "app")}
		for _, set := range rapid.SliceOfNDistinct(id, 1, 3, rapid.ID[string]).Draw(t, "sets") {
			s := rights.BundleSet{ID: set, AssetID: set, Name: odd.Draw(t, "name"), Connections: []events.ConnectionGrant{}}
			for range rapid.IntRange(0, 2).Draw(t, "connections") {
				s.Connections = append(s.Connections, events.ConnectionGrant{Connection: id.Draw(t, "connection"), Raw: rapid.Bool().Draw(t, "raw"),
					Objects: rapid.SliceOfN(object, 0, 2).Draw(t, "objects")})
			}
			b.Sets = append(b.Sets, s)
			b.Assignments = append(b.Assignments, rights.BundleAssignment{Set: set, User: id.Draw(t, "user")})
		}
		file, err := b.File()
		if err != nil {
			t.Fatal(err)
		}
		back, err := rights.ReadBundle(bytes.NewReader(file))
		if err != nil {
			t.Fatalf("%v\n%s", err, file)
		}
		if was, is := document(t, b), document(t, back); was != is {
			t.Errorf("was %s\nis  %s\nin %s", was, is, file)
		}
	})
}

func document(t *rapid.T, v any) string {
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// What is wrong with a file is said without what is in it.
func TestP8_NoFileOfSetsIsRepeatedInAMistake(t *testing.T) {
	for _, text := range []string{"CANARY: [", "sets: CANARY", "sets: [{set_id: a, name: [CANARY]}]", "sets: [{set_id: 'CANARY .'}]", "\x00CANARY", "sets:\n- connections: CANARY"} {
		_, err := rights.ReadBundle(strings.NewReader(text))
		if err == nil || strings.Contains(err.Error(), "CANARY") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
