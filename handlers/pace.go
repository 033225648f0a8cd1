package handlers

import (
	"golang.org/x/time/rate"

	"holdfast/internal/connection"
)

// paceOf bounds how fast this worker resumes the runs of a connection, as its type says: systems that count
// requests must not be met by all that waited at once.
func (h *Handlers) paceOf(e *connection.Entry) *rate.Limiter {
	t, f := h.typeOf(e.Connection)
	if f != nil || t.ResumesPerSecond <= 0 {
		return rate.NewLimiter(rate.Inf, 0)
	}
	limit := rate.Limit(t.ResumesPerSecond)
	key := e.Tenant + "/" + e.ID
	if kept, ok := h.paces.Load(key); ok {
		if l, ok := kept.(*rate.Limiter); ok && l.Limit() == limit {
			return l
		}
	}
	l := rate.NewLimiter(limit, 1)
	h.paces.Store(key, l)
	return l
}
