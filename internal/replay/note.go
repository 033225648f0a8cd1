package replay

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// asked is what makes two replays the same: how fast it goes, and who does it, does not.
type asked struct {
	Select ops.StreamSelection `json:"select"`
	Force  bool                `json:"force,omitempty"`
	Reason string              `json:"reason,omitempty"`
	To     string              `json:"to,omitempty"` // where copies go: a subject, or a file
}

func (a asked) key() string {
	raw, _ := json.Marshal(a) // strings, numbers and times
	sum := sha256.Sum256(raw)
	return "checkpoint." + hex.EncodeToString(sum[:16])
}

// note is how far a replay is, as it is kept.
type note struct {
	Replay string `json:"replay"`
	Asked  asked  `json:"asked"`
	Span   span   `json:"span"`
	// Position is the sequence that was driven last; everything before it is done.
	Position uint64 `json:"position"`
	Driven   int    `json:"driven"`
	// By force: Effects is the number that was confirmed, Ends the last sequence of the outcomes then, and Forced how many
	// of them were published.
	Effects int    `json:"effects,omitempty"`
	Ends    uint64 `json:"ends,omitempty"`
	Forced  int    `json:"forced,omitempty"`
	Bytes   int64  `json:"bytes,omitempty"` // of the file that copies go to
	Done    bool   `json:"done"`
	Actor   string `json:"actor"`
}

// notebook keeps a note. Only who holds the lease writes it.
type notebook struct {
	r        *Replay
	key      string
	revision uint64
	again    bool // it was there, of a replay that was interrupted
	note     note

	saved time.Time
	since int // changes since
}

// Notes are written at least as often.
const (
	noteEvery = time.Second
	noteMost  = 100
)

// openNotes reads the note of a replay that was interrupted; again is false where there is none.
func (r *Replay) openNotes(ctx context.Context, a asked) (b *notebook, again bool, err error) {
	b = &notebook{r: r, key: a.key()}
	data, revision, err := r.bus.Replays().Load(ctx, b.key)
	if err != nil {
		return nil, false, err
	}
	b.revision = revision
	if revision != 0 && !r.o.Anew && json.Unmarshal(data, &b.note) == nil && !b.note.Done {
		b.again = true
		return b, true, nil
	}
	b.note = note{Asked: a, Actor: r.o.Actor}
	return b, false, nil
}

// driven notes that all up to a sequence is done.
func (b *notebook) driven(ctx context.Context, sequence uint64, forced bool) error {
	b.note.Position = sequence
	b.note.Driven++
	if forced {
		b.note.Forced++
	}
	if b.since++; b.since < noteMost && time.Since(b.saved) < noteEvery {
		return nil
	}
	return b.save(ctx)
}

func (b *notebook) save(ctx context.Context) error {
	data, err := json.Marshal(b.note)
	if err != nil {
		return fault.Wrap(fault.Internal, "the note of a replay could not be encoded", err)
	}
	revision, err := b.r.bus.Replays().Save(ctx, b.key, data, b.revision)
	if err != nil {
		return err
	}
	b.revision, b.saved, b.since = revision, time.Now(), 0
	return nil
}
