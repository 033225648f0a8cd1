package letters

import (
	"holdfast/events"
	"holdfast/internal/ops"
)

// unfit is the outlook of a letter that can not be published again, whoever asks.
func (v View) unfit() (outlook, bool) {
	if _, is := v.ofChain(); is { // a command names it: what of it was kept does not matter
		return outlook{}, false
	}
	o, bad := v.incomplete()
	if bad {
		return o, true
	}
	e, ok := v.event()
	if !ok {
		return outlook{}, false
	}
	switch e.Type {
	case events.SuspensionTerminateRequested:
		return outlook{Command, "by now it may terminate runs that nobody meant when it was given",
			"give it again, where it is still wanted: holdfast suspensions terminate --tenant " + v.Tenant + named(v)}, true
	case events.ProcessRetired:
		if r, ok := payload[events.ProcessRef](e); ok && r.Version == "" {
			return outlook{Command, "by now it may retire versions that were published since",
				"name the version: holdfast deadletters edit " + number(v.Sequence)}, true
		}
	default:
	}
	return outlook{}, false
}

// named are flags that name the suspensions which a command is about.
func named(v View) (flags string) {
	ids := ops.ReadIDs(v.Original, len(v.Headers) > 0)
	for _, id := range []struct{ flag, value string }{{"connection", ids.Connection}, {"run", ids.Run}} {
		if events.ValidID(id.value) {
			flags += " --" + id.flag + " " + id.value
		}
	}
	if events.ValidID(ids.Request) {
		flags = " " + ids.Request + flags
	}
	return flags
}

// own is the outlook of a letter of Holdfast's own message, which nobody else could publish.
func (v View) own() outlook {
	if _, is := v.ofChain(); is {
		return outlook{Foreign, "the message is one of Holdfast's own, on " + v.Origin.Stream + ": it can be handled again, and not corrected",
			"once what stopped it is repaired: holdfast deadletters retry " + number(v.Sequence)}
	}
	return outlook{Foreign, "the message is one of Holdfast's own, on " + v.Origin.Stream + ": the sweep, hourly and when a worker starts, does what it was for",
		"holdfast suspensions list --tenant " + v.Tenant}
}

// incomplete is the outlook of a letter whose message is not here, or not anybody's to publish.
func (v View) incomplete() (outlook, bool) {
	show := "holdfast deadletters show " + number(v.Sequence)
	switch {
	case !v.ours():
		return outlook{Foreign, "it is no dead letter of Holdfast's", show}, true
	case !inbound(v.Origin.Stream):
		return v.own(), true
	case events.TenantOf(v.Subject) != v.Tenant:
		return outlook{Foreign, "it was published where no tenant can be told", "ask whoever published it to name a tenant in its subject"}, true
	case v.Withheld:
		return outlook{Withheld, "it seemed to hold a secret, so nothing of it was kept: rotate that secret, and ask whoever published it to publish it again without",
			"then: holdfast deadletters drop " + number(v.Sequence) + " --why TEXT"}, true
	case v.Truncated:
		return outlook{Truncated, "only its first part was kept: ask whoever published it to publish it again, corrected",
			"then: holdfast deadletters drop " + number(v.Sequence) + " --why TEXT"}, true
	default:
		return outlook{}, false
	}
}
