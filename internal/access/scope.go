package access

import (
	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Scope is whether a request of a user's may use a connection in a place at all, whatever permission sets say. e is the
// connection's entry; nil: there is none. The user is named as in requests.
func Scope(d *Directory, e *connection.Entry, user string, at Place) events.ConnectionScope {
	if e == nil || e.Missing {
		return events.ConnectionScope{State: events.StateUnknown, Rule: string(fault.ConnectionMissing), Detail: "the tenant has no such connection"}
	}
	if e.Deleted {
		return events.ConnectionScope{State: string(e.State()), Rule: string(fault.ConnectionDeleted), Detail: "the connection was deleted"}
	}
	by := Decide(d, Question{Op: Use, Actor: user, Now: &e.Connection, Place: at})
	return events.ConnectionScope{Allowed: by.Allowed, Rule: string(by.Rule), Detail: by.Detail, State: string(e.State())}
}
