package replay

import (
	"time"

	"holdfast/internal/bus"
)

// lasts are the last messages of ledgers that were read before their requests.
type lasts struct {
	by    map[string]last
	order []string // as they were read
	at    []time.Time
}

func (l *lasts) add(subject string, v last, whole bool) {
	if l.by == nil {
		l.by = make(map[string]last)
	}
	if v.kind.Ends() && !whole {
		v.msg = bus.Message{Stored: v.msg.Stored, Sequence: v.msg.Sequence}
	}
	_, again := l.by[subject]
	if l.by[subject] = v; again {
		return
	}
	l.order, l.at = append(l.order, subject), append(l.at, v.msg.Stored)
	if len(l.order) > 2*len(l.by)+lastsSlack {
		l.compact()
	}
}

// lastsSlack is how many that were taken out are not worth a walk.
const lastsSlack = 1024

// compact drops from the order what was taken out.
func (l *lasts) compact() {
	var order []string
	var at []time.Time
	for i, subject := range l.order {
		if _, ok := l.by[subject]; ok {
			order, at = append(order, subject), append(at, l.at[i])
		}
	}
	l.order, l.at = order, at
}

// forget drops what was stored before t: no request that is still to be read is older than its ledger.
func (l *lasts) forget(t time.Time) {
	n := 0
	for ; n < len(l.at) && l.at[n].Before(t); n++ {
		v, ok := l.by[l.order[n]]
		switch {
		case !ok:
		case v.msg.Stored.Before(t):
			delete(l.by, l.order[n])
		default: // more was added to its ledger since
			l.order, l.at = append(l.order, l.order[n]), append(l.at, v.msg.Stored)
		}
	}
	l.order, l.at = l.order[n:], l.at[n:]
}
