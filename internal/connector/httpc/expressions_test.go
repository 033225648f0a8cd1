package httpc

import (
	"fmt"
	"testing"
)

func TestC12_AnExpressionIsCompiledOnceAndTheirNumberIsBounded(t *testing.T) {
	first, ok := compiled(`"code"\s*:\s*20003`)
	again, _ := compiled(`"code"\s*:\s*20003`)
	if !ok || first != again {
		t.Error("compiled twice")
	}
	for i := range 2 * expressionsKept {
		if re, ok := compiled(fmt.Sprintf("^x{%d}$", i%999+1) + fmt.Sprint(i)); !ok || re == nil {
			t.Fatal(i)
		}
	}
	if n := expressions.Len(); n != expressionsKept {
		t.Errorf("%d are kept, want %d", n, expressionsKept)
	}
	if re, ok := compiled("("); ok || re != nil {
		t.Error("a mistake is taken")
	}
}

// BenchmarkSettings reads what a connection of a type that knows bad credentials by their body hands over.
func BenchmarkSettings(b *testing.B) {
	document := []byte(`{"base_url":"https://slack.com/api","test_path":"/auth.test","auth_failures":[{"status":200,"body":` +
		`"^\\s*\\{\\s*\"ok\"\\s*:\\s*false\\b.*\"error\"\\s*:\\s*\"(invalid_auth|not_authed|account_inactive|token_revoked|token_expired)\""}]}`)
	for name, forget := range map[string]func(){"kept": func() {}, "compiled": expressions.Purge} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				forget()
				if _, err := readSettings(document); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
