package permission_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"holdfast/events"
	"holdfast/internal/permission"
	"holdfast/internal/permission/largeworld"
)

// large is the world that figures are told of, built once.
var large = sync.OnceValue(func() *permission.Snapshot { return largeworld.Snapshot(largeworld.Large.Facts()) })

// asked are some questions, with the record that they are about where they are about one.
func asked(object int) []permission.Question {
	all := make([]permission.Question, 1<<12)
	for i := range all {
		all[i] = largeworld.Large.Question(i, object)
		if object == 1 {
			all[i].Record = record{"Region": largeworld.Regions[i%4]}
		}
	}
	return all
}

// TestP9_ADecisionAsksForNoMemory, nor does one of many sets, of groups, or a refusal.
func TestP9_ADecisionAsksForNoMemory(t *testing.T) {
	s, questions := large(), asked(0)
	i, yes := 0, 0
	allocations := testing.AllocsPerRun(len(questions), func() {
		if d := s.Decide(&questions[i%len(questions)]); d.Allowed {
			yes++
		}
		i++
	})
	if allocations != 0 {
		t.Errorf("a decision allocates %v times", allocations)
	}
	if yes*10 < i || yes*10 > i*9 {
		t.Errorf("of %d decisions, %d were yes", i, yes)
	}
}

// TestP1_ALargeTenantFitsIntoMemory: ten thousand users, five hundred groups, a thousand sets.
func TestP1_ALargeTenantFitsIntoMemory(t *testing.T) {
	facts := largeworld.Large.Facts()
	before := heap()
	s := largeworld.Snapshot(facts)
	if used := heap() - before; used > 100<<20 {
		t.Errorf("it takes %d MB", used>>20)
	} else {
		t.Logf("it takes %d MB", used>>20)
	}
	runtime.KeepAlive(s)
	runtime.KeepAlive(facts)
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// measured reports, beside the time that passes, what is steadier on a machine that does other things, too: the processor
// time of an operation, and the mean of the best 512 in a row. Call next after each operation, and done at the end.
func measured(b *testing.B) (next, done func()) {
	began, since := spent(b), time.Now()
	n, best := 0, time.Duration(0)
	next = func() {
		if n++; n%512 != 0 {
			return
		}
		now := time.Now()
		if took := now.Sub(since); best == 0 || took < best {
			best = took
		}
		since = now
	}
	return next, func() {
		b.ReportMetric(float64(spent(b)-began)/float64(b.N), "cpu-ns/op")
		b.ReportMetric(float64(best.Nanoseconds())/512, "best-ns/op")
	}
}

func spent(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkP9_Decision(b *testing.B)                  { decide(b, asked(0)) }
func BenchmarkP10_DecisionWithOneCondition(b *testing.B) { decide(b, asked(1)) }

func decide(b *testing.B, questions []permission.Question) {
	b.Helper()
	s := large()
	b.ReportAllocs()
	next, done := measured(b)
	defer done()
	i := 0
	for b.Loop() {
		s.Decide(&questions[i%len(questions)])
		i++
		next()
	}
}

// BenchmarkP10_Plan is what an action on records costs beside: a plan, what is asked of the target, and a hundred records
// of five fields held against it.
func BenchmarkP10_Plan(b *testing.B) {
	s, questions := large(), asked(1)
	questions = slices.DeleteFunc(questions, func(q permission.Question) bool { return q.Op != events.ReadRecords || !s.Decide(&q).Allowed })
	b.ReportAllocs()
	next, done := measured(b)
	defer done()
	i := 0
	for b.Loop() {
		p, _ := s.Plan(questions[i%len(questions)])
		p.Narrow(nil)
		p.Filter(nil)
		for n := range 100 {
			r := record{"Region": largeworld.Regions[n%4]}
			if !p.Visible(r, nil) {
				continue
			}
			for f := range 5 {
				p.Readable(r, largeworld.Field(f))
			}
		}
		i++
		next()
	}
}

func BenchmarkP1_SnapshotOfALargeTenant(b *testing.B) {
	facts := largeworld.Large.Facts()
	began := spent(b)
	for b.Loop() {
		largeworld.Snapshot(facts)
	}
	b.ReportMetric(float64(spent(b)-began)/float64(b.N), "cpu-ns/op")
	b.ReportMetric(float64(len(facts)), "facts/op")
}

// BenchmarkP5_OneEvent applied to a large tenant, by kind.
func BenchmarkP5_OneEvent(b *testing.B) {
	facts := largeworld.Large.Facts()
	first := func(kind events.FactKind) events.Fact {
		return facts[slices.IndexFunc(facts, func(f events.Fact) bool { return f.Kind == kind })]
	}
	everybody := make([]string, largeworld.Large.Users)
	for i := range everybody {
		everybody[i] = largeworld.User(i)
	}
	group := first(events.FactGroup)
	var members events.Group
	if err := json.Unmarshal(group.Data, &members); err != nil {
		b.Fatal(err)
	}
	fewer, more := group, group
	fewer.Data = document(events.Group{ID: group.ID, Members: members.Members[1:]})
	none, all := factOf(events.FactGroup, "everybody", 3, events.Group{ID: "everybody"}), factOf(events.FactGroup, "everybody", 3, events.Group{ID: "everybody", Members: everybody})
	assigned := factOf(events.FactAssignment, "set-0007.group.group-123", 3, events.PermissionAssignment{Set: "set-0007", Group: "group-123"})
	for _, c := range []struct {
		name string
		turn [2]events.Fact // one after the other
	}{
		{"a set assigned to a user", [2]events.Fact{first(events.FactAssignment), gone(first(events.FactAssignment))}},
		{"a set assigned to a group", [2]events.Fact{assigned, gone(assigned)}},
		{"a set changed", [2]events.Fact{first(events.FactSet), first(events.FactSet)}},
		{"one member more or less", [2]events.Fact{fewer, more}},
		{"a group of ten thousand made and emptied", [2]events.Fact{all, none}},
		{"a user changed", [2]events.Fact{first(events.FactUser), first(events.FactUser)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var world permission.Snapshots
			for _, f := range facts {
				world.Apply(f)
			}
			next, done := measured(b)
			defer done()
			i := 0
			for b.Loop() {
				f := c.turn[i%2]
				f.Tenant = largeworld.Tenant
				world.Apply(f)
				i++
				next()
			}
		})
	}
}

// TestP5_TheLargeWorldIsOne: its questions are answered yes and no, by groups and in person.
func TestP5_TheLargeWorldIsOne(t *testing.T) {
	s := large()
	found := make(map[string]int)
	for object := range 2 {
		for _, q := range asked(object) {
			d := s.Decide(&q)
			found[fmt.Sprintf("%v by %s", d.Allowed, d.Rule)]++
			for _, use := range d.Sets() {
				found[use.Through]++
			}
		}
	}
	t.Log(found)
	for _, want := range []string{"true by app_set", "false by connection_not_granted", "false by operation_not_granted", "false by field_not_readable", "false by record_not_granted", "user", "group"} {
		if found[want] == 0 {
			t.Errorf("there is no %s", want)
		}
	}
}
