package bus

import (
	"sync"
	"time"

	"holdfast/internal/dispatch"
)

// held is one message that we pulled and have not answered.
type held struct {
	dispatch.Delivery

	key     string
	slot    bool      // it took one of the subscription's slots
	reply   string    // where its answer goes; guarded by holding
	touched time.Time // when the server last heard of it; guarded by holding
}

// holding is everything that is held, by stream sequence.
type holding struct {
	mu  sync.Mutex
	all map[uint64]*held
}

// add takes a message in. false: it is held already (it was silent for too long, and came again): then
// the newer delivery is the one to be answered, and nothing more is to be done.
func (s *holding) add(h *held) (n int, added bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if old, ok := s.all[h.Sequence]; ok {
		old.reply, old.touched = h.reply, h.touched
		return len(s.all), false
	}
	s.all[h.Sequence] = h
	return len(s.all), true
}

// take gives the right, once, to answer a message.
func (s *holding) take(h *held) (reply string, n int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.all[h.Sequence] != h {
		return "", len(s.all), false
	}
	delete(s.all, h.Sequence)
	return h.reply, len(s.all), true
}

// takeAll takes what is left, to be handed back.
func (s *holding) takeAll() []*held {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := make([]*held, 0, len(s.all))
	for _, h := range s.all {
		left = append(left, h)
	}
	clear(s.all)
	return left
}

// silent gives the answer subjects of what the server has not heard of since before, and counts them as
// heard of now.
func (s *holding) silent(before, now time.Time) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var replies []string
	for _, h := range s.all {
		if h.touched.Before(before) {
			h.touched = now
			replies = append(replies, h.reply)
		}
	}
	return replies
}

func (s *holding) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.all)
}
