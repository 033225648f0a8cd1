package ops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
	"holdfast/internal/testkit"
)

func TestMain(m *testing.M) {
	// The embedded server goes on for some seconds trying to set up the source of a history that was shut
	// down at once.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction(
		"github.com/nats-io/nats-server/v2/server.(*stream).trySetupSourceConsumer.func3"))
}

type machine struct{}

func (machine) Now() time.Time { return time.Now() }

func newChecker(t *testing.T) *ops.Checker {
	t.Helper()
	c, err := ops.NewChecker(machine{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// example is the example of a type's schema on one line, with a tenant.
func example(t *testing.T, kind events.Type) []byte {
	t.Helper()
	raw, err := os.ReadFile("../../schemas/testdata/" + string(kind) + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	doc["time"] = time.Now().UTC().Format(time.RFC3339)
	delete(doc["data"].(map[string]any), "tenant") //nolint:errcheck // a panic fails the test as well
	line, err := json.Marshal(doc)
	if err != nil {
		t.Fatal(err)
	}
	return line
}

func TestO1_EveryInboundExampleIsTaken(t *testing.T) {
	c := newChecker(t)
	for _, kind := range events.Inbound() {
		checked, f := c.Check(t.Context(), example(t, kind), "acme")
		if f != nil || checked.Subject != events.SubjectOf("acme", kind) || checked.ID == "" {
			t.Errorf("%s: %+v, %v at %s", kind, checked, f, fieldOf(f))
		}
	}
}

func fieldOf(f *fault.Fault) string {
	if f == nil {
		return ""
	}
	return f.Field
}

// What workers publish is refused: nobody else may say that a request ended.
func TestO1_OutcomesCanNotBePublished(t *testing.T) {
	c := newChecker(t)
	for _, kind := range events.Outbound() {
		line := `{"specversion":"1.0","id":"e1","source":"x","type":"` + string(kind) + `","data":{"tenant":"acme"}}`
		if _, f := c.Check(t.Context(), []byte(line), ""); f == nil || f.Class() != fault.Invalid {
			t.Errorf("%s: %v", kind, f)
		}
	}
}

func TestO1_EachLineIsCheckedBeforeItIsPublished(t *testing.T) {
	good := string(example(t, events.ConnectionDeleted))
	huge := `{"id":"` + strings.Repeat("x", 9<<20)
	again := strings.Replace(good, `"id":"`, `"id":"again-`, 1)
	file := strings.Join([]string{good, "", "CANARY not json", huge, again}, "\n")
	tests := []struct {
		name          string
		goOn          bool
		good, refused int
		reasons       string
	}{
		{"stops at the first refused line", false, 1, 1, "ok not_json"},
		{"goes on when told", true, 2, 2, "ok not_json too_large ok"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, b := testkit.StartBus(t)
			var told []string
			stored := 0
			tell := func(l ops.Line) error {
				if l.Sequence > 0 {
					stored++
				}
				if strings.Contains(l.Detail, "CANARY") {
					t.Error("a value is repeated")
				}
				told = append(told, map[bool]string{true: "ok", false: l.Reason}[l.OK])
				return nil
			}
			n, refused, err := ops.Publish(t.Context(), bytes.NewBufferString(file), newChecker(t), b,
				ops.PublishOptions{Tenant: "acme", ContinueOnError: tt.goOn}, tell)
			if err != nil || n != tt.good || refused != tt.refused || strings.Join(told, " ") != tt.reasons {
				t.Errorf("%d good, %d refused, %v, %v", n, refused, told, err)
			}
			if stored != tt.good {
				t.Errorf("%d stored", stored)
			}
		})
	}
}

func TestO4_PublishStopsWhenTheBusFails(t *testing.T) {
	n, b := testkit.StartBus(t)
	checker, line := newChecker(t), string(example(t, events.ConnectionDeleted))
	n.Shutdown()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	told := 0
	good, _, err := ops.Publish(ctx, strings.NewReader(line+"\n"+line), checker, b,
		ops.PublishOptions{Tenant: "acme", ContinueOnError: true}, func(ops.Line) error { told++; return nil })
	if f := fault.From(err); good != 0 || told != 1 || f == nil || f.Reason != fault.BusUnavailable {
		t.Errorf("%d good, %d told, %v", good, told, err)
	}
}
