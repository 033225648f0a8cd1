package bench

import (
	"fmt"
	"io"
	"sync"
	"time"

	bars "github.com/jedib0t/go-pretty/v6/progress"
)

// progress shows a person how far a benchmark is: a bar for each step, on a terminal only. The nil bar of
// everybody else shows nothing.
type progress struct {
	out    io.Writer
	writer bars.Writer // nil: no terminal
	drawn  sync.WaitGroup

	mu    sync.Mutex
	round string
}

const (
	redraw    = 200 * time.Millisecond
	barLength = 30
)

func watch(o Options) *progress {
	p := &progress{out: o.Progress}
	if o.Progress == nil || !o.Terminal {
		return p
	}
	p.writer = bars.NewWriter()
	p.writer.SetOutputWriter(o.Progress)
	p.writer.SetUpdateFrequency(redraw)
	p.writer.SetTrackerLength(barLength)
	p.drawn.Go(p.writer.Render)
	return p
}

// tell says what takes its time without being measured.
func (p *progress) tell(what string) {
	switch {
	case p.writer != nil:
		p.writer.Log("%s", what)
	case p.out != nil:
		fmt.Fprintln(p.out, what)
	}
}

// in names the round that the following steps belong to.
func (p *progress) in(round string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.round = round
}

func (p *progress) step(what string, total int) *bar {
	if p.writer == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.round != "" {
		what = p.round + ": " + what
	}
	b := &bar{bars.Tracker{Message: what, Total: int64(total), RemoveOnCompletion: true}}
	p.writer.AppendTracker(&b.tracker)
	return b
}

func (p *progress) end() {
	if p.writer == nil {
		return
	}
	p.writer.Stop()
	p.drawn.Wait()
}

// bar is one step.
type bar struct{ tracker bars.Tracker }

func (b *bar) at(n int) {
	if b != nil {
		b.tracker.SetValue(int64(max(n, 0)))
	}
}

func (b *bar) done() {
	if b != nil {
		b.tracker.MarkAsDone()
	}
}
