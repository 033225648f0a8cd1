package formula_test

import (
	"math"
	"strings"
	"testing"

	"holdfast/internal/formula"
)

// edges is a record of values at which calculations are likely to go wrong.
var edges = record{"Max": int64(math.MaxInt64), "Min": int64(math.MinInt64), "Zero": int64(0), "One": int64(1), "Minus": int64(-1),
	"Half": 0.5, "Long": int64(9000000000000001), "Late": "9999-12-31T23:30:00-01:00", "Early": "0001-01-01T00:30:00+01:00", "Leap": "2024-02-29T10:00:00Z"}

// TestP11_CalculationsAtTheirEdges: exact, or an error.
func TestP11_CalculationsAtTheirEdges(t *testing.T) {
	tooLarge := "the result does not fit into a whole number of 64 bits"
	tooLong := "the result is too large: only whole numbers may have more than 15 digits"
	noTime := "this text is no date such as"
	for text, want := range map[string]any{
		`{{$Model.Max}} + {{$Model.One}}`:                          tooLarge,
		`{{$Model.Max}} - {{$Model.Minus}}`:                        tooLarge,
		`{{$Model.Min}} - {{$Model.One}}`:                          tooLarge,
		`{{$Model.Min}} + {{$Model.Minus}}`:                        tooLarge,
		`{{$Model.Min}} + {{$Model.Max}}`:                          int64(-1),
		`{{$Model.Min}} / {{$Model.Minus}}`:                        tooLarge,
		`{{$Model.Min}} * {{$Model.Minus}}`:                        tooLarge,
		`-{{$Model.Min}}`:                                          tooLarge,
		`ABS({{$Model.Min}})`:                                      tooLarge,
		`ABS({{$Model.Max}} * -1)`:                                 int64(math.MaxInt64),
		`MOD({{$Model.Min}}, {{$Model.Minus}})`:                    int64(0),
		`MOD({{$Model.One}}, {{$Model.Zero}})`:                     "this divides by zero",
		`MOD({{$Model.Half}}, {{$Model.Zero}})`:                    "this divides by zero",
		`MOD(5.5, -2)`:                                             -0.5,
		`{{$Model.Half}} / {{$Model.Zero}}`:                        "this divides by zero",
		`4611686018427387904 * -2`:                                 int64(math.MinInt64),
		`-9223372036854775808`:                                     int64(math.MinInt64),
		`(-1)^3`:                                                   int64(-1),
		`(-1)^0`:                                                   int64(1),
		`{{$Model.Minus}} ^ {{$Model.Max}}`:                        int64(-1),
		`{{$Model.Minus}} ^ ({{$Model.Max}} - 1)`:                  int64(1),
		`{{$Model.Zero}} ^ {{$Model.Zero}}`:                        int64(1),
		`{{$Model.Zero}} ^ {{$Model.Minus}}`:                       "this divides by zero",
		`{{$Model.Minus}} ^ {{$Model.Half}}`:                       "a negative number has no power with a fraction",
		`2 ^ 62`:                                                   int64(1) << 62,
		`{{$Model.One}} * 2 ^ 62 * 2`:                              tooLarge,
		`{{$Model.Long}} * {{$Model.Half}}`:                        tooLong,
		`{{$Model.Max}} * {{$Model.Half}}`:                         "a whole number of more than 15 digits can not be calculated with fractions",
		`{{$Model.Max}} > {{$Model.Half}}`:                         true,
		`{{$Model.Half}} > {{$Model.Min}}`:                         true,
		`{{$Model.Half}} < {{$Model.One}}`:                         true,
		`{{$Model.Zero}} >= {{$Model.Half}}`:                       false,
		`9007199254740993 = {{$Model.Long}} - 992800745259008`:     false,
		`ROUND(1.005, 2)`:                                          1.01,
		`ROUND(-1.005, 2)`:                                         -1.01,
		`ROUND(-2.5)`:                                              int64(-3),
		`ROUND(25, -1)`:                                            int64(30),
		`ROUND(-25, -1)`:                                           int64(-30),
		`ROUND(24, -1)`:                                            int64(20),
		`ROUND(1234.5, -2)`:                                        int64(1200),
		`ROUND({{$Model.Max}}, -1)`:                                tooLarge,
		`ROUND({{$Model.Half}}, 15)`:                               0.5,
		`ROUND({{$Model.Half}}, 16)`:                               "the digits are a whole number between -15 and 15",
		`1 / 3`:                                                    0.333333333333333,
		`1 / 3 * 3`:                                                0.999999999999999,
		`YEAR({{$Model.Late}})`:                                    noTime,
		`YEAR({{$Model.Early}})`:                                   noTime,
		`YEAR("` + strings.Repeat("2", 65) + `" & {{$Model.One}})`: noTime,
		`DATE(9999, 12, 31) + {{$Model.One}}`:                      "the result is no time between the years 1 and 9999",
		`DATE(1, 1, 1) - {{$Model.One}}`:                           "the result is no time between the years 1 and 9999",
		`DATE(9999, 12, 31) - DATE(1, 1, 1)`:                       int64(3652058),
		`DATEDIFF(DATE(1, 1, 1), DATE(9999, 12, 31), "seconds")`:   int64(3652058 * 86400),
		`DATEDIFF("2026-01-31", "2026-02-28", "months")`:           int64(0),
		`DATEDIFF("2026-02-28", "2026-01-31", "months")`:           int64(0),
		`DATEDIFF({{$Model.Leap}}, "2025-02-28", "years")`:         int64(0),
		`DATEDIFF({{$Model.Leap}}, "2025-03-01", "years")`:         int64(1),
		`DATEDIFF({{$Model.Leap}}, "2024-03-29", "months")`:        int64(0), // ten hours are missing
		`DATEDIFF("2026-03-15", "2026-03-14T00:00:01Z")`:           int64(0),
		`DATEDIFF("2026-03-15T00:00:00.5Z", "2026-03-15T00:00:02.4Z", "seconds")`: int64(1),
		`MID("abc", 1, 2) & MID("abc", 3, 9) & MID("abc", 4, 1)`:                  "abc",
		`LEFT("日本語", 2) & RIGHT("日本語", 1)`:                                        "日本語",
		`LEFT("abc", 9223372036854775807)`:                                        "abc",
	} {
		got, err := compile(t, text).Eval(formula.Input{User: ann, Model: edges, Now: noon})
		if why, ok := want.(string); ok && err != nil {
			if e := err.Error(); !strings.Contains(e, why) {
				t.Errorf("%s: %s, want %s", text, e, why)
			}
		} else if err != nil || got != want {
			t.Errorf("%s: %v (%T), %v, want %v (%T)", text, got, got, err, want, want)
		}
	}
}

