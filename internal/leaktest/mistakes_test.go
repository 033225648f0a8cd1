package leaktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/testkit"
)

// directory is who and what the tenant has, and changes of it that are rejected.
func (w *world) directory() {
	w.Helper()
	for _, c := range []struct {
		t       events.Type
		payload any
	}{
		{events.DirectoryUserUpdated, events.User{ID: "ann", Name: "Ann", Actor: events.ActorSystem}},
		{events.DirectoryGroupUpdated, events.Group{ID: "sales", Members: []string{"ann"}, Actor: events.ActorSystem}},
		{events.DirectoryRoleUpdated, events.RoleHolders{Role: events.TenantAdministrator, Users: []string{"ann"}, Actor: events.ActorSystem}},
		{events.PlaceSiteCollectionUpdated, events.SiteCollection{ID: "emea", Actor: events.ActorSystem}},
		{events.PlaceSiteUpdated, events.Site{ID: "north", SiteCollection: "emea", Actor: "nobody"}},
		{events.ProcessPublished, events.Process{ID: "hiring", Version: "1", Publisher: "ann", Steps: []events.ProcessStep{
			{ID: "ask", Kind: events.FormStep, ExecuteAs: "nothing"},
		}}},
	} {
		w.publish(c.t, c.payload)
	}
}

// secretsInEveryMember are samples of all events that come in, with a secret put by mistake into one of their
// members, or into one that there is none of. Each is refused, and erased.
func (w *world) secretsInEveryMember() {
	w.Helper()
	var sent []*jetstream.PubAck
	for _, t := range events.Inbound() {
		for _, doc := range mistakes(w, t) {
			ack, err := w.js.Publish(w.Context(), events.SubjectOf(tenant, t), doc)
			if err != nil {
				w.Fatal(err)
			}
			sent = append(sent, ack)
		}
	}
	if len(sent) < 4*len(events.Inbound()) {
		w.Errorf("only %d events were made", len(sent))
	}
	for _, ack := range sent {
		w.erased(ack)
	}
}

// erased waits until a message is gone from its stream, and its dead letter is there without it.
func (w *world) erased(ack *jetstream.PubAck) {
	w.Helper()
	s, err := w.js.Stream(w.Context(), ack.Stream)
	if err != nil {
		w.Fatal(err)
	}
	testkit.Eventually(w, patient, fmt.Sprintf("%s %d to be erased", ack.Stream, ack.Sequence), func() bool {
		_, err := s.GetMsg(w.Context(), ack.Sequence)
		return errors.Is(err, jetstream.ErrMsgNotFound)
	})
}

// mistakes are the sample of a type, with a secret of its own in each text, and in further members.
func mistakes(w *world, t events.Type) (all [][]byte) {
	w.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "schemas", "testdata", string(t)+".json"))
	if err != nil {
		w.Fatal(err)
	}
	with := func(change func(data map[string]any, canary string)) {
		var doc struct {
			Data map[string]any `json:"data"`
		}
		var envelope map[string]any
		if errors.Join(json.Unmarshal(raw, &doc), json.Unmarshal(raw, &envelope)) != nil {
			w.Fatalf("the sample of %s can not be read", t)
		}
		name := fmt.Sprintf("token %d in %s", len(all), t.Noun()+"."+t.What())
		change(doc.Data, w.secrets.add(name, fmt.Sprintf("ghp_canary%s%03dabcdefghijklmnop", strings.ReplaceAll(t.Noun()+t.What(), "_", ""), len(all))))
		envelope["data"], envelope["id"] = doc.Data, name
		out, err := json.Marshal(envelope)
		if err != nil {
			w.Fatal(err)
		}
		all = append(all, out)
	}
	var sample struct {
		Data map[string]any `json:"data"`
	}
	if err := json.Unmarshal(raw, &sample); err != nil {
		w.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(sample.Data)) {
		switch v := sample.Data[name].(type) {
		case string:
			with(func(data map[string]any, canary string) { data[name] = canary })
		case []any:
			with(func(data map[string]any, canary string) { data[name] = append(v, canary) })
		}
	}
	for _, name := range []string{"account", "name", "note"} { // where there is no such member, too
		with(func(data map[string]any, canary string) { data[name] = "it is " + canary })
	}
	with(func(data map[string]any, canary string) { data["client_secret"] = strings.TrimPrefix(canary, "ghp_") })
	if t == events.ConnectionCreated || t == events.ConnectionUpdated {
		mistakenSettings(with)
	}
	return all
}

// mistakenSettings are secrets inline in a connection's settings, which look like nothing in particular.
func mistakenSettings(with func(func(data map[string]any, canary string))) {
	for _, change := range []func(settings map[string]any, canary string){
		func(s map[string]any, canary string) { s["password"] = canary },
		func(s map[string]any, canary string) { s["headers"] = map[string]any{"Private-Token": canary} },
		func(s map[string]any, canary string) { s["headers"] = map[string]any{"X-Any": "Bearer " + canary} },
		func(s map[string]any, canary string) { s["test_path"] = "/me?api_key=" + canary },
		func(s map[string]any, canary string) { s["base_url"] = "https://svc:" + canary + "@example.com" },
	} {
		with(func(data map[string]any, canary string) {
			settings := map[string]any{"base_url": "https://example.com"}
			change(settings, strings.TrimPrefix(canary, "ghp_"))
			data["settings"] = settings
		})
	}
	with(func(data map[string]any, canary string) {
		data["auth"] = map[string]any{"method": "oauth2_client_credentials", "params": map[string]any{"client_assertion": strings.TrimPrefix(canary, "ghp_")}}
	})
}
