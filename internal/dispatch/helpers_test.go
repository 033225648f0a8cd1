package dispatch_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/dispatch"
)

var stored = time.Date(2026, 2, 20, 9, 0, 1, 0, time.UTC)

type fixedClock time.Time

func (c fixedClock) Now() time.Time { return time.Time(c) }

// member is one JSON object.
type member = map[string]any

// dataOf is an event's payload.
func dataOf(tb testing.TB, doc member) member {
	tb.Helper()
	data, ok := doc["data"].(member)
	if !ok {
		tb.Fatalf("data is %T", doc["data"])
	}
	return data
}

// example is the example that lies beside a type's schema.
func example(tb testing.TB, t events.Type) member {
	tb.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "schemas", "testdata", string(t)+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	var doc member
	if err := json.Unmarshal(raw, &doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

func encode(tb testing.TB, v any) []byte {
	tb.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return raw
}

// delivery is raw as the bus would deliver it on the type's subject of tenant acme.
func delivery(t events.Type, raw []byte) dispatch.Delivery {
	return dispatch.Delivery{
		Subject: events.SubjectOf("acme", t), Stream: events.StreamActions, Sequence: 7, Consumer: "actions",
		Deliveries: 1, Time: stored, Data: raw,
	}
}

// got is what the handlers of a test router were given.
type got struct {
	meta    []dispatch.Meta
	payload []any
}

func record[T any](tb testing.TB, r *dispatch.Router, g *got, types ...events.Type) {
	tb.Helper()
	for _, t := range types {
		err := dispatch.Handle(r, t, func(_ context.Context, m dispatch.Meta, p T) dispatch.Result {
			g.meta, g.payload = append(g.meta, m), append(g.payload, p)
			return dispatch.Done("handled")
		})
		if err != nil {
			tb.Fatal(err)
		}
	}
}

// router has a recording handler for every inbound type.
func router(tb testing.TB, opts ...dispatch.Option) (*dispatch.Router, *got) {
	tb.Helper()
	g := new(got)
	r := dispatch.NewRouter(append([]dispatch.Option{dispatch.WithClock(fixedClock(stored))}, opts...)...)
	record[events.Connection](tb, r, g, events.ConnectionCreated, events.ConnectionUpdated)
	record[events.ConnectionRef](tb, r, g, events.ConnectionDeleted, events.ConnectionUndeleted,
		events.ConnectionSecretRotated, events.ConnectionTestRequested)
	record[events.User](tb, r, g, events.DirectoryUserUpdated)
	record[events.UserRef](tb, r, g, events.DirectoryUserRemoved)
	record[events.Group](tb, r, g, events.DirectoryGroupUpdated)
	record[events.GroupRef](tb, r, g, events.DirectoryGroupRemoved)
	record[events.RoleHolders](tb, r, g, events.DirectoryRoleUpdated)
	record[events.SiteCollection](tb, r, g, events.PlaceSiteCollectionUpdated)
	record[events.SiteCollectionRef](tb, r, g, events.PlaceSiteCollectionRemoved)
	record[events.Site](tb, r, g, events.PlaceSiteUpdated)
	record[events.SiteRef](tb, r, g, events.PlaceSiteRemoved)
	record[events.Process](tb, r, g, events.ProcessPublished)
	record[events.ProcessRef](tb, r, g, events.ProcessRetired)
	record[events.PermissionSet](tb, r, g, events.PermissionSetCreated, events.PermissionSetUpdated)
	record[events.PermissionSetRef](tb, r, g, events.PermissionSetDeleted)
	record[events.PermissionAssignment](tb, r, g, events.PermissionAssigned, events.PermissionUnassigned)
	record[events.PublicAccess](tb, r, g, events.PermissionPublicChanged)
	record[events.Request](tb, r, g, events.ActionRequested)
	record[events.SuspensionCommand](tb, r, g, events.SuspensionResumeRequested,
		events.SuspensionExtendRequested, events.SuspensionTerminateRequested)
	return r, g
}

// binary takes a structured event apart into headers and payload.
func binary(tb testing.TB, t events.Type, doc member) dispatch.Delivery {
	tb.Helper()
	doc = maps.Clone(doc)
	d := delivery(t, encode(tb, doc["data"]))
	delete(doc, "data")
	d.Header = map[string][]string{"Content-Type": {"application/json; charset=utf-8"}}
	delete(doc, "datacontenttype")
	for name, v := range doc {
		d.Header["Ce-"+name] = []string{fmt.Sprint(v)}
	}
	return d
}