// TestP11_TheNormalForm is what programs are compared by.
func TestP11_TheNormalForm(t *testing.T) {
	for text, want := range map[string]string{
		"  {{ $Model.A }}==1 and( {{$Model.B}} != 2.50 )": `AND({{$Model.A}}=1,{{$Model.B}}<>2.5)`,
		`AND(AND(TRUE, FALSE), TRUE AND FALSE)`:           `AND(TRUE,FALSE,TRUE,FALSE)`,
		`TRUE OR FALSE AND TRUE`:                          `OR(TRUE,AND(FALSE,TRUE))`,
		`(TRUE OR FALSE) AND TRUE`:                        `AND(OR(TRUE,FALSE),TRUE)`,
		`NOT TRUE AND FALSE`:                              `AND(NOT(TRUE),FALSE)`,
		`NOT(TRUE) = FALSE`:                               `NOT(TRUE)=FALSE`,
		`NOT (TRUE = FALSE)`:                              `NOT(TRUE=FALSE)`,
		`NOT TRUE = FALSE`:                                `NOT(TRUE=FALSE)`,
		`(TRUE = FALSE) = TRUE`:                           `(TRUE=FALSE)=TRUE`,
		`TRUE = (FALSE = TRUE)`:                           `TRUE=(FALSE=TRUE)`,
		`1 - (2 - 3) - 4`:                                 `1-(2-3)-4`,
		`1 + (2 * 3)`:                                     `1+2*3`,
		`(1 + 2) * -3`:                                    `(1+2)*-3`,
		`-(2 ^ {{$Model.A}})`:                             `-(2^{{$Model.A}})`,
		`-2 ^ {{$Model.A}}`:                               `-2^{{$Model.A}}`,
		`- - {{$Model.A}}`:                                `--{{$Model.A}}`,
		`-(5)`:                                            `-5`,
		`2 ^ (3 ^ {{$Model.A}})`:                          `2^(3^{{$Model.A}})`,
		`"a" & ("b" & concatenate("c", "d"))`:             `CONCATENATE("a","b","c","d")`,
		`"say ""hi"""`:                                    `"say ""hi"""`,
		`now() > today()`:                                 `NOW()>TODAY()`,
		`1e3 + 0.10e1`:                                    `1000+1`,
		`{{$User.appPermissions.s1.id}} = "x"`:            `{{$User.appPermissions.s1.id}}="x"`,
	} {
		p := compile(t, text)
		if p.Canonical() != want || p.Text() != text {
			t.Errorf("%s is %s, want %s", p.Text(), p.Canonical(), want)
		}
		if again := compile(t, want).Canonical(); again != want {
			t.Errorf("%s is %s", want, again)
		}
	}
}

// TestP10_Blanks: nothing equals one, and what is calculated from one is blank.
func TestP10_Blanks(t *testing.T) {
	in := formula.Input{Model: record{"Nothing": nil, "Empty": "", "Text": "x", "Number": 1}}
	for _, blank := range []string{"{{$Model.Nothing}}", "{{$Model.Empty}}", "{{$Model.Missing}}", "{{$User.x}}"} {
		for text, want := range map[string]formula.Value{
			"? = ?": false, "? = {{$Model.Nothing}}": false, "? = {{$Model.Empty}}": false, "? <> ?": true, "? < 1": false, "? >= {{$Model.Number}}": false, "{{$Model.Text}} <= ?": false,
			"NOT ?": true, "? AND TRUE": false, "? OR TRUE": true, "IF(?, 1, 2)": int64(2), "ISBLANK(?)": true, "ISBLANK(? + 1)": true, "ISBLANK(-?)": true,
			"ISBLANK({{$Model.Number}} / ?)": true, "ISBLANK(LOWER(?))": true, "ISBLANK(LEFT({{$Model.Text}}, ?))": true, "ISBLANK(IF(FALSE, 1))": true, "ISBLANK(? & ?)": true,
			`"<" & ? & ">"`: "<>", "LEN(?)": int64(0), `CONTAINS(?, "x")`: false, "CONTAINS({{$Model.Text}}, ?)": false, "STARTSWITH({{$Model.Text}}, ?)": false,
			"ENDSWITH(?, ?)": false, "ISNUMBER(?)": false, "MIN(?, 3, ?, 2)": int64(2), "ISBLANK(MAX(?, ?))": true, "ISBLANK(DATEDIFF(?, TODAY()))": true,
			"ISBLANK(TODAY() + ?)": true, "ISBLANK(TEXT(?))": true,
		} {
			text = strings.ReplaceAll(text, "?", blank)
			if got, err := compile(t, text).Eval(in); err != nil || got != want {
				t.Errorf("%s: %v, %v, want %v", text, got, err, want)
			}
		}
	}
}
