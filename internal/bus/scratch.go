package bus

import (
	"context"
	"iter"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Scratch makes an empty bucket to work in; one that is there is emptied. Whoever works in it holds a lease.
func (b *Bus) Scratch(ctx context.Context, name string) error {
	if err := b.DropScratch(ctx, name); err != nil {
		return err
	}
	cfg := bucket(name, "a rebuild to compare with; it can be deleted", 0, 0)
	cfg.Replicas = 1 // lost with its server, it is made again
	err := b.try(ctx, "create bucket "+name, func(ctx context.Context) error {
		_, err := b.js.CreateStream(ctx, cfg)
		return err
	})
	if err != nil {
		return setupFailed("create bucket "+name, err)
	}
	return nil
}

// DropScratch removes a bucket that Scratch made. Those that Setup makes are refused; one that is not there is no
// error.
func (b *Bus) DropScratch(ctx context.Context, name string) error {
	for _, ours := range (SetupConfig{}).withDefaults().streams() {
		if ours.Name == kvPrefix+name {
			return fault.New(fault.BusUnavailable, "refused to remove bucket "+name+", which workers use").
				WithHint("name another bucket")
		}
	}
	b.mu.Lock()
	delete(b.streams, kvPrefix+name)
	b.mu.Unlock()
	err := b.try(ctx, "remove bucket "+name, func(ctx context.Context) error { return b.js.DeleteStream(ctx, kvPrefix+name) })
	if missing(err) {
		return nil
	}
	return err
}

// ScratchRegistry is a registry in a bucket of Scratch's, which nobody else writes.
func (b *Bus) ScratchRegistry(name string) *Registry {
	return &Registry{kept: kept[connection.Entry]{bus: b, bucket: name, decode: decodeEntry, entries: make(map[string]cached[connection.Entry])}}
}

// ScratchFacts are facts in a bucket of Scratch's, which nobody else writes; to hears of what is put.
func (b *Bus) ScratchFacts(name string, to Followers) *Facts {
	return &Facts{kept: kept[events.Fact]{bus: b, bucket: name, decode: decodeFact, changed: tell(to),
		entries: make(map[string]cached[events.Fact])}}
}

// Entries gives what a bucket of connections holds, as its leader has it.
func (b *Bus) Entries(ctx context.Context, name string) iter.Seq2[*connection.Entry, error] {
	return values(ctx, b, name, decodeEntry)
}

// EveryFact gives what a bucket of facts holds, as its leader has it.
func (b *Bus) EveryFact(ctx context.Context, name string) iter.Seq2[*events.Fact, error] {
	return values(ctx, b, name, decodeFact)
}

func values[T any](ctx context.Context, b *Bus, name string, decode func(string, []byte) (*T, error)) iter.Seq2[*T, error] {
	return func(yield func(*T, error) bool) {
		for m, err := range b.snapshot(ctx, kvPrefix+name, kvSubject(name, ">"), lastOfEach) {
			if err == nil && gone(m.Headers()) {
				continue
			}
			var v *T
			if err == nil {
				v, err = decode(m.Subject()[len(kvSubject(name, "")):], m.Data())
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}
