package main

import (
	"slices"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"
)

// meter shows a person how far something is, as a bar on stderr; where stderr is no terminal it shows nothing. Whoever
// works side by side may tell it, and one that is done begins anew when it is told again. Drawing is best effort.
type meter struct {
	seen bool
	opts []progressbar.Option

	mu   sync.Mutex
	bar  *progressbar.ProgressBar // nil: nothing is drawn
	what string
	all  int64
}

func (c *command) meter(opts ...progressbar.Option) *meter {
	return &meter{seen: terminal(c.err), opts: append(opts, progressbar.OptionSetWriter(c.err),
		progressbar.OptionThrottle(100*time.Millisecond), progressbar.OptionClearOnFinish())}
}

// at shows that n of all is done, and what is being done. all is -1 where nobody knows it.
func (m *meter) at(what string, n, all int64) {
	if !m.seen {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar == nil {
		m.bar, m.what, m.all = m.begin(what, all), what, all
	}
	if what != m.what {
		m.what = what
		m.bar.Describe(what)
	}
	if all != m.all {
		m.all = all
		m.bar.ChangeMax64(all)
	}
	_ = m.bar.Set64(n)
}

// begin makes a bar that draws when it is told something, and never else: the library's own ticker for a bar of unknown
// length draws side by side with us, and goes on over what is written once the bar is done.
func (m *meter) begin(what string, all int64) *progressbar.ProgressBar {
	return progressbar.NewOptions64(all, slices.Concat(m.opts, []progressbar.Option{progressbar.OptionSetDescription(what),
		progressbar.OptionSetSpinnerChangeInterval(0)})...)
}

// makeWay takes the bar's line away for one of text.
func (m *meter) makeWay() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar != nil {
		_ = m.bar.Clear()
	}
}

func (m *meter) done() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bar != nil {
		_ = m.bar.Clear()
		_ = m.bar.Exit()
		m.bar = nil
	}
}
