package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
	"github.com/nats-io/nats.go/jetstream"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/testkit"
)

// A chain as a register: its state is its last event, and an append is a compare-and-set.
type (
	state struct {
		sequence uint64
		is       events.Type
	}
	// asked is an append of move after a sequence, or a read where move is empty.
	asked struct {
		after uint64
		move  events.Type
	}
	// answered is what came back: where the append landed, or what the read saw.
	answered struct {
		sequence uint64
		conflict bool
	}
)

var moves = []events.Type{
	events.SuspensionSuspended, events.SuspensionExtended, events.SuspensionResumed, events.SuspensionTerminated,
}

// register is the model that a chain's history has to fit.
var register = porcupine.Model{
	Init: func() any { return state{} },
	Step: func(from, in, out any) (bool, any) {
		s, _ := from.(state)
		a, _ := in.(asked)
		o, _ := out.(answered)
		switch {
		case a.move == "":
			return o.sequence == s.sequence, s
		case o.conflict:
			return s.sequence != a.after, s
		default:
			return s.sequence == a.after && s.allows(a.move) && o.sequence > s.sequence, state{o.sequence, a.move}
		}
	},
	DescribeOperation: func(in, out any) string { return fmt.Sprintf("%+v → %+v", in, out) },
}

// allows is the protocol once more, in words of its own: a resumed or new chain suspends, a waiting one
// does not, and a terminated one does nothing.
func (s state) allows(move events.Type) bool {
	waits := s.is == events.SuspensionSuspended || s.is == events.SuspensionExtended
	if move == events.SuspensionSuspended {
		return s.is == "" || s.is == events.SuspensionResumed
	}
	return waits
}

// recorder keeps the histories of some chains, by subject.
type recorder struct {
	began time.Time

	mu      sync.Mutex
	history map[string][]porcupine.Operation
	unknown map[string]porcupine.Operation // by event id: appends whose answer never came
	subject map[string]string              // of those, by event id
	failed  atomic.Int32
}

func newRecorder() *recorder {
	return &recorder{began: time.Now(), history: map[string][]porcupine.Operation{},
		unknown: map[string]porcupine.Operation{}, subject: map[string]string{}}
}

func (r *recorder) note(subject string, op porcupine.Operation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.history[subject] = append(r.history[subject], op)
}

// read reads a chain and notes it.
func (r *recorder) read(ctx context.Context, j *bus.Journal, client int, subject string, note bool) (events.Record, bool) {
	call := int64(time.Since(r.began))
	last, err := j.Last(ctx, subject)
	if err != nil {
		r.failed.Add(1)
		return last, false
	}
	if note {
		r.note(subject, porcupine.Operation{ClientId: client, Input: asked{}, Call: call,
			Output: answered{sequence: last.Sequence}, Return: int64(time.Since(r.began))})
	}
	return last, true
}

// stillOnItsWay is a conflict with a publish that is not stored yet: nobody knows whose it is, or whether
// it will be.
const stillOnItsWay = "another sequence was expected"

// append appends a move and notes it. An answer that never came is looked up in the stream afterwards.
func (r *recorder) append(ctx context.Context, j *bus.Journal, client int, subject string, a asked) {
	e, err := events.New(a.move, time.Now(), events.Suspension{Previous: a.after})
	if err != nil {
		panic(err) // a payload of ours
	}
	op := porcupine.Operation{ClientId: client, Input: a, Call: int64(time.Since(r.began))}
	seq, err := j.Append(ctx, subject, a.after, e)
	op.Return = int64(time.Since(r.began))
	switch f := fault.From(err); {
	case f == nil:
		op.Output = answered{sequence: seq}
		r.note(subject, op)
	case f.Reason == fault.Conflict && f.Detail != stillOnItsWay:
		op.Output = answered{conflict: true}
		r.note(subject, op)
	default:
		r.failed.Add(1)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.unknown[e.ID], r.subject[e.ID] = op, subject
	}
}

