package replay

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/ops"
)

// Copied is what copying came to.
type Copied struct {
	Stream string `json:"stream"`
	First  uint64 `json:"first"`
	Last   uint64 `json:"last"`
	// Copied is how many messages this run copied, and Before how many runs of it did that were interrupted.
	Copied int    `json:"copied"`
	Before int    `json:"copied_before"`
	To     string `json:"to"` // a subject, or a file
}

// CopyLine is one message in a file of copies.
type CopyLine struct {
	Stream   string              `json:"stream"`
	Sequence uint64              `json:"sequence"`
	StoredAt time.Time           `json:"stored_at"`
	Subject  string              `json:"subject"`
	Headers  map[string][]string `json:"headers,omitempty"`
	Event    json.RawMessage     `json:"event,omitempty"` // the message, where it is JSON
	Data     []byte              `json:"data,omitempty"`  // the message, base64, where it is not
}

// CopyToSubject publishes what is selected to a subject outside of Holdfast's, where a stream has to keep it: nothing
// acts on it there. The subject of each message, its stream and sequence are in the header HeaderOriginal.
func (r *Replay) CopyToSubject(ctx context.Context, subject string, at func(Status)) (Copied, error) {
	if err := checkCopySubject(subject); err != nil {
		return Copied{}, err
	}
	return r.copies(ctx, subject, func(context.Context, *notebook) (sink, error) { return &subjectSink{r, subject}, nil }, at)
}

// checkCopySubject refuses what workers, or the server, would act on. What is to go back to them is driven again, with
// all that this looks at.
func checkCopySubject(subject string) error {
	first, _, _ := strings.Cut(subject, ".")
	bad := subject == "" || strings.ContainsAny(subject, " \t\r\n*>") || strings.Contains(subject, "..") ||
		strings.HasPrefix(subject, ".") || strings.HasSuffix(subject, ".")
	if bad || first == "hf" || strings.HasPrefix(first, "$") || strings.HasPrefix(first, "_") {
		return problem(ops.Refused, "name a subject such as replay.acme, which a stream of yours keeps",
			"copies go to one plain subject outside of hf., $ and _: workers and the server act on those")
	}
	return nil
}

// CopyToFile writes what is selected to a file of lines of JSON, which must not be there yet; a copy that was
// interrupted goes on in it.
func (r *Replay) CopyToFile(ctx context.Context, path string, at func(Status)) (Copied, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Copied{}, err
	}
	return r.copies(ctx, path, func(_ context.Context, n *notebook) (sink, error) { return openFileSink(path, n) }, at)
}

// sink takes copies. settle makes sure that they are there to stay.
type sink interface {
	put(ctx context.Context, m bus.Message) error
	settle() error
	close() error
}

func (r *Replay) copies(ctx context.Context, to string, open func(context.Context, *notebook) (sink, error), at func(Status)) (out Copied, err error) {
	if r.o.Select.Stream == ops.SelectActions && r.o.Select.Reason != "" {
		return out, problem(ops.Unclear, "leave out --with-reason", "requests have no reason, and copying does not look at their outcomes")
	}
	a := asked{Select: r.o.Select, To: to}
	ctx, release, err := r.hold(ctx, strings.Replace(a.key(), "checkpoint.", "copy-", 1), "")
	if err != nil {
		return out, err
	}
	defer release()
	notes, again, err := r.openNotes(ctx, a)
	if err == nil && again {
		err = r.mayGoOn(notes.note)
	}
	if err == nil && !again {
		notes.note.Replay = uuid.NewString()
		notes.note.Span, err = r.wholeSpan(ctx)
		notes.note.Position = notes.note.Span.First - 1
	}
	if err != nil {
		return out, err
	}
	r.id = notes.note.Replay
	s, err := open(ctx, notes)
	if err != nil {
		return out, err
	}
	if err = notes.save(ctx); err == nil {
		out, err = r.copyAll(ctx, notes, s, at)
	}
	out.To = to
	return out, whyEnded(ctx, errors.Join(err, s.close()))
}

func (r *Replay) copyAll(ctx context.Context, notes *notebook, s sink, at func(Status)) (Copied, error) {
	n := &notes.note
	out := Copied{Stream: r.o.Select.StreamName(), First: n.Span.First, Last: n.Span.Last, Before: n.Driven}
	from := n.rest()
	defer r.watch(at, from, func() Status { return Status{Driven: out.Copied} })()
	limit := pace(r.o.Rate)
	err := r.walk(ctx, from, func(m bus.Message) error {
		o := originalOf(out.Stream, m)
		if out.Stream == events.StreamDeadLetters {
			o = letterOf(o, m)
		}
		if !r.selects(o, from.Asked) {
			return nil
		}
		return r.copyOne(ctx, m, notes, s, limit, &out)
	})
	if err == nil {
		n.Position, n.Done = n.Span.Last, true
	}
	err = errors.Join(err, s.settle())
	saving, cancel := context.WithTimeout(context.WithoutCancel(ctx), holdFor/2)
	defer cancel()
	return out, errors.Join(err, notes.save(saving))
}

func (r *Replay) copyOne(ctx context.Context, m bus.Message, notes *notebook, s sink, limit *rate.Limiter, out *Copied) error {
	if err := limit.Wait(ctx); err != nil {
		return err
	}
	if err := s.put(ctx, m); err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	out.Copied++
	if notes.since+1 >= noteMost || time.Since(notes.saved) >= noteEvery {
		if err := s.settle(); err != nil {
			return err
		}
	}
	return notes.driven(ctx, m.Sequence, false)
}

// letterOf is what a dead letter is selected by: the subject and the ids of its message.
func letterOf(o original, m bus.Message) original {
	l, err := events.Payload[events.DeadLetterData](m.Decoded().Event)
	if err == nil && l.Subject != "" {
		o.Subject, o.IDs = l.Subject, ops.ReadIDs(l.Original, len(l.Headers) > 0)
	}
	return o
}
