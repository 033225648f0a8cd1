package formula_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mattn/go-runewidth"

	"holdfast/internal/formula"
)

// TestP11_WhatCanNotWorkIsToldWhenItIsRead, with its place and what to write instead.
func TestP11_WhatCanNotWorkIsToldWhenItIsRead(t *testing.T) {
	for text, want := range map[string]string{
		``:                       "1:1 the formula is empty",
		"  \n ":                  "2:2 the formula is empty",
		`1 +`:                    "1:4 the formula ends here, and a value is missing",
		`(1`:                     "1:1 this parenthesis is not closed: its ) is missing",
		`1)`:                     "1:2 nothing more is expected here; two conditions are joined by AND or OR",
		`(1 2)`:                  "1:4 a ) or an operator is expected here",
		`"abc`:                   `1:1 this text is not closed: its second " is missing`,
		`'abc'`:                  `1:1 text stands in double quotes: "text"`,
		`“abc”`:                  `1:1 text stands in straight quotes: "text"`,
		`TRUE && FALSE`:          "1:6 AND is written as a word",
		`TRUE || FALSE`:          "1:6 OR is written as a word",
		`!TRUE`:                  "1:1 NOT is written as a word",
		`IF(TRUE; 1; 2)`:         "1:8 arguments are separated by commas",
		`50%`:                    "1:3 a percentage is written as a fraction: 0.5",
		`1 ? 2`:                  "1:3 this character has no meaning here",
		`1 < 2 < 3`:              "1:7 two values are compared at a time: a < b AND b < c",
		`Region = 1`:             `1:1 Region is no value: a field is written {{$Model.Region}}, a text "Region"`,
		`AND TRUE`:               "1:1 a value is missing before this AND",
		`LEN = 1`:                "1:1 LEN is a function, and its parentheses are missing: LEN(text)",
		`ISBLNK(1)`:              "1:1 there is no function ISBLNK; did you mean ISBLANK?",
		`VLOOKUP(1)`:             "1:1 there is no function VLOOKUP; docs/formulas.md lists them",
		`LEN()`:                  "1:1 LEN is given no arguments: LEN(text)",
		`LEN("a", "b")`:          "1:1 LEN is given 2 arguments: LEN(text)",
		`IF(TRUE)`:               "1:1 IF is given one argument: IF(condition, then, [otherwise])",
		`AND()`:                  "1:1 AND is given no arguments: AND(condition, …)",
		`1.2.3`:                  `1:1 this is no number; a long id is compared as a text: "1.2.3"`,
		`12345678901234567890`:   `1:1 this is a whole number beyond 64 bits; a long id is compared as a text: "12345678901234567890"`,
		`0.12345678901234567890`: `1:1 this is a number of more digits than can be compared exactly; a long id is compared as a text: "0.12345678901234567890"`,

		`{{$Foo}}`:                          "1:3 a reference begins with $User or $Model: {{$User.region}}, {{$Model.Region}}",
		`{{$Users.region}}`:                 "1:3 there is no {{$Users…}}; did you mean {{$User.…}}?",
		`{{$model.Region}}`:                 "1:3 there is no {{$model…}}; did you mean {{$Model.…}}?",
		`{{$Model}}`:                        "1:9 the field is missing: {{$Model.Region}}",
		`{{$Model.Author.Title}}`:           "1:10 a field inside of another is joined by a slash: {{$Model.Author/Title}}",
		`{{$Model.A/1b}}`:                   "1:12 a field is letters, digits and _, and does not begin with a digit",
		`{{$Model.null}}`:                   "1:10 no field can be called null",
		`{{$User.}}`:                        "1:9 the attribute is missing: {{$User.region}}",
		`{{$User.a b}}`:                     "1:10 an attribute's name is letters, digits, _ and -",
		`{{$User.appPermission.s1.id}}`:     "1:9 there is no appPermission; did you mean appPermissions?",
		`{{$User.appPermissions.s1}}`:       "1:26 a permission set tells its id, ntx_asset_id or name: {{$User.appPermissions.s1.id}}",
		`{{$User.appPermissions.s1.names}}`: "1:27 a permission set has no names; did you mean name?",
		`{{$User.appPermissions.s 1.id}}`:   "1:24 a permission set's id is letters without accents, digits, _, = and -, at most 128 of them",
		`{{$Model.Region`:                   "1:1 this reference is not closed: its }} is missing",
		`{$Model.Region}`:                   "1:1 a reference stands in two braces: {{$Model.Region}}",

		`{{$Model.Region}} = ""`:          "1:19 one side is blank, and nothing equals a blank, not even a blank: ask with ISBLANK(…)",
		`LEN({{$Model.Region}}) = "5"`:    "1:24 a number is never compared with a text: TEXT(…) makes a text of a number",
		`TODAY() > 5`:                     "1:9 a time is never compared with a number",
		`TODAY() > "tomorrow"`:            "1:11 this text is no date such as 2026-01-31, and no time such as 2026-01-31T09:30:00Z (RFC 3339)",
		`ISBLANK({{$Model.A}}) > TRUE`:    "1:23 TRUE and FALSE are neither greater nor less than each other",
		`"a" * {{$Model.A}}`:              "1:1 * takes a number, and this is a text: VALUE(…) reads a number from a text",
		`TODAY() + TRUE`:                  "1:11 + takes a number or a time, and this is TRUE or FALSE",
		`-"a"`:                            "1:2 a minus sign takes a number, and this is a text: VALUE(…) reads a number from a text",
		`{{$Model.A}} / 0`:                "1:14 this divides by zero",
		`LEN(5)`:                          "1:5 LEN takes a text, and this is a number: TEXT(…) makes a text of a number",
		`AND(TRUE, "yes")`:                "1:11 AND takes TRUE or FALSE, and this is a text",
		`NOT LEN({{$Model.A}})`:           "1:5 NOT takes TRUE or FALSE, and this is a number",
		`IF(1, 2, 3)`:                     "1:4 IF takes TRUE or FALSE, and this is a number",
		`VALUE("abc")`:                    "1:1 this text is no number",
		`LEFT("abc", -1)`:                 "1:1 a whole number from 0 on is wanted here",
		`DATE(2026, 1.5, 1)`:              "1:1 a date is made of whole numbers: DATE(2026, 1, 31)",
		`DATEDIFF(TODAY(), NOW(), "day")`: "1:26 DATEDIFF takes days, hours, minutes, seconds, months or years; did you mean days?",
		`9223372036854775807 + 1`:         "1:21 the result does not fit into a whole number of 64 bits",
		"1 +\n\t\"a\"":                    "2:2 + takes a number or a time, and this is a text",
		"\"ä\" & 日本":                      "1:7 日本 is no value: a field is written {{$Model.日本}}, a text \"日本\"",
		"TRUE AND \xff":                   "1:10 this is no UTF-8 text",
	} {
		_, err := formula.Compile(text)
		e, ok := errors.AsType[*formula.Error](err)
		if !ok {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Detail); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		checkPlace(t, text, err)
	}
}

