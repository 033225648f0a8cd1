package formula

import (
	"strings"
	"time"
	"unicode/utf8"
)

// Bounds of texts, in bytes: maxText of one that a formula makes, ten times that of all that one evaluation makes,
// and maxArgument of one that a function looks at.
const (
	maxText     = 64 << 10
	maxArgument = 1 << 20
)

func isNumber(_ *machine, args []Value) (Value, error) { return KindOf(args[0]) == Number, nil }

// testText makes a function of two texts that is FALSE where one is blank.
func testText(test func(text, part string) bool) func(*machine, []Value) (Value, error) {
	return func(_ *machine, args []Value) (Value, error) {
		if blank(args[0]) || blank(args[1]) {
			return false, nil
		}
		return test(textAt(args, 0), textAt(args, 1)), nil
	}
}

func changeText(change func(string) string) func(*machine, []Value) (Value, error) {
	return func(m *machine, args []Value) (Value, error) {
		text := textAt(args, 0)
		if len(text) > maxText {
			return nil, errLongText
		}
		return m.text(change(text))
	}
}

func trim(text string) string { return strings.Join(strings.Fields(text), " ") }

func length(_ *machine, args []Value) (Value, error) {
	return int64(utf8.RuneCountInString(textAt(args, 0))), nil
}

func left(m *machine, args []Value) (Value, error) {
	text := textAt(args, 0)
	n, err := count(args, 1, 1)
	if err != nil {
		return nil, err
	}
	return m.text(text[:offsetOf(text, n)])
}

func right(m *machine, args []Value) (Value, error) {
	text := textAt(args, 0)
	n, err := count(args, 1, 1)
	if err != nil {
		return nil, err
	}
	return m.text(text[offsetOf(text, max(0, utf8.RuneCountInString(text)-n)):])
}

func middle(m *machine, args []Value) (Value, error) {
	text := textAt(args, 0)
	start, err := count(args, 1, 1)
	if err != nil {
		return nil, err
	}
	if start < 1 {
		return nil, failf("the first character is 1")
	}
	n, err := count(args, 2, 0)
	if err != nil {
		return nil, err
	}
	rest := text[offsetOf(text, start-1):]
	return m.text(rest[:offsetOf(rest, n)])
}

// count is an argument that says how many characters; one beyond any text's length counts as such.
func count(args []Value, at, otherwise int) (int, error) {
	if at >= len(args) {
		return otherwise, nil
	}
	n, whole := args[at].(int64)
	if !whole || n < 0 {
		return 0, failf("a whole number from 0 on is wanted here")
	}
	return int(min(n, 1<<40)), nil
}

// offsetOf is where the nth character begins, or the text's end.
func offsetOf(text string, n int) int {
	if n >= len(text) {
		return len(text)
	}
	for offset := range text {
		if n == 0 {
			return offset
		}
		n--
	}
	return len(text)
}

func concatenate(m *machine, args []Value) (Value, error) {
	texts := make([]string, len(args))
	total := 0
	for i, v := range args {
		texts[i] = textOf(v)
		if total += len(texts[i]); total > maxText {
			return nil, errLongText
		}
	}
	return m.text(strings.Join(texts, ""))
}

func toText(m *machine, args []Value) (Value, error) { return m.text(textOf(args[0])) }

// textOf is a value as a text; "" for a blank.
func textOf(v Value) string {
	switch v := v.(type) {
	case string:
		return v
	case bool:
		if v {
			return "TRUE"
		}
		return "FALSE"
	case time.Time:
		return v.Format(time.RFC3339Nano)
	default:
		return textOfNumber(v)
	}
}

func toNumber(_ *machine, args []Value) (Value, error) {
	text, isText := args[0].(string)
	if !isText {
		return args[0], nil
	}
	v := numberOf(strings.TrimSpace(text))
	if u, ok := v.(Unusable); ok {
		return nil, failf("this text %s", u.Why)
	}
	return v, nil
}

// textAt is an argument that is a text or blank: what else it could be was refused before.
func textAt(args []Value, n int) string {
	text, _ := args[n].(string)
	return text
}

var errLongText = failf("this makes a text of more than %d bytes", maxText)
