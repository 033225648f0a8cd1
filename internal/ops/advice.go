package ops

import (
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/connection"
	"holdfast/internal/fault"
)

// Advice is what to do now, a line each. A line is a command that runs as it stands, with what it does behind a #,
// or begins with words of ours where there is a choice that only a person can make. All advice is in this file, but
// for that on dead letters and on changes that were refused.

// Secrets says where the connections' secrets are in Vault.
type Secrets struct{ Mount, Prefix string }

// config is the path of a connection's secret, as the vault command takes it.
func (s Secrets) config(tenant, connection string) string {
	return s.Mount + "/" + s.Prefix + "/" + tenant + "/conn/" + connection + "/config"
}

// does is a command with what it does.
func does(command, what string) string { return command + "   # " + what }

// Advice says what to do about a reason of class auth or settings, for the connection concerned. A secret is patched
// where there is one: kv put would take away the fields that stand beside those that it names.
//
// Connections are changed and tested by their owners and by administrators: owners are those of this one, and the first
// is named as whoever does it. Where they are not known, the line has a gap to fill in.
func (s Secrets) Advice(r fault.Reason, tenant, connection string, owners []string) []string {
	path := s.config(tenant, connection)
	on := " " + connection + " --tenant " + tenant
	owner := func(verb, what string) string { return asOwner(verb, tenant, connection, owners, what) }
	giveUp := "or give up: " + TerminateCommand(tenant, connection)
	rotate := owner("rotate", "asks for the new secret; then waiting runs go on by themselves")
	switch r {
	case fault.BadCredentials, fault.SecretMalformed:
		return []string{rotate, "or by your own means, each field that is wrong: vault kv patch " + path + " FIELD=…"}
	case fault.SecretMissing, fault.SecretDestroyed:
		return []string{rotate, "or by your own means, all its fields: vault kv put " + path + " FIELD=… …"}
	case fault.SecretDeleted:
		return []string{rotate, "or bring the old one back: vault kv undelete -versions=N " + path}
	case fault.InvalidGrant, fault.AccessDenied, fault.RefreshTokenLost:
		return []string{owner("authorize", "its owner signs in again; then waiting runs go on by themselves"),
			"or store what another way gave: vault kv patch " + path + " refresh_token=…"}
	case fault.ConnectionMissing:
		return []string{does("holdfast connections create --id"+on+" --name "+connection+" …", "holdfast connections create --help"), giveUp}
	case fault.ConnectionDeleted:
		return []string{owner("restore", "brings it back"), giveUp}
	case fault.ConnectionExpired:
		return []string{owner("edit", "in your editor: a later expires_at, or none")}
	case fault.ConnectionDisabled:
		return []string{owner("enable", "turns it on")}
	case fault.InvalidClient, fault.UnauthorizedClient, fault.InvalidScope, fault.InvalidTokenRequest,
		fault.UnsupportedGrantType, fault.SettingsInvalid:
		return []string{owner("edit", "in your editor: correct the settings"),
			"or the client's own secret: vault kv patch " + path + " client_secret=…"}
	default:
		return []string{does(ResumeCommand(tenant, connection), "once the provider works again")}
	}
}

// asOwner is a command that owners of a connection and administrators may give. Where nobody has looked who owns it, it
// has a gap, and says where to look.
func asOwner(verb, tenant, connection string, owners []string, what string) string {
	command, on := "holdfast connections "+verb+" ", connection+" --tenant "+tenant
	if len(owners) == 0 {
		return does(command+on+" --actor OWNER", what+"; OWNER is one of those that holdfast connections show "+on+" names")
	}
	named := strings.Join(owners[:min(len(owners), ownersMost)], ", ")
	if len(owners) > ownersMost {
		named += ", …"
	}
	return does(command+on+" --actor "+owners[0], what+"; whoever does it owns it ("+named+") or is an administrator")
}

// ownersMost is how many owners a line names.
const ownersMost = 5

