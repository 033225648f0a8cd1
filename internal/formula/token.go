package formula

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// operator is one of the signs between two values.
type operator string

const (
	equal          operator = "="
	unequal        operator = "<>"
	less           operator = "<"
	lessOrEqual    operator = "<="
	greater        operator = ">"
	greaterOrEqual operator = ">="
	join           operator = "&"
	plus           operator = "+"
	minus          operator = "-"
	times          operator = "*"
	divide         operator = "/"
	power          operator = "^"
)

// what a token is.
type what uint8

const (
	end       what = iota
	word           // a function's name, AND, TRUE, …
	number         // as it is written
	quoted         // text, without its quotes
	braces         // what stands between {{ and }}
	operation      // an operator
	mark           // ( ) ,
)

type token struct {
	what   what
	text   string
	offset int
}

// signs are operators and marks as they may be written, longer ones first.
var signs = []struct {
	written string
	is      token
}{
	{"<>", token{what: operation, text: string(unequal)}},
	{"!=", token{what: operation, text: string(unequal)}},
	{"<=", token{what: operation, text: string(lessOrEqual)}},
	{">=", token{what: operation, text: string(greaterOrEqual)}},
	{"==", token{what: operation, text: string(equal)}},
	{"=", token{what: operation, text: string(equal)}},
	{"<", token{what: operation, text: string(less)}},
	{">", token{what: operation, text: string(greater)}},
	{"+", token{what: operation, text: string(plus)}},
	{"-", token{what: operation, text: string(minus)}},
	{"*", token{what: operation, text: string(times)}},
	{"/", token{what: operation, text: string(divide)}},
	{"^", token{what: operation, text: string(power)}},
	{"(", token{what: mark, text: "("}},
	{")", token{what: mark, text: ")"}},
	{",", token{what: mark, text: ","}},
}

// habits are what people write who know another language, and what it is called here.
var habits = []struct{ written, advice string }{
	{"&&", "AND is written as a word"},
	{"||", "OR is written as a word"},
	{"!", "NOT is written as a word"},
	{"'", `text stands in double quotes: "text"`},
	{"“", `text stands in straight quotes: "text"`},
	{"”", `text stands in straight quotes: "text"`},
	{"„", `text stands in straight quotes: "text"`},
	{"‘", `text stands in straight double quotes: "text"`},
	{"’", `text stands in straight double quotes: "text"`},
	{";", "arguments are separated by commas"},
	{"%", "a percentage is written as a fraction: 0.5"},
	{"{", "a reference stands in two braces: {{$Model.Region}}"},
	{"$", "a reference stands in two braces: {{$Model.Region}}"},
}

// scanner cuts a text into tokens.
type scanner struct {
	text string
	at   int
}

// next is the next token; what is no token is an error at its place.
func (s *scanner) next() (token, error) {
	s.at += len(s.text[s.at:]) - len(strings.TrimLeftFunc(s.text[s.at:], unicode.IsSpace))
	rest := s.text[s.at:]
	r, _ := utf8.DecodeRuneInString(rest)
	switch {
	case rest == "":
		return token{what: end, offset: s.at}, nil
	case rest[0] == '"':
		return s.quoted()
	case strings.HasPrefix(rest, "{{"):
		return s.braces()
	case r == '_' || unicode.IsLetter(r):
		return s.take(word, lengthOf(rest, func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })), nil
	case r >= '0' && r <= '9' || r == '.':
		return s.take(number, lengthOfNumber(rest)), nil
	}
	return s.sign(rest)
}

func (s *scanner) sign(rest string) (token, error) {
	for _, h := range habits {
		if strings.HasPrefix(rest, h.written) && !strings.HasPrefix(rest, "!=") {
			return token{}, s.fail(failf("%s", h.advice))
		}
	}
	if rest[0] == '&' {
		return s.take(operation, 1), nil
	}
	for _, sign := range signs {
		if strings.HasPrefix(rest, sign.written) {
			t := sign.is
			t.offset = s.at
			s.at += len(sign.written)
			return t, nil
		}
	}
	return token{}, s.fail(failf("this character has no meaning here"))
}

// quoted reads "text", in which "" is one quote.
func (s *scanner) quoted() (token, error) {
	t := token{what: quoted, offset: s.at}
	var b strings.Builder
	for rest := s.text[s.at+1:]; ; {
		before, after, closed := strings.Cut(rest, `"`)
		if !closed {
			return token{}, s.fail(failf(`this text is not closed: its second " is missing`))
		}
		b.WriteString(before)
		if !strings.HasPrefix(after, `"`) {
			t.text, s.at = b.String(), len(s.text)-len(after)
			return t, nil
		}
		b.WriteByte('"')
		rest = after[1:]
	}
}

// braces reads {{…}}.
func (s *scanner) braces() (token, error) {
	inner, after, closed := strings.Cut(s.text[s.at+2:], "}}")
	if !closed || strings.Contains(inner, "{{") {
		return token{}, s.fail(failf("this reference is not closed: its }} is missing"))
	}
	t := token{what: braces, text: inner, offset: s.at}
	s.at = len(s.text) - len(after)
	return t, nil
}

func (s *scanner) take(w what, n int) token {
	t := token{what: w, text: s.text[s.at : s.at+n], offset: s.at}
	s.at += n
	return t
}

func (s *scanner) fail(err error) error { return errorAt(s.text, s.at, err) }

func lengthOf(text string, of func(rune) bool) int {
	return len(text) - len(strings.TrimLeftFunc(text, of))
}

// lengthOfNumber is how far digits, points and an exponent go; numberOf says whether that is a number.
func lengthOfNumber(text string) int {
	n := lengthOf(text, func(r rune) bool { return r >= '0' && r <= '9' || r == '.' })
	rest := text[n:]
	if rest == "" || rest[0] != 'e' && rest[0] != 'E' {
		return n
	}
	signed := strings.TrimLeft(rest[1:], "+-")
	if exponent, _ := leadingDigits(signed); exponent != "" && len(rest)-1-len(signed) <= 1 {
		return n + len(rest) - len(signed) + len(exponent)
	}
	return n
}
