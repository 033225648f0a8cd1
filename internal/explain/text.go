package explain

import (
	"fmt"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// Sentences of a story. None names what it is about: that stands beside it.

// because is a reason and one sentence, with the class where that tells what follows: a wait, or another try.
func because(reason, detail string) string {
	text := reason
	if c := fault.Reason(reason).Class(); c.Suspends() || c.Retries() {
		text += " (" + c.String() + ")"
	}
	if detail != "" && text != "" {
		return text + ": " + detail
	}
	return text + detail
}

func by(actor string) string {
	if actor == "" {
		return ""
	}
	return " by " + actor
}

func asked(r events.Request, source string) string {
	parts := []string{"requested" + by(source) + ": step " + r.Step}
	if r.ReplayOf != "" {
		parts[0] = "requested to do " + r.ReplayOf + " again" + by(r.ReplayedBy) + reasoned(r.ReplayReason) + ": step " + r.Step
	}
	if r.Connection != "" {
		parts = append(parts, "as "+r.Connection)
	}
	if r.ActingUser != "" {
		parts = append(parts, "for "+r.ActingUser)
	}
	text := strings.Join(parts, " ")
	if r.Delivery == events.AtMostOnce {
		text += ", at most once"
	}
	if r.Deadline != nil {
		text += ", until " + ops.At(*r.Deadline)
	}
	return text
}

func credentials(generation uint64, version int) string {
	return fmt.Sprintf("generation %d, secret version %d", generation, version)
}

// ended is what an event of a ledger says.
func ended(e Entry) string {
	with := "with " + credentials(e.Generation, e.SecretVersion)
	switch e.kind {
	case events.ActionStarted:
		return "the effect begins, at most once, " + with
	case events.ActionReleased:
		return "nothing had happened, so it may be tried again: " + because(e.Reason, e.Detail)
	case events.ActionSuspended:
		return "is about to be suspended: " + because(e.Reason, e.Detail)
	case events.ActionCompleted:
		return "completed" + as(e.Account) + allowed(e.Rule) + ", " + with
	case events.ActionTerminated:
		return "ended as terminated: " + because(e.Reason, "") + ruled("", e.Cause)
	case events.ActionDenied:
		rule := e.Rule
		if rule == e.Reason {
			rule = ""
		}
		return "denied: " + because(e.Reason, e.Detail) + ruled(rule, "")
	default:
		return e.kind.What() + as(e.Account) + ": " + because(e.Reason, e.Detail) + where(e.Field) + allowed(e.Rule)
	}
}

func as(account string) string {
	if account == "" {
		return ""
	}
	return " as " + account
}

func allowed(rule string) string {
	if rule == "" {
		return ""
	}
	return ", allowed by " + rule
}

func where(field string) string {
	if field == "" {
		return ""
	}
	return " at " + field
}

func ruled(rule string, c events.Cause) string {
	switch {
	case c != "":
		return ", " + string(c)
	case rule != "":
		return "; the rule is " + rule
	default:
		return ""
	}
}

// moved is what an event of a chain says.
func moved(e Entry, s events.Suspension) string {
	until := "terminates at " + ops.At(s.TerminatesAt)
	switch e.kind {
	case events.SuspensionSuspended:
		return "suspended: " + because(s.Reason, s.Detail) + "; " + credentials(s.Generation, s.SecretVersion) + "; " + until
	case events.SuspensionExtended:
		return "extended" + by(s.Actor) + ": " + until
	case events.SuspensionEndingSoon:
		return "people were told that it ends soon: " + until
	default:
		return e.kind.What() + ": " + caused(s.Cause, s.Actor)
	}
}

func caused(c events.Cause, actor string) string {
	switch c {
	case events.CauseRestored:
		return "the connection was seen to work again"
	case events.CauseProbe:
		return "it goes first, to try the new credentials"
	case events.CauseOperator:
		return "asked for" + by(actor)
	case events.CauseReconciled:
		return "the request had its end already"
	case events.CauseDeadline:
		return "its time was over"
	case events.CauseRunTerminated:
		return "another suspension of its run was terminated"
	default:
		return string(c)
	}
}

// commanded is what an operator asked for.
func commanded(t events.Type, c events.SuspensionCommand) string {
	verb, _, _ := strings.Cut(t.What(), "_")
	text := verb + " asked for" + by(c.Actor)
	if c.GivenUp > 0 {
		text = fmt.Sprintf("another try of HF_SUSPENSIONS %d asked for", c.GivenUp) + by(c.Actor)
	}
	if c.ExtendFor > 0 {
		text += ", for " + ops.Span(c.ExtendFor.Duration())
	}
	return text + reasoned(c.Reason)
}

// reasoned is what somebody gave as the reason.
func reasoned(why string) string {
	if why == "" {
		return ""
	}
	return ": " + why
}

// noticed is what workers told of a connection.
func noticed(t events.Type, n events.ConnectionNotice) string {
	with := credentials(n.Generation, n.SecretVersion)
	switch t {
	case events.ConnectionBroken:
		return "broken: " + because(n.Reason, n.Detail) + "; " + with
	case events.ConnectionRestored:
		return "works again, with " + with
	case events.ConnectionTested:
		if n.Reason == "" {
			return "tested" + by(n.Actor) + ": works"
		}
		return "tested" + by(n.Actor) + ": " + because(n.Reason, n.Detail)
	case events.ConnectionRejected:
		return "a change was rejected: " + because(n.Reason, n.Detail) + where(n.Field) + ruled(n.Rule, "")
	case events.ConnectionExpiring:
		return ending(n.Ending, n.EndsAt)
	default:
		text := t.What()
		if n.Revision > 0 {
			text += fmt.Sprintf(": revision %d", n.Revision)
		}
		if len(n.Changed) > 0 {
			text += ", changed " + strings.Join(n.Changed, ", ")
		}
		if n.Previous != "" && n.Previous != n.State {
			text += ", " + string(n.Previous) + " → " + string(n.State)
		}
		return text
	}
}

func ending(what string, when *time.Time) string {
	text := "people were told that its " + strings.ReplaceAll(what, "_", " ") + " ends"
	if when != nil {
		text += " at " + ops.At(*when)
	}
	return text
}

// changed is what an upstream system or an operator said of a connection.
func changed(t events.Type, r events.ConnectionRef) string {
	return strings.ReplaceAll(t.What(), "_", " ") + by(r.Actor)
}

func refused(l events.DeadLetterData, sequence uint64) string {
	return fmt.Sprintf("dead letter %d: %s%s, at delivery %d", sequence, because(l.Reason, l.Detail), where(l.Field), l.Deliveries)
}
