package connector_test

import (
	"testing"

	"go.uber.org/goleak"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/connector/noop"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestRegistry(t *testing.T) {
	http := httpc.New(httpc.Options{})
	defer http.Close()
	r, err := connector.NewRegistry(noop.New(), http)
	if err != nil {
		t.Fatal(err)
	}
	if c, ok := r.Lookup("noop"); !ok || c.Name() != "noop" {
		t.Error("noop is not found")
	}
	if _, ok := r.Lookup("nope"); ok {
		t.Error("nope is found")
	}
	if names := r.Names(); len(names) != 2 || names[0] != "http" || names[1] != "noop" {
		t.Errorf("names %v", names)
	}
	if _, err := connector.NewRegistry(noop.New(), noop.New()); err == nil {
		t.Error("two of one name were accepted")
	}
}