// Free says what sets a run free that waits for a connection as it is now; r is why the run was suspended, e may be
// nil where nobody has looked at the connection. What is wrong with the connection now counts, not what was.
func (s Secrets) Free(r fault.Reason, e *connection.Entry, tenant, id string, now time.Time) []string {
	if e == nil {
		return s.Advice(r, tenant, id, nil)
	}
	if f := e.Unusable(now); f != nil {
		return s.Advice(f.Reason, tenant, id, e.Owners)
	}
	if e.Broken != nil {
		return s.Advice(e.Broken.Reason, tenant, id, e.Owners)
	}
	if e.Resume == events.ResumeManual {
		return []string{does(ResumeCommand(tenant, id), "the connection works again, and its policy is to wait for you")}
	}
	return []string{"nothing: the connection works again, and workers resume what waits for it, one after another",
		adviceWorkers}
}

// ResumeCommand lets all runs of a connection go on now.
func ResumeCommand(tenant, connection string) string {
	return "holdfast suspensions resume --tenant " + tenant + " --connection " + connection
}

// TerminateCommand ends all suspended runs of a connection.
func TerminateCommand(tenant, connection string) string {
	return "holdfast suspensions terminate --tenant " + tenant + " --connection " + connection
}

// adviceWorkers is for what only a worker can do next.
const adviceWorkers = "holdfast healthcheck   # on a worker's machine: is it ready, and if not, why"

// Delayed says what to do about a request that was put off, for a reason of class operator, transient or unclear.
func (s Secrets) Delayed(r fault.Reason, tenant, connection string, owners []string) []string {
	again := "it comes again by itself"
	switch r {
	case fault.TargetUnavailable, fault.TargetThrottled, fault.ProviderUnavailable, fault.ProviderThrottled, fault.ProviderUnclear:
		who, _, _ := strings.Cut(string(r), "_")
		return []string{"nothing, once the " + who + " answers as it should: " + again,
			asOwner("test", tenant, connection, owners, "does it now?")}
	case fault.VaultSealed, fault.VaultUnavailable, fault.VaultThrottled, fault.VaultForbidden, fault.VaultNoMount, fault.VaultLogin:
		return []string{"nothing, once Vault lets the workers read: " + again, adviceWorkers}
	case fault.Internal:
		return []string{"a defect of Holdfast's: the worker's log says more, at level error"}
	default:
		return []string{"nothing: " + again}
	}
}

// AskWorkers is for a request that may have been put off, where no worker was asked: kind is what explain is to tell of.
func AskWorkers(kind, id, tenant string) string {
	return does("holdfast explain "+kind+" "+id+" --tenant "+tenant+" --metrics http://WORKER:9464",
		"why it was put off: the workers keep that; give each one's listen.metrics")
}

// SearchLogs is for a request that may have been put off, where no worker knows of it any more.
func SearchLogs(request string) string {
	return `look in the workers' logs for "request_id":"` + request + `": its lines have the reason of each time that it was put off`
}

// Standing is how far a request is.
type Standing struct {
	State  string // of a RequestView
	Ended  bool
	Advice []string
}

// Stand judges a request by the last event of its ledger and of its chain (empty: there is none). Where the chain
// waits, free is what sets it free.
func Stand(ledger, chain events.Type, free []string) Standing {
	switch {
	case ledger == events.ActionUnknown:
		return Standing{ledger.What(), true, []string{
			"look at the target whether it happened; if it did not, publish the request again under a new request_id"}}
	case ledger == events.ActionCompleted:
		return Standing{ledger.What(), true, nil}
	case ledger.Ends():
		return Standing{ledger.What(), true, []string{"this request has ended; to do it after all, publish it again under a new request_id"}}
	case chain.Waits():
		return Standing{StateWaiting, false, free}
	case chain == events.SuspensionTerminated:
		return Standing{StateTerminated, false, []string{"a worker has yet to publish the outcome", adviceWorkers}}
	case chain == events.SuspensionResumed && ledger != events.ActionStarted:
		return Standing{StateResumed, false, []string{"it waits for a worker to run it again", adviceWorkers}}
	case ledger != "":
		return Standing{StateStarted, false, []string{"a worker is at it; where that one was lost, another takes over after worker.ack_wait"}}
	default:
		return Standing{StateQueued, false, []string{adviceWorkers}}
	}
}
