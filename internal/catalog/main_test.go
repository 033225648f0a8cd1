package catalog_test

import (
	"reflect"
	"strings"
	"testing"

	"holdfast/internal/catalog"
)

func builtin(t testing.TB) *catalog.Catalog {
	t.Helper()
	c, err := catalog.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// keysOf are the JSON members of a struct.
func keysOf(v any) map[string]bool {
	keys := make(map[string]bool)
	for i := range reflect.TypeOf(v).NumField() {
		name, _, _ := strings.Cut(reflect.TypeOf(v).Field(i).Tag.Get("json"), ",")
		keys[name] = true
	}
	return keys
}
