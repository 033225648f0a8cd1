package ops

import (
	"context"
	"iter"

	"holdfast/events"
	"holdfast/internal/audit"
	"holdfast/internal/bus"
)

// Audit holds what the streams say against what is promised. The tenant is checked before anything is read.
func (s *Session) Audit(ctx context.Context, o audit.Options) (audit.Report, error) {
	if o.Tenant != "" && !events.ValidID(o.Tenant) {
		return audit.Report{}, problem(Unclear, "", "the tenant is not valid: %s", events.ErrBadID)
	}
	return audit.Run(ctx, AuditSource(s.bus), o)
}

// AuditSource is the bus as the audit reads it.
func AuditSource(b *bus.Bus) audit.Source { return auditSource{b} }

type auditSource struct{ bus *bus.Bus }

// durables are the queues' consumers.
var durables = map[audit.Queue]bus.Durable{
	audit.Requests:    {Stream: events.StreamActions, Name: bus.DurableActions},
	audit.Commands:    {Stream: events.StreamActions, Name: bus.DurableCommands},
	audit.Chains:      {Stream: events.StreamSuspensions, Name: bus.DurableChains},
	audit.Alarms:      {Stream: events.StreamTimers, Name: bus.DurableAlarms},
	audit.Connections: {Stream: events.StreamConnections, Name: bus.DurableConnections},
	audit.Directory:   {Stream: events.StreamPermissions, Name: bus.DurablePermissions},
}

func (s auditSource) Extent(ctx context.Context, stream string) (audit.Extent, error) {
	v, err := s.bus.State(ctx, stream)
	return audit.Extent{First: v.First, Last: v.Last, FirstStored: v.FirstStored, Messages: v.Messages, Now: v.Now}, err
}

func (s auditSource) Backlog(ctx context.Context, q audit.Queue) (audit.Backlog, error) {
	c, err := s.bus.Consumer(ctx, durables[q])
	return audit.Backlog{Floor: c.Floor, Delivered: c.Delivered, Unanswered: uint64(max(0, c.Open))}, err
}

func (s auditSource) Messages(ctx context.Context, stream, filter string, r audit.Range) iter.Seq2[audit.Message, error] {
	return func(yield func(audit.Message, error) bool) {
		if r.Last == 0 { // nothing: to the bus it were no bound
			return
		}
		for m, err := range s.bus.Messages(ctx, bus.Search{Stream: stream, Filter: filter, Since: r.Since, Last: r.Last}) {
			if !yield(audited(m), err) {
				return
			}
		}
	}
}

func (s auditSource) Message(ctx context.Context, stream string, sequence uint64) (audit.Message, bool, error) {
	m, there, err := s.bus.MessageAt(ctx, stream, sequence)
	return audited(m), there, err
}

func audited(m bus.Message) audit.Message {
	return audit.Message{Subject: m.Subject, Sequence: m.Sequence, Stored: m.Stored, Header: m.Header, Data: m.Raw}
}
