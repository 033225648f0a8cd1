package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"holdfast/internal/ops"
)

// table prints rows for people. Nothing that came from the bus reaches the terminal as it is.
func (c *command) table(header table.Row, rows []table.Row) {
	w := table.NewWriter()
	w.SetOutputMirror(c.out)
	w.SetStyle(table.StyleLight)
	w.Style().Options.DrawBorder = false
	w.Style().Options.SeparateColumns = false
	w.Style().Options.SeparateHeader = false
	w.AppendHeader(header)
	for _, row := range rows {
		for i, cell := range row {
			row[i] = printable(fmt.Sprint(cell))
		}
		w.AppendRow(row)
	}
	w.Render()
}

// section prints a table within what is printed of one thing; nothing where there are no rows.
func (c *command) section(name string, header table.Row, rows []table.Row) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(c.out, "\n%s\n", name)
	c.table(header, rows)
	fmt.Fprintln(c.out)
}

// fields prints one thing for people: a name and a value a line; empty values are left out.
func (c *command) fields(pairs ...[2]string) {
	for _, p := range pairs {
		if p[1] != "" {
			fmt.Fprintf(c.out, "%-16s %s\n", p[0], printable(p[1]))
		}
	}
}

// object prints v as one line of JSON.
func (c *command) object(v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.out, "%s\n", asciiOnly(raw))
	return err
}

// objects prints a line of JSON for each view.
func objects[T any](c *command, views []T) error {
	for _, v := range views {
		if err := c.object(v); err != nil {
			return err
		}
	}
	return nil
}

// printable is what may go to a terminal of a text that came from elsewhere.
func printable(s string) string { return ops.Printable(s) }

// printableLines is printable for text of ours that has lines of its own.
func printableLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = printable(line)
	}
	return strings.Join(lines, "\n")
}

// asciiOnly escapes everything beyond ASCII in JSON, where it can only be part of a string: a terminal
// must not be driven by JSON either.
func asciiOnly(raw []byte) []byte {
	var b strings.Builder
	for _, r := range string(raw) {
		switch {
		case r > 0xFFFF:
			high, low := surrogates(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		case r >= 0x7F:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return []byte(b.String())
}

func surrogates(r rune) (high, low rune) {
	r -= 0x10000
	return 0xD800 + (r>>10)&0x3FF, 0xDC00 + r&0x3FF
}

// when is a time for people, with how far away it is.
func when(t, now time.Time) string { return ops.Moment(t, now) }
