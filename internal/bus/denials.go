package bus

import (
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
)

// denials remembers what the server's permissions refused. The server reports it apart from the request,
// which itself only times out: without this, a missing permission looks like a slow bus.
type denials struct {
	log zerolog.Logger
	obs Observer

	mu   sync.Mutex
	last []denial
}

type denial struct {
	at      time.Time
	what    string // publish or subscription
	subject string
}

const (
	denialsKept   = 16
	denialsRecent = time.Minute
)

var denialText = regexp.MustCompile(`(?i)for (publish|subscription) to "([^"]+)"`)

func (d *denials) record(err error) {
	m := denialText.FindStringSubmatch(err.Error())
	if m == nil {
		m = []string{"", "operation", "unknown"}
	}
	n := denial{at: time.Now(), what: strings.ToLower(m[1]), subject: m[2]}
	d.log.Error().Str("operation", n.what).Str("subject", n.subject).Msg("the server's permissions refuse this")
	d.obs.Denied()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.last = append(d.last, n)
	if len(d.last) > denialsKept {
		d.last = d.last[len(d.last)-denialsKept:]
	}
}

// since gives the newest denial at or after t.
func (d *denials) since(t time.Time) (denial, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.last) == 0 {
		return denial{}, false
	}
	n := d.last[len(d.last)-1]
	return n, !n.at.Before(t)
}

func (n denial) fault() *fault.Fault {
	return fault.New(fault.BusUnavailable, "permission missing: "+n.what+" to "+n.subject).
		WithHint("compare the user's permissions with those for its role in deploy/nats")
}
