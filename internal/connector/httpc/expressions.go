package httpc

import (
	"regexp"

	lru "github.com/hashicorp/golang-lru/v2"
)

// expressionsKept is how many compiled expressions are kept; the least used go first. A type has a handful.
const expressionsKept = 512

// expressions are shared by all connectors: settings are read for every request, and an expression is worth the
// same whoever declared it.
var expressions = newExpressions()

func newExpressions() *lru.Cache[string, *regexp.Regexp] {
	c, err := lru.New[string, *regexp.Regexp](expressionsKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return c
}

// compiled is an expression, compiled once for as long as it is kept; false for one that is none, or too long a one.
func compiled(expression string) (*regexp.Regexp, bool) {
	if re, ok := expressions.Get(expression); ok {
		return re, true
	}
	if len(expression) > maxExpression {
		return nil, false
	}
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, false
	}
	expressions.Add(expression, re)
	return re, true
}
