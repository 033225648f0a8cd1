package compare

import (
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"holdfast/internal/permission/largeworld"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestP9_ThreeEnginesGiveTheSameAnswers on ten thousand questions.
func TestP9_ThreeEnginesGiveTheSameAnswers(t *testing.T) {
	size := largeworld.Small
	holdfast := largeworld.Snapshot(size.Facts())
	others := map[string]func(*asked) (bool, error){}
	for name, cached := range map[string]bool{"casbin": false, "casbin, cached": true} {
		c, err := newCasbin(size, cached)
		if err != nil {
			t.Fatal(err)
		}
		others[name] = c.allowed
	}
	for name, byConnection := range map[string]bool{"cedar": false, "cedar, by connection": true} {
		c, err := newCedar(size, byConnection)
		if err != nil {
			t.Fatal(err)
		}
		others[name] = c.allowed
	}
	yes := 0
	all := questions(size, 10_000)
	for i := range all {
		q := &all[i]
		want := holdfast.Decide(&q.Question)
		if want.Allowed {
			yes++
		}
		for name, allowed := range others {
			if got, err := allowed(q); err != nil || got != want.Allowed {
				t.Fatalf("%+v: holdfast says %v by %s, %s %v, %v", q, want.Allowed, want.Rule, name, got, err)
			}
		}
	}
	if yes < 1000 || yes > 9000 {
		t.Errorf("of %d answers, %d are yes", len(all), yes)
	}
	t.Logf("of %d answers, %d are yes", len(all), yes)
}

// engines of the large world, built once, with how long that takes.
var engines = sync.OnceValues(func() (all map[string]func(*asked) (bool, error), err error) {
	size := largeworld.Large
	all = make(map[string]func(*asked) (bool, error))
	holdfast := largeworld.Snapshot(size.Facts())
	all["holdfast"] = func(q *asked) (bool, error) {
		d := holdfast.Decide(&q.Question)
		return d.Allowed, nil
	}
	casbin, err := newCasbin(size, false)
	if err != nil {
		return nil, err
	}
	cached, err := newCasbin(size, true)
	if err != nil {
		return nil, err
	}
	cedar, err := newCedar(size, false)
	if err != nil {
		return nil, err
	}
	finer, err := newCedar(size, true)
	all["casbin"], all["casbin, cached, nothing new asked"], all["cedar"], all["cedar, sliced by connection"] = casbin.allowed, cached.allowed, cedar.allowed, finer.allowed
	return all, err
})

// turn is how one engine did: all of it, and the best 64 decisions in a row.
type turn struct {
	made       int
	took, best time.Duration
}

func (r *turn) take(b *testing.B, allowed func(*asked) (bool, error), all []asked) {
	for began := time.Now(); time.Since(began) < 20*time.Millisecond; {
		start := time.Now()
		for range 64 {
			if _, err := allowed(&all[r.made%len(all)]); err != nil {
				b.Fatal(err)
			}
			r.made++
		}
		took := time.Since(start)
		if r.took += took; r.best == 0 || took < r.best {
			r.best = took
		}
	}
}

func (r *turn) rate() float64   { return float64(r.made) / r.took.Seconds() }
func (r *turn) atBest() float64 { return 64 / r.best.Seconds() }

// BenchmarkP9_Decisions asks all of them the same questions in turns, so that whatever else the machine does falls on all, and
// reports decisions a second of each, and how many times as many Holdfast makes: over all, and in the best 64 in a row.
func BenchmarkP9_Decisions(b *testing.B) {
	engines, err := engines()
	if err != nil {
		b.Fatal(err)
	}
	all, turns := questions(largeworld.Large, 1<<12), make(map[string]*turn)
	for b.Loop() {
		for name, allowed := range engines {
			if turns[name] == nil {
				turns[name] = new(turn)
			}
			turns[name].take(b, allowed, all)
		}
	}
	ours := turns["holdfast"]
	for _, name := range slices.Sorted(maps.Keys(turns)) {
		r := turns[name]
		b.Logf("%-36s %9.0f/s, at best %9.0f/s; holdfast makes %6.1f times as many, at best %6.1f", name, r.rate(), r.atBest(), ours.rate()/r.rate(), ours.atBest()/r.atBest())
	}
	b.ReportMetric(ours.rate(), "holdfast/s")
	b.ReportMetric(ours.rate()/turns["cedar"].rate(), "×cedar")
	b.ReportMetric(ours.rate()/turns["casbin"].rate(), "×casbin")
}
