package rights_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/rights"
	"holdfast/internal/permission"
)

// known is what has come of facts: nothing.
type known struct{}

func (known) Seen(string, events.FactKind, string) events.Fact { return events.Fact{} }

type clock struct{}

func (clock) Now() time.Time { return time.Date(2026, 3, 15, 12, 0, 0, 0, time.UTC) }

// desk is one on a tenant of which facts are told.
func desk(t interface{ Fatal(...any) }, facts ...events.Fact) *rights.Desk {
	checker, err := ops.NewChecker(clock{})
	if err != nil {
		t.Fatal(err)
	}
	d := &rights.Desk{Tenant: "acme", Actor: events.ActorSystem, Clock: clock{}, Checker: checker, Permissions: new(permission.Snapshots), Seen: known{}}
	for _, f := range facts {
		f.Tenant = "acme"
		d.Permissions.Apply(f)
	}
	return d
}

func fact(kind events.FactKind, id string, sequence uint64, payload any) events.Fact {
	raw, err := json.Marshal(payload)
	if err != nil {
		panic(err)
	}
	return events.Fact{Kind: kind, ID: id, Sequence: sequence, Data: raw}
}

// However a spreadsheet writes it, each user gets what the line says; a user who is named twice is refused with both lines.
func TestP15_EveryLineIsReadHoweverItIsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type line struct{ user, set string }
		lines := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) line {
			return line{rapid.SampledFrom([]string{"bob", "cleo", "dan", "eve"}).Draw(t, "user"), rapid.SampledFrom([]string{"admin", "standard", ""}).Draw(t, "set")}
		}), 1, 6).Draw(t, "lines")
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		w.Comma = rapid.SampledFrom([]rune{',', ';', '\t'}).Draw(t, "separator")
		w.UseCRLF = rapid.Bool().Draw(t, "CRLF")
		if rapid.Bool().Draw(t, "mark") {
			file.WriteString("\ufeff")
		}
		_ = w.Write([]string{"name", "user_id", "the role"})
		for _, l := range lines {
			_ = w.Write([]string{rapid.SampledFrom([]string{"", `B "b", c; d`, "two\nlines"}).Draw(t, "name"), l.user, l.set})
		}
		w.Flush()
		changes, err := desk(t).PrepareUsers(t.Context(), &file, rights.UsersOptions{Set: "standard", Column: "the role"})
		if err != nil || len(changes) != len(lines) {
			t.Fatalf("%d changes, %v", len(changes), err)
		}
		seen := make(map[string]int)
		for i, c := range changes {
			want := lines[i].set
			if want == "" {
				want = "standard"
			}
			first, twice := seen[lines[i].user]
			switch {
			case twice && (c.Answer != rights.Refused || !strings.Contains(c.Detail, fmt.Sprintf("line %d ", first))):
				t.Errorf("line %d names a user twice: %+v", c.Line, c)
			case !twice && (c.Answer == rights.Refused || c.User != lines[i].user || c.Set != want):
				t.Errorf("line %d: %+v", c.Line, c)
			}
			if !twice {
				seen[lines[i].user] = c.Line
			}
		}
		if !slices.IsSortedFunc(changes, func(a, b rights.Change) int { return a.Line - b.Line }) {
			t.Error("the lines are not in order")
		}
	})
}

func FuzzP15_Users(f *testing.F) {
	for _, text := range []string{"user_id\nbob\n", "\ufeffuser_id;role\r\n\"bob\";x\r\n", "user_id,user_id\n", "\"", "user_id\n\"a\"b", "\xff\xfea", ",\n,", "user_id\n" + strings.Repeat("x", 200)} {
		f.Add(text, "role", "standard")
	}
	f.Fuzz(func(t *testing.T, text, column, set string) {
		changes, err := desk(t).PrepareUsers(t.Context(), strings.NewReader(text), rights.UsersOptions{Column: column, Set: set})
		if err != nil {
			return
		}
		for _, c := range changes {
			if c.Answer != rights.Refused && (!events.ValidID(c.User) || c.Set != "admin" && c.Set != "standard") {
				t.Errorf("%+v", c)
			}
		}
	})
}

// Each change is tried on what the ones before it leave, and nobody is given a second site set by one file.
func TestP15_ReplacingNamesWhatIsReplaced(t *testing.T) {
	has := events.PermissionAssignment{Set: events.SystemSetStandard, User: "bob"}
	d := desk(t, fact(events.FactSiteSet, "bob", 5, has))
	for replace, want := range map[bool]string{false: "second_site_set", true: ""} {
		changes, err := d.PrepareUsers(t.Context(), strings.NewReader("user_id\nbob\n"), rights.UsersOptions{Set: events.SystemSetAdmin, Replace: replace})
		if err != nil || len(changes) != 1 || changes[0].Rule != want || replace && changes[0].Replaces != events.SystemSetStandard {
			t.Errorf("replace %v: %+v, %v", replace, changes, err)
		}
	}
}

func TestP15_AFileThatIsTooLongIsRefusedAsAWhole(t *testing.T) {
	_, err := desk(t).PrepareUsers(t.Context(), strings.NewReader("user_id\n"+strings.Repeat("u\n", 200_001)), rights.UsersOptions{Set: events.SystemSetStandard})
	if err == nil || !strings.Contains(err.Error(), "more than 200000 users") {
		t.Errorf("%v", err)
	}
	_, err = desk(t).PrepareUsers(t.Context(), strings.NewReader("user_id\n"+strings.Repeat("u", 64<<20)), rights.UsersOptions{Set: events.SystemSetStandard})
	if err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Errorf("%v", err)
	}
}
