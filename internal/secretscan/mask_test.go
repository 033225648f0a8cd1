package secretscan_test

import (
	"fmt"
	"strings"
	"testing"

	"holdfast/internal/secretscan"
)

func TestO1_WhatCouldBeASecretIsMaskedWhereverItStands(t *testing.T) {
	for name, c := range map[string]struct{ raw, want string }{
		"nothing":             {`{"a":1,"b":[true,null,"x"]}`, `{"a":1,"b":[true,null,"x"]}`},
		"by name":             {`{"password":"hunter2"}`, `{"password":"[1]"}`},
		"a number by name":    {`{"pwd":12345}`, `{"pwd":"[1]"}`},
		"all that it holds":   {`{"credentials":{"user":"a","key":["b"]}}`, `{"credentials":"[1]"}`},
		"nothing in it":       {`{"password":null,"token":"","secrets":[]}`, `{"password":null,"token":"","secrets":[]}`},
		"a reference":         {`{"token_url":"https://x/","secret_version":3}`, `{"token_url":"https://x/","secret_version":3}`},
		"by its looks":        {`["hvs.CAESIJlU02LQZq3nlfH0bVT6vRSEmh"]`, `["[1]"]`},
		"escaped":             {`{"pass\u0077ord":"x","a":"\u0042earer abcdefgh12345"}`, `{"password":"[1]","a":"[2]"}`},
		"in a URL":            {`{"u":"https://a:b@h/","v":"/x?api_key=1"}`, `{"u":"[1]","v":"[2]"}`},
		"a header":            {`{"headers":{"X-Api-Key":"1","Accept":"*/*"}}`, `{"headers":{"X-Api-Key":"[1]","Accept":"*/*"}}`},
		"a member's name":     {`{"ghp_0123456789012345678901234567890123":1}`, `{"[1]":1}`},
		"in a customer's own": {`{"data":{"action":{"input":{"body":{"password":"p"}}}}}`, `{"data":{"action":{"input":{"body":{"password":"[1]"}}}}}`},
		"twice":               {`{"a":1,"a":2,"token":"x","token":"y"}`, `{"a":1,"a":2,"token":"[1]","token":"[2]"}`},
		"not UTF-8":           {"{\"a\":\"\xff\",\"token\":\"\xff\"}", "{\"a\":\"\ufffd\",\"token\":\"[1]\"}"},
		"numbers as they are": {`[1.50,1e999,18446744073709551616]`, `[1.50,1e999,18446744073709551616]`},
	} {
		t.Run(name, func(t *testing.T) {
			n := 0
			got, err := secretscan.Mask([]byte(c.raw), func(string) string { n++; return fmt.Sprintf("[%d]", n) })
			if err != nil {
				t.Fatal(err)
			}
			if flat := flatten(string(got)); flat != c.want {
				t.Errorf("%s\nwant %s", flat, c.want)
			}
		})
	}
}

// flatten takes the lines and the indents away.
func flatten(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimSpace(line))
	}
	return strings.ReplaceAll(b.String(), `": `, `":`)
}

func TestO1_WhatIsNoJSONIsNotMaskedByHalves(t *testing.T) {
	for _, raw := range []string{``, `{`, `{"a":`, `{"a":1}{"password":"x"}`, `{"a":1} x`, `not json`, `{"password":"x`} {
		if got, err := secretscan.Mask([]byte(raw), func(string) string { return "-" }); err == nil {
			t.Errorf("%q became %q", raw, got)
		}
	}
}
