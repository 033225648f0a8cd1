package formula

// node is a part of a formula: *literal, *reference, *operate, *negative or *call.
type node interface {
	// at is where it begins, in bytes; of operators and calls, where their sign or name is.
	at() int
}

type place int

func (p place) at() int { return int(p) }

type literal struct {
	place

	value Value
}

// source is what a reference reads.
type source uint8

const (
	modelField source = iota
	userAttribute
	userSet
)

type reference struct {
	place

	source source
	name   string // path of the field, name of the attribute, id or ntx_asset_id of the set
	part   string // of a set: id, ntx_asset_id or name
}

// operate is left op right: a comparison, or a calculation.
type operate struct {
	place

	op          operator
	left, right node
}

type negative struct {
	place

	of node
}

// call is a function with its arguments, AND, OR and NOT among them however they were written; a & b is
// CONCATENATE(a, b). Nested AND, OR and CONCATENATE are one with all the arguments.
type call struct {
	place

	of   *function
	args []node
}

// parts are the nodes that a node consists of.
func parts(n node) []node {
	switch n := n.(type) {
	case *operate:
		return []node{n.left, n.right}
	case *negative:
		return []node{n.of}
	case *call:
		return n.args
	}
	return nil
}

// walk calls do with n and everything in it.
func walk(n node, do func(node)) {
	do(n)
	for _, p := range parts(n) {
		walk(p, do)
	}
}

// ofUser tells whether nothing of a record is read.
func ofUser(n node) bool {
	all := true
	walk(n, func(n node) {
		if r, ok := n.(*reference); ok && r.source == modelField {
			all = false
		}
	})
	return all
}

// comparison tells whether the operator gives TRUE or FALSE.
func (op operator) comparison() bool {
	switch op {
	case equal, unequal, less, lessOrEqual, greater, greaterOrEqual:
		return true
	default:
		return false
	}
}
