package top

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"
)

// Source gives snapshots.
type Source interface {
	// Snapshot is how it stands now, with rates since the one before.
	Snapshot(ctx context.Context) (Snapshot, error)
}

// firstLook is when the first rates are shown: soon, whatever the interval.
const firstLook = time.Second

// Screen shows snapshots on a terminal until q, Ctrl-C or the end of ctx. The terminal is left as it was found.
func Screen(ctx context.Context, s Source, v View, every time.Duration, options ...tea.ProgramOption) error {
	m := &model{ctx: ctx, source: s, view: v, every: every}
	m.view.Footer = "q quits, space pauses"
	_, err := tea.NewProgram(m, append([]tea.ProgramOption{tea.WithContext(ctx), tea.WithoutSignalHandler()}, options...)...).Run()
	if ctx.Err() != nil {
		return nil //nolint:nilerr // interrupted from outside: that is how it ends
	}
	return errors.Join(err, m.failed)
}

// model is the screen's state.
type model struct {
	ctx    context.Context
	source Source
	view   View
	every  time.Duration

	snapshot *Snapshot // nil: none yet
	paused   bool
	failed   error
}

// looked is a snapshot that came, and look the time for another.
type (
	looked struct {
		snapshot Snapshot
		err      error
	}
	look struct{}
)

// Init begins to look.
func (m *model) Init() tea.Cmd { return m.lookNow }

func (m *model) lookNow() tea.Msg {
	s, err := m.source.Snapshot(m.ctx)
	return looked{s, err}
}

// Update takes what happened.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.view.Width, m.view.Height = msg.Width, msg.Height
	case tea.KeyPressMsg:
		cmd := m.pressed(msg.String())
		return m, cmd
	case looked:
		if msg.err != nil {
			m.failed = msg.err
			return m, tea.Quit
		}
		if !m.paused {
			m.snapshot = &msg.snapshot
		}
		cmd := m.later(msg.snapshot)
		return m, cmd
	case look:
		return m, m.lookNow
	}
	return m, nil
}

func (m *model) pressed(key string) tea.Cmd {
	switch key {
	case "q", "ctrl+c", "esc":
		return tea.Quit
	case "space":
		m.paused = !m.paused
	}
	return nil
}

// later asks for the next look.
func (m *model) later(s Snapshot) tea.Cmd {
	wait := m.every
	if s.Seconds == 0 {
		wait = min(wait, firstLook)
	}
	return tea.Tick(wait, func(time.Time) tea.Msg { return look{} })
}

// View is the whole screen.
func (m *model) View() tea.View {
	text := "holdfast top: connected, looking …"
	if m.snapshot != nil {
		v := m.view
		if m.paused {
			v.Footer = "paused: space goes on, q quits"
		}
		text = v.Render(*m.snapshot)
	}
	screen := tea.NewView(text)
	screen.AltScreen = true
	return screen
}
