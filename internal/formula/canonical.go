package formula

import (
	"slices"
	"strconv"
	"strings"
)

// canonical writes a formula in its normal form, which is a formula itself: no white space, no parentheses but
// those that are needed, functions in capital letters, AND, OR, NOT and & as functions.
func canonical(n node) string {
	var b strings.Builder
	write(&b, n)
	return b.String()
}

func write(b *strings.Builder, n node) {
	switch n := n.(type) {
	case *literal:
		b.WriteString(written(n.value))
	case *reference:
		b.WriteString("{{" + n.String() + "}}")
	case *negative:
		b.WriteByte('-')
		writeOperand(b, n.of, len(levels))
	case *operate:
		mine := levelOf(n)
		writeOperand(b, n.left, max(mine, 0)) // a comparison in another one has parentheses on both sides
		b.WriteString(string(n.op))
		writeOperand(b, n.right, mine+1)
	case *call:
		b.WriteString(n.of.name)
		for i, arg := range n.args {
			b.WriteByte("(,"[min(i, 1)])
			write(b, arg)
		}
		if len(n.args) == 0 {
			b.WriteByte('(')
		}
		b.WriteByte(')')
	}
}

// writeOperand puts parentheses around what binds looser than its place wants it.
func writeOperand(b *strings.Builder, n node, level int) {
	if levelOf(n) >= level {
		write(b, n)
		return
	}
	b.WriteByte('(')
	write(b, n)
	b.WriteByte(')')
}

// levelOf is how tight a node binds: comparisons -1, then levels, then what stands alone.
func levelOf(n node) int {
	o, ok := n.(*operate)
	if !ok {
		return len(levels)
	}
	return slices.IndexFunc(levels, func(ops []operator) bool { return slices.Contains(ops, o.op) })
}

// written is a literal.
func written(v Value) string {
	switch v := v.(type) {
	case string:
		return `"` + strings.ReplaceAll(v, `"`, `""`) + `"`
	case bool:
		return strings.ToUpper(strconv.FormatBool(v))
	default:
		return textOfNumber(v)
	}
}

// String is the reference without its braces.
func (r *reference) String() string {
	switch r.source {
	case modelField:
		return model + "." + r.name
	case userAttribute:
		return user + "." + r.name
	default:
		return user + "." + permissionSet + "." + r.name + "." + r.part
	}
}
