package top

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// looks is a source that gives what the test says.
type looks struct {
	next Snapshot
	err  error
}

func (l *looks) Snapshot(context.Context) (Snapshot, error) { return l.next, l.err }

func newModel(l *looks) *model {
	return &model{ctx: context.Background(), source: l, view: View{Title: "here", Footer: "q quits"}, every: time.Millisecond}
}

// shows is the model's screen after a look at what the source gives.
func shows(t *testing.T, m *model, l *looks, s Snapshot) string {
	t.Helper()
	l.next = s
	if _, cmd := m.Update(m.lookNow()); cmd == nil {
		t.Fatal("does not look again")
	} else if _, ok := cmd().(look); !ok {
		t.Fatal("does something else than to look again")
	}
	return m.View().Content
}

func TestO1_TopShowsWhatComesAtTheSizeThatThereIs(t *testing.T) {
	l := &looks{}
	m := newModel(l)
	if got := m.View(); !strings.Contains(got.Content, "connected, looking") || !got.AltScreen {
		t.Errorf("at first %+v", got)
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	if got := shows(t, m, l, busy()); !strings.Contains(got, "BROKEN CONNECTIONS 1,234") || strings.Count(got, "\n") != 23 {
		t.Errorf("%s", got)
	}
	before := m.View().Content
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	if got := m.View().Content; got == before || strings.Count(got, "\n") != 39 {
		t.Errorf("resized: %s", got)
	}
	if got := shows(t, m, l, quietly()); !strings.Contains(got, "BROKEN CONNECTIONS 0") {
		t.Errorf("%s", got)
	}
}

func TestO1_TopPausesAndQuits(t *testing.T) {
	l := &looks{}
	m := newModel(l)
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	shows(t, m, l, busy())
	m.Update(tea.KeyPressMsg{Code: tea.KeySpace})
	if got := shows(t, m, l, quietly()); !strings.Contains(got, "BROKEN CONNECTIONS 1,234") || !strings.Contains(got, "paused") {
		t.Errorf("paused: %s", got)
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeySpace})
	if got := shows(t, m, l, quietly()); !strings.Contains(got, "BROKEN CONNECTIONS 0") {
		t.Errorf("goes on: %s", got)
	}
	for _, k := range []tea.KeyPressMsg{{Code: 'q', Text: "q"}, {Code: tea.KeyEscape}, {Code: 'c', Mod: tea.ModCtrl}} {
		_, cmd := m.Update(k)
		if cmd == nil {
			t.Fatalf("%s does nothing", k)
		}
		if _, quits := cmd().(tea.QuitMsg); !quits {
			t.Errorf("%s does not quit", k)
		}
	}
	if _, cmd := m.Update(tea.KeyPressMsg{Code: 'x', Text: "x"}); cmd != nil {
		t.Error("x does something")
	}
}

func TestO1_TopEndsWhenItCanNotLookAnyMore(t *testing.T) {
	l := &looks{err: errors.New("no permission")}
	m := newModel(l)
	_, cmd := m.Update(m.lookNow())
	if _, quits := cmd().(tea.QuitMsg); !quits || m.failed == nil {
		t.Errorf("goes on: %v", m.failed)
	}
}

// A block a look, the first as soon as there are rates; once is once.
func TestO1_TopInPlainText(t *testing.T) {
	n := 0
	source := sourceFunc(func() (Snapshot, error) { n++; return Snapshot{Seconds: float64(n - 1)}, nil })
	var got []float64
	print := func(s Snapshot) error {
		if got = append(got, s.Seconds); len(got) == 3 {
			return errors.New("enough")
		}
		return nil
	}
	if err := Plain(t.Context(), source, time.Millisecond, false, print); err == nil || len(got) != 3 || got[0] != 1 {
		t.Errorf("%v, %v", got, err)
	}
	n, got = 0, nil
	if err := Plain(t.Context(), source, time.Millisecond, true, print); err != nil || len(got) != 1 {
		t.Errorf("once: %v, %v", got, err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Plain(ended, source, time.Hour, false, print); err != nil {
		t.Errorf("interrupted: %v", err)
	}
}

type sourceFunc func() (Snapshot, error)

func (f sourceFunc) Snapshot(context.Context) (Snapshot, error) { return f() }
