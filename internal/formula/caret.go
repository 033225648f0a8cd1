package formula

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// window is how many columns of a line Caret shows.
const window = 76

// columns measures characters the same on every machine.
var columns = runewidth.Condition{}

// Caret is the line of the formula with a ^ below the place, for a terminal or any font of fixed width. Of a long
// line it is the part around the place; tabs and characters that are not seen are shown as one column each.
func (e *Error) Caret() string {
	begin := strings.LastIndexByte(e.text[:e.Offset], '\n') + 1
	line, _, _ := strings.Cut(e.text[begin:], "\n")
	at := min(e.Offset-begin, len(line))
	before, after := visible(line[:at]), visible(line[at:])
	if columns.StringWidth(before)+columns.StringWidth(after) > window {
		before = cutLeft(before, window*2/3)
		after = columns.Truncate(after, window-columns.StringWidth(before), "…")
	}
	return before + after + "\n" + strings.Repeat(" ", columns.StringWidth(before)) + "^"
}

// cutLeft keeps the end of a text.
func cutLeft(text string, width int) string {
	if columns.StringWidth(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && columns.StringWidth(string(runes)) >= width {
		runes = runes[1:]
	}
	return "…" + string(runes)
}

// visible replaces what moves a terminal's cursor or the direction of its text.
func visible(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t' || unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp):
			return '·'
		}
		return r
	}, text)
}
