package dev

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
)

// How often a build tells that it is still at work: a line that is rewritten on a terminal, lines elsewhere.
const (
	tellTerminal = time.Second
	tellLines    = 5 * time.Second
)

// progress tells how long a build has been at work and what it is building. It takes the go command's own
// output, a line for each package.
type progress struct {
	out      io.Writer
	what     string
	began    time.Time
	terminal bool

	mu       sync.Mutex
	packages int
	last     string
	told     bool

	stop chan struct{}
	done chan struct{}
}

func watchBuild(out io.Writer, what string) *progress {
	p := &progress{out: out, what: what, began: time.Now(), stop: make(chan struct{}), done: make(chan struct{})}
	f, ok := out.(*os.File)
	p.terminal = ok && isatty.IsTerminal(f.Fd())
	go p.run()
	return p
}

// Write takes the go command's output.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.packages += bytes.Count(b, []byte{'\n'})
	if lines := bytes.Fields(b); len(lines) > 0 {
		p.last = string(lines[len(lines)-1])
	}
	return len(b), nil
}

func (p *progress) run() {
	defer close(p.done)
	every := tellLines
	if p.terminal {
		every = tellTerminal
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.stop:
			return
		case <-tick.C:
			p.tell()
		}
	}
}

func (p *progress) tell() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := fmt.Sprintf("building %s: %s, %d packages so far", p.what, time.Since(p.began).Round(time.Second), p.packages)
	if p.last != "" {
		line += ", now " + p.last
	}
	if p.terminal {
		line = "\r\x1b[K" + line
	} else {
		line += "\n"
	}
	p.told = true
	fmt.Fprint(p.out, line)
}

// end stops telling. A build that took no time said nothing, and says nothing now; one that failed has its
// own error.
func (p *progress) end(err error) {
	close(p.stop)
	<-p.done
	if p.terminal && p.told {
		fmt.Fprint(p.out, "\r\x1b[K")
	}
	if p.told && err == nil {
		fmt.Fprintf(p.out, "built %s in %s\n", p.what, time.Since(p.began).Round(time.Second))
	}
}
