package connection_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

func TestC10_EachStateComesFromTheEntryAlone(t *testing.T) {
	live := connection.Put(nil, shared(), 1)
	f := connection.Fence{Generation: 1, SecretVersion: 3}
	refused, _ := connection.Break(live, live, f, fault.New(fault.BadCredentials, "401"), now)
	gone := connection.WithoutSecret(live, f, fault.New(fault.SecretDeleted, ""), now)
	for want, entries := range map[events.ConnectionState][]*connection.Entry{
		events.StateActive: {live},
		events.StatePending: {
			connection.WithoutSecret(live, connection.Fence{Generation: 1}, fault.New(fault.SecretMissing, ""), now),
			connection.WithoutSecret(live, f, fault.New(fault.SecretMissing, "nobody has signed in yet"), now),
		},
		events.StateBroken:   {refused, gone},
		events.StateDisabled: {connection.Disable(off(live), now), off(refused)},
		events.StateDeleted:  {connection.Delete(live, events.ConnectionRef{}, 2, now), connection.Delete(off(refused), events.ConnectionRef{}, 2, now)},
		events.StateMissing:  {connection.Missed("acme", "crm")},
	} {
		for _, e := range entries {
			if got := e.State(); got != want || e.Works() != (want == events.StateActive) {
				t.Errorf("%s, works %t, want %s", got, e.Works(), want)
			}
		}
	}
}

func off(e *connection.Entry) *connection.Entry {
	next := *e
	next.Disabled = true
	return &next
}

func TestC10_TurningAConnectionOffAndOnMakesItsCredentialsWorthAnotherTry(t *testing.T) {
	c := shared()
	c.Disabled = true
	before := connection.Put(nil, shared(), 1)
	disabled := connection.Disable(connection.Put(before, c, 2), now)
	on := connection.Put(disabled, shared(), 3)
	if disabled.Generation != 2 || on.Generation != 3 || on.KnownBroken(connection.Fence{Generation: 3}) || on.Works() {
		t.Errorf("%+v, then %+v", disabled, on)
	}
}

func TestC10_RevisionsAreTheSequenceOfTheLastEvent(t *testing.T) {
	e := connection.Put(nil, shared(), 7)
	for based, want := range map[uint64]fault.Reason{0: "", 7: "", 6: fault.RevisionConflict, 8: fault.RevisionConflict} {
		if got := reason(connection.CheckRevision(e, based)); got != want {
			t.Errorf("based on %d: %q", based, got)
		}
	}
	if got := reason(connection.CheckRevision(nil, 1)); got != fault.RevisionConflict {
		t.Errorf("of nothing: %q", got)
	}
}

func TestC10_AnAppliedEventNamesWhatItChanged(t *testing.T) {
	old := connection.Apply(nil, connection.Put(nil, shared(), 1), "ann", true)
	c := shared()
	c.Name, c.Owners, c.Actor, c.BasedOn = "Other", []string{"ann", "bob"}, "bob", 1
	c.Settings = json.RawMessage(` {"base_url" : "https://crm.example"} `) // the same
	next := connection.Apply(old, connection.Put(old, c, 2), "bob", false)
	if a := next.Applied; !slices.Equal(a.Changed, []string{"name", "owners"}) || a.Overwrote != 0 || a.Previous != events.StateActive || a.Actor != "bob" {
		t.Errorf("%+v", a)
	}
	if !next.WasApplied(1) || !next.WasApplied(2) || next.WasApplied(3) {
		t.Errorf("%v", next.Recent)
	}
	for seq := uint64(3); seq < 40; seq++ {
		next = connection.Apply(next, connection.Put(next, c, seq), "bob", true)
	}
	if len(next.Recent) > 8 || !next.WasApplied(39) || next.Applied.Overwrote != 38 {
		t.Errorf("%v, %+v", next.Recent, next.Applied)
	}
}

