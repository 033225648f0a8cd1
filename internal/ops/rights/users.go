package rights

import (
	"bytes"
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/permission"
)

// Bounds of a file of users.
const (
	maxUsersFile = 64 << 20
	maxUsers     = 200_000
)

// columnUser is the column that names the user.
const columnUser = "user_id"

// UsersOptions say what users of a file get.
type UsersOptions struct {
	Set     string // the default; empty: Column alone
	Column  string // the column that names the set; empty: Set for everybody
	Replace bool   // the site set of those who have another one
}

// row is one line of the file.
type row struct {
	line      int
	user, set string
}

// PrepareUsers reads CSV with a row of names and a user a line, and tries to give each user the site set that the line
// or the default says. Nothing is published where one line is refused: Carry says so.
func (d *Desk) PrepareUsers(ctx context.Context, r io.Reader, o UsersOptions) ([]Change, error) {
	rows, err := readUsers(r, o)
	if err != nil {
		return nil, err
	}
	var bad []Change
	var steps []step
	first := make(map[string]int, len(rows))
	for _, row := range rows {
		a := events.PermissionAssignment{Tenant: d.Tenant, Set: row.set, User: row.user, Actor: d.Actor}
		if o.Replace {
			a.Replaces = d.replaces(a)
		}
		s := step{row.line, events.PermissionAssigned, a}
		if c := d.mistake(s, a, first[row.user]); c != nil {
			bad = append(bad, *c)
			continue
		}
		first[row.user] = row.line
		steps = append(steps, s)
	}
	changes, err := d.Prepare(ctx, steps)
	changes = append(changes, bad...)
	slices.SortStableFunc(changes, func(a, b Change) int { return cmp.Compare(a.Line, b.Line) })
	return changes, err
}

// replaces is the other site set that a user has; empty: none.
func (d *Desk) replaces(a events.PermissionAssignment) string {
	if has := d.now().SiteSet(a.User); has != nil && has.ID != a.Set {
		return has.ID
	}
	return ""
}

// mistake is a line that makes no sense, whatever the rules; nil for any other. before is the line that names the same
// user.
func (d *Desk) mistake(s step, a events.PermissionAssignment, before int) *Change {
	c := d.change(s)
	switch set := d.now().Set(a.Set); {
	case a.User == "":
		c.refuse(Refused, "schema_violation", "", "/"+columnUser, "the user is missing")
	case a.Set == "":
		c.refuse(Refused, "schema_violation", "", "/set", "the line names no set, and there is no default: add --set SET")
	case before > 0:
		c.refuse(Refused, "schema_violation", "", "/"+columnUser, fmt.Sprintf("line %d names the user, too: leave one of the two", before))
	case set != nil && set.Kind != events.SiteSet:
		c.refuse(Refused, "not_permitted", string(permission.NotOfThisKind), "/set", "this is a set of the app "+set.App+
			", and a file of users is for site sets: "+d.command("permissions assign %s --user %s", set.ID, a.User))
	default:
		return nil
	}
	return &c
}

func readUsers(r io.Reader, o UsersOptions) ([]row, error) {
	raw, err := io.ReadAll(io.LimitReader(r, maxUsersFile+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("the file can not be read: %w", err)
	case len(raw) > maxUsersFile:
		return nil, problem(ops.Unclear, "split it", "the file is longer than %d bytes", maxUsersFile)
	case bytes.HasPrefix(raw, []byte{0xff, 0xfe}), bytes.HasPrefix(raw, []byte{0xfe, 0xff}), !utf8.Valid(raw):
		return nil, problem(ops.Unclear, "save it as CSV UTF-8", "the file is no UTF-8 text")
	}
	raw = bytes.TrimPrefix(raw, []byte("\ufeff"))
	lines := csv.NewReader(bytes.NewReader(raw))
	lines.Comma, lines.ReuseRecord = separator(raw), true
	lines.TrimLeadingSpace = lines.Comma != '\t'
	head, err := lines.Read()
	if errors.Is(err, io.EOF) {
		return nil, problem(ops.Unclear, "its first line names the columns, "+columnUser+" among them", "the file is empty")
	}
	if err != nil {
		return nil, notCSV(err)
	}
	user, set, err := columns(head, o)
	if err != nil {
		return nil, err
	}
	return readRows(lines, user, set, o.Set)
}

// separator is what columns are separated by, as the first line shows: spreadsheets write what their country is used to.
func separator(raw []byte) rune {
	head, _, _ := bytes.Cut(raw, []byte("\n"))
	for _, s := range []rune{',', ';', '\t'} {
		if bytes.ContainsRune(head, s) {
			return s
		}
	}
	return ','
}

// columns finds the user's and the set's; -1: there is none for the set.
func columns(head []string, o UsersOptions) (user, set int, err error) {
	names := make([]string, 0, len(head))
	for _, name := range head {
		names = append(names, strings.TrimSpace(name))
	}
	find := func(name string) (int, error) {
		i := slices.Index(names, name)
		if i < 0 || slices.Contains(names[i+1:], name) {
			return -1, problem(ops.Unclear, "", "one column has to be called %s; the first line names %q", name, names)
		}
		return i, nil
	}
	if user, err = find(columnUser); err != nil || o.Column == "" {
		return user, -1, err
	}
	set, err = find(o.Column)
	return user, set, err
}

func readRows(lines *csv.Reader, user, set int, otherwise string) (rows []row, err error) {
	for {
		fields, err := lines.Read()
		switch {
		case errors.Is(err, io.EOF):
			return rows, nil
		case err != nil:
			return nil, notCSV(err)
		case len(rows) == maxUsers:
			return nil, problem(ops.Unclear, "split it", "the file names more than %d users", maxUsers)
		}
		next := row{user: strings.TrimSpace(fields[user]), set: otherwise}
		next.line, _ = lines.FieldPos(user)
		if set >= 0 {
			next.set = cmp.Or(strings.TrimSpace(fields[set]), otherwise)
		}
		next.user, next.set = strings.Clone(next.user), strings.Clone(next.set)
		rows = append(rows, next)
	}
}

// notCSV says where a file is none, without what is there.
func notCSV(err error) error {
	e, ok := errors.AsType[*csv.ParseError](err)
	if !ok {
		return fmt.Errorf("the file can not be read: %w", err)
	}
	return problem(ops.Unclear, "", "line %d, column %d: %s", e.Line, e.Column, e.Err)
}