// TestP10_WhatFailsIsAnErrorAndNeverAValue, at its place, and without a word of the record or the user.
func TestP10_WhatFailsIsAnErrorAndNeverAValue(t *testing.T) {
	secret := "hunter2"
	in := formula.Input{User: person{attributes: map[string]formula.Value{"s": secret}}, Now: noon,
		Model: record{"Text": secret, "Number": 7.5, "Zero": 0, "Open": true, "List": []any{secret}, "Long": strings.Repeat(secret, 1<<18), "Unit": secret, "Day": "2026-01-01"}}
	for text, want := range map[string]string{
		`{{$Model.Number}} / {{$Model.Zero}}`:           "1:19 this divides by zero: test the divisor before, as in IF(x = 0, 0, y / x)",
		`{{$Model.Text}} + 1`:                           "1:17 + takes numbers, and one side is a text: VALUE(…) reads a number from it",
		`{{$Model.Text}} - TODAY()`:                     "1:17 - takes numbers and times, and one side is a text: DATEVALUE(…) reads a time from it",
		`DATEVALUE({{$Model.Day}}) + NOW()`:             "1:27 with times, only time + days, time - days and time - time can be calculated, and this is a time + a time",
		`{{$Model.Text}} > 5`:                           "1:17 a text and a number have no order",
		`{{$Model.Open}} > {{$Model.Open}}`:             "1:17 TRUE and FALSE are neither greater nor less than each other",
		`{{$Model.Text}} = TODAY()`:                     "1:17 this text is no date such as 2026-01-31, and no time such as 2026-01-31T09:30:00Z (RFC 3339)",
		`{{$Model.List}} = 1`:                           "1:17 the value is a list, and can not be used in a formula",
		`{{$Model.List}} & "x"`:                         "1:1 the value is a list, and can not be used in a formula",
		`"x" & UPPER({{$Model.Number}})`:                "1:13 UPPER takes a text, and this is a number: TEXT(…) makes a text of a number",
		`{{$Model.Text}} AND TRUE`:                      "1:1 TRUE or FALSE is wanted here, and this is a text",
		`IF({{$Model.Number}}, 1, 2)`:                   "1:4 TRUE or FALSE is wanted here, and this is a number",
		`VALUE({{$Model.Text}})`:                        "1:1 this text is no number",
		`DATEDIFF(TODAY(), NOW(), {{$Model.Unit}})`:     "1:1 DATEDIFF counts in days, hours, minutes, seconds, months or years",
		`YEAR({{$Model.Text}})`:                         "1:1 this text is no date such as 2026-01-31, and no time such as 2026-01-31T09:30:00Z (RFC 3339)",
		`UPPER({{$Model.Long}})`:                        "1:7 the text has more than 1048576 bytes",
		`LEFT("abc", {{$Model.Number}})`:                "1:1 a whole number from 0 on is wanted here",
		`MIN({{$Model.Number}}, TODAY())`:               "1:1 numbers and times can not be compared with each other",
		`{{$Model.Open}} AND NOT ({{$User.s}} ^ 2 > 1)`: "1:38 ^ takes numbers, and one side is a text: VALUE(…) reads a number from it",
		`TODAY() + {{$Model.Number}} ^ 9`:               "1:9 the result is no time between the years 1 and 9999",
	} {
		p := compile(t, text)
		v, err := p.Eval(in)
		truth, trueErr := p.True(in)
		e, ok := errors.AsType[*formula.Error](err)
		if !ok || v != nil || truth || trueErr == nil {
			t.Errorf("%s: %v, %v; %v, %v", text, v, err, truth, trueErr)
			continue
		}
		if got := fmt.Sprintf("%d:%d %s", e.Line, e.Column, e.Detail); got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if told := fmt.Sprintf("%v%+v%s%s", err, err, e.Caret(), trueErr); strings.Contains(told, secret) {
			t.Errorf("%s tells a value: %s", text, told)
		}
	}
}