// resolve finds the appends without an answer that landed: they may have done so at any time until the end.
func (r *recorder) resolve(ctx context.Context, js jetstream.JetStream) error {
	end := int64(time.Since(r.began))
	for subject := range r.history {
		err := readSubject(ctx, js, events.StreamSuspensions, subject, func(m *jetstream.RawStreamMsg) {
			op, ok := r.unknown[m.Header.Get(jetstream.MsgIDHeader)]
			if !ok {
				return
			}
			op.Output, op.Return = answered{sequence: m.Sequence}, end
			r.history[subject] = append(r.history[subject], op)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// readSubject gives every message on one subject, in order.
func readSubject(ctx context.Context, js jetstream.JetStream, stream, subject string, take func(*jetstream.RawStreamMsg)) error {
	s, err := js.Stream(ctx, stream)
	if err != nil {
		return err
	}
	for next := uint64(1); ; {
		m, err := s.GetMsg(ctx, next, jetstream.WithGetMsgSubject(subject))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		take(m)
		next = m.Sequence + 1
	}
}

// check holds every chain's history to the model.
func (r *recorder) check(t *testing.T) {
	t.Helper()
	ops, landed, lost := 0, 0, 0
	for subject, history := range r.history {
		for _, op := range history {
			ops++
			if o, _ := op.Output.(answered); o.conflict {
				lost++
			} else if a, _ := op.Input.(asked); a.move != "" {
				landed++
			}
		}
		if got := porcupine.CheckOperationsTimeout(register, history, 30*time.Second); got != porcupine.Ok {
			t.Errorf("%s: %s", subject, got)
			for _, op := range history {
				t.Logf("%12d %12d  %d  %+v → %+v", op.Call, op.Return, op.ClientId, op.Input, op.Output)
			}
		}
	}
	t.Logf("%d operations on %d chains: %d appends landed, %d lost, %d without an answer", ops, len(r.history), landed, lost, r.failed.Load())
	if landed == 0 || lost == 0 {
		t.Error("nobody raced")
	}
}

// client reads a chain and moves it on, again and again until it is terminated, ctx ends, or for as many
// times as given; now and then it knows less than it could.
func (r *recorder) client(ctx context.Context, j *bus.Journal, client int, subject string, times int, reads bool, own *rand.Rand) {
	for range times {
		last, ok := r.read(ctx, j, client, subject, reads)
		if ctx.Err() != nil || last.Type == events.SuspensionTerminated {
			return
		}
		if !ok {
			continue
		}
		s := state{last.Sequence, last.Type}
		move := moves[own.IntN(len(moves))]
		for !s.allows(move) || move == events.SuspensionTerminated && own.IntN(8) != 0 {
			move = moves[own.IntN(len(moves))]
		}
		r.append(ctx, j, client, subject, asked{s.sequence, move})
	}
}

func chainNumber(i int) string {
	return events.Chain{Tenant: tenant, Connection: "crm", Run: "run", Request: fmt.Sprintf("req-%d", i)}.Subject()
}

func TestC15_O5_ChainsAreLinearizable(t *testing.T) {
	const clients, chains = 6, 60
	random := seed(t)
	n, first := testkit.StartBus(t)
	buses := []*bus.Bus{first, testkit.ConnectBus(t, n.ClientURL())}
	r := newRecorder()
	var all sync.WaitGroup
	for c := range clients {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		all.Go(func() {
			for i := range chains {
				r.client(t.Context(), buses[c%2].Journal(), c, chainNumber(i), 8, true, own)
			}
		})
	}
	all.Wait()
	r.check(t)
}

// With leaders killed, reads are left out: a leader that has just lost its place may still answer them.
// What is decided is decided by appends.
func TestC15_O5_ChainsAreLinearizableWhileLeadersAreKilled(t *testing.T) {
	const clients, chains, kills = 6, 24, 3
	random := seed(t)
	c := testkit.StartCluster(t, 3)
	urls := strings.Join(c.URLs(), ",")
	buses := []*bus.Bus{testkit.ConnectBus(t, urls), testkit.ConnectBus(t, urls)}
	testkit.SetUpBus(t, buses[0], func(s *bus.SetupConfig) { s.Replicas = 3 })
	r, f := newRecorder(), &faults{world: &world{TB: t, cluster: c, js: c.JetStream()}}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	defer stop()
	var all sync.WaitGroup
	var round atomic.Int32
	for i := range clients {
		own := rand.New(rand.NewPCG(random.Uint64(), 0))
		all.Go(func() {
			for ctx.Err() == nil && int(f.leaderKills.Load()) < kills { // new chains until enough was killed
				first := int(round.Load()) * chains
				for n := range chains {
					r.client(ctx, buses[i%2].Journal(), i, chainNumber(first+n), 6, false, own)
				}
				round.CompareAndSwap(int32(first/chains), int32(first/chains)+1)
			}
		})
	}
	killing, enough := context.WithCancel(ctx)
	own := rand.New(rand.NewPCG(random.Uint64(), 0))
	var killer sync.WaitGroup
	killer.Go(func() { f.killLeadersOf(killing, own, leaders[:1]) })
	all.Wait()
	enough()
	killer.Wait()
	if n := f.leaderKills.Load(); n < kills {
		t.Errorf("%d leaders killed, want %d at least", n, kills)
	}
	if err := r.resolve(t.Context(), c.JetStream()); err != nil {
		t.Fatal(err)
	}
	r.check(t)
	t.Logf("%d leaders killed", f.leaderKills.Load())
}