func TestC10_ADeletedConnectionComesBackAsItWas(t *testing.T) {
	deleted := connection.Delete(connection.Put(nil, shared(), 1), events.ConnectionRef{}, 2, now)
	for after, want := range map[time.Duration]fault.Reason{0: "", time.Hour: "", time.Hour + 1: fault.ConnectionDeleted} {
		if _, f := connection.Undelete(deleted, events.ConnectionRef{}, 3, now.Add(after), time.Hour); reason(f) != want {
			t.Errorf("after %s: %v", after, f)
		}
	}
	back, f := connection.Undelete(deleted, events.ConnectionRef{Actor: "bob"}, 3, now.Add(24*365*time.Hour), 0)
	if f != nil || back.Name != "CRM" || back.Generation != 3 || back.Works() || !back.DeletedAt.IsZero() {
		t.Errorf("%v, %+v", f, back)
	}
	never := connection.Delete(nil, events.ConnectionRef{ID: "x"}, 2, now)
	for _, e := range []*connection.Entry{nil, connection.Missed("acme", "x"), never} {
		if _, f := connection.Undelete(e, events.ConnectionRef{}, 3, now, 0); reason(f) != fault.ConnectionMissing {
			t.Errorf("%+v: %v", e, f)
		}
	}
}

func TestC10_NamesThatPeopleCanNotTellApartAreTheSame(t *testing.T) {
	for _, same := range [][]string{{"CRM", "crm", " crm ", "ＣＲＭ"}, {"Straße", "STRASSE", "strasse"}, {"é", "e\u0301", "É"}, {"a b", "a  b", "a\u00a0b"}} {
		for _, name := range same {
			if connection.NameKey(name) != connection.NameKey(same[0]) {
				t.Errorf("%q and %q", name, same[0])
			}
		}
	}
	if connection.NameKey("a b") == connection.NameKey("ab") {
		t.Error("a space makes no difference")
	}
	p := shared()
	p.Kind = events.Personal
	for _, e := range []*connection.Entry{nil, connection.Put(nil, p, 1), connection.Missed("acme", "crm"), connection.Delete(connection.Put(nil, shared(), 1), events.ConnectionRef{}, 2, now)} {
		if e.NameKey() != "" {
			t.Errorf("%+v holds a name", e)
		}
	}
}

// However often one looks, an end is announced once for each time ahead that passes, and never after it.
func TestC12_EndsAreAnnouncedOncePerTimeAhead(t *testing.T) {
	ahead := []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour, 24 * time.Hour}
	rapid.Check(t, func(t *rapid.T) {
		end := now.Add(time.Duration(rapid.Int64Range(-100, 1000).Draw(t, "hours")) * time.Hour)
		c := shared()
		c.CredentialsEnd = &end
		e := connection.Put(nil, c, 1)
		told := map[time.Duration]int{}
		for at := now; at.Before(end.Add(48 * time.Hour)); at = at.Add(time.Duration(rapid.Int64Range(1, 60).Draw(t, "step")) * time.Hour) {
			for _, a := range e.Due(at, ahead) {
				told[a.Ahead]++
				if a.What != connection.EndingCredentials || !at.Before(end) || end.Sub(at) > a.Ahead {
					t.Fatalf("%+v at %s", a, at)
				}
				e = connection.WithAnnounced(e, a)
			}
			if len(e.Due(at, ahead)) != 0 {
				t.Fatal("announced, and due all the same")
			}
		}
		for d, n := range told {
			if n > 1 {
				t.Fatalf("%s ahead: %d times", d, n)
			}
		}
	})
}

func TestC12_LearnedEndsAreThoseOfTheCredentials(t *testing.T) {
	e := connection.Put(nil, shared(), 1)
	ends := []connection.End{{What: connection.EndingRefreshToken, At: now}}
	learned, ok := connection.WithEnds(e, 1, ends)
	if !ok || len(learned.Ends) != 1 {
		t.Fatal("not learned")
	}
	for name, of := range map[string]func() bool{
		"the same":     func() bool { _, ok := connection.WithEnds(learned, 1, ends); return ok },
		"an older one": func() bool { _, ok := connection.WithEnds(connection.Rotate(e, 2), 1, ends); return ok },
		"a deleted one": func() bool {
			d := connection.Delete(e, events.ConnectionRef{}, 2, now)
			_, ok := connection.WithEnds(d, 2, ends)
			return ok
		},
	} {
		if of() {
			t.Errorf("%s: learned", name)
		}
	}
	if r := connection.Rotate(learned, 2); len(r.Ends) != 0 {
		t.Errorf("new credentials end with the old: %v", r.Ends)
	}
	if p := connection.Put(learned, shared(), 2); len(p.Ends) != 1 {
		t.Errorf("the same credentials do not: %v", p.Ends)
	}
}
