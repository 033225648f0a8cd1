// Package formula is the language of conditions: formulas over a user and a record, as people know them from
// spreadsheets. Pure: no network, no clock of its own.
//
//	{{$Model.Region}} = {{$User.region}} AND NOT ISBLANK({{$User.appPermissions.sales.id}})
//
// docs/formulas.md tells the language to those who write it. What whoever works on it has to hold:
//
// # Values
//
// A value is blank, TRUE or FALSE, a number, a text, or a time (see Value). Whole numbers are exact, and going beyond
// 64 bits is an error; fractions are rounded to 15 digits after each step of a calculation. A number from outside that
// would have to be rounded to be held is Unusable: two long ids are never equal because both were rounded.
//
// Blank is nil, missing, or an empty text. A comparison with a blank is FALSE, so that a user without a region does not
// see all the records without one; <> is NOT of =. What is calculated from a blank is blank; as a condition, a blank
// is FALSE. Values of different kinds are never equal, and have no order: that is an error. A text that is compared
// with a time is read as one.
//
// # Evaluating
//
// Errors are errors, never values: whoever decides by a formula treats one as "does not pass". AND, OR and IF evaluate
// only what they need, from the left.
//
// A formula is parsed (parse.go), checked for what can not work (check.go), and translated to the bytecode of
// github.com/expr-lang/expr (translate.go; docs/decisions/formula-engine.md says why). No loop is ever emitted, so an
// evaluation costs at most as much as the formula has parts, and what the functions do with texts of bounded length.
//
// # Asking a source
//
// Push makes a Filter of the parts that compare a field with something of the user's (plan.go, push.go). It may match
// more than the formula, never less. Below NOT, a filter for the opposite is made, so that every part can be dropped
// where its position allows.
package formula