// TestP10_AConditionThatIsNone: its value is no TRUE or FALSE.
func TestP10_AConditionThatIsNone(t *testing.T) {
	for text, want := range map[string]string{
		`1 + 1`:                           "line 1, column 1: a condition gives TRUE or FALSE, and this gives a number",
		`LOWER({{$Model.Region}})`:        "line 1, column 1: a condition gives TRUE or FALSE, and this gives a text",
		`IF({{$Model.Open}}, 1, TODAY())`: "line 1, column 1: a condition gives TRUE or FALSE, and this gives a number or a time",
		`IF({{$Model.Open}}, 1, FALSE)`:   "",
		`{{$Model.Region}}`:               "",
		`{{$Model.Region}} = 1`:           "",
	} {
		if err := compile(t, text).Condition(); fmt.Sprint(err) != want && (err != nil || want != "") {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if truth, err := compile(t, `{{$Model.Region}}`).True(input()); truth || err == nil || err.Error() != "line 1, column 1: TRUE or FALSE is wanted here, and this is a text" {
		t.Error(truth, err)
	}
	if truth, err := compile(t, `{{$Model.Empty}}`).True(input()); truth || err != nil {
		t.Error(truth, err)
	}
}

// TestP11_TheCaretStandsBelowTheMistake, whatever stands before it.
func TestP11_TheCaretStandsBelowTheMistake(t *testing.T) {
	for text, want := range map[string]string{
		`LEN(5)`:                           "LEN(5)\n    ^",
		"\tLEN(\t5)":                       " LEN( 5)\n      ^",
		`"日本" & foo`:                       "\"日本\" & foo\n         ^",   // two columns a character
		"\"e\u0301\" & foo":                "\"e\u0301\" & foo\n      ^", // a letter and its accent are one
		"\"\u202e\" & foo":                 "\"·\" & foo\n      ^",       // turns the direction of text
		"TRUE AND\nNOT foo\nOR TRUE":       "NOT foo\n    ^",
		"1 +\n":                            "\n^",
		"1 + ":                             "1 + \n    ^",
		"TRUE AND\r\nfoo AND\r\nTRUE":      "foo AND \n^",
		strings.Repeat("1 + ", 50) + "foo": "… 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + foo\n" + strings.Repeat(" ", 50) + "^",
		"foo + " + strings.Repeat("1 + ", 50) + "1": "foo + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1 + 1…\n^",
	} {
		_, err := formula.Compile(text)
		e, ok := errors.AsType[*formula.Error](err)
		if !ok {
			t.Fatalf("%q: %v", text, err)
		}
		if got := e.Caret(); got != want {
			t.Errorf("%q\n%s\nwant\n%s", text, got, want)
		}
		for line := range strings.Lines(e.Caret()) {
			if width := runewidth.StringWidth(strings.TrimSuffix(line, "\n")); width > 80 {
				t.Errorf("%q: a line of %d columns", text, width)
			}
		}
	}
}
