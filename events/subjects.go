package events

import (
	"strings"

	"holdfast/internal/fault"
)

// Streams and buckets by the names they have on the server.
const (
	StreamConnections = "HF_CONNECTIONS"
	StreamActions     = "HF_ACTIONS"
	StreamPermissions = "HF_PERMISSIONS"
	StreamOutcomes    = "HF_OUTCOMES"
	StreamSuspensions = "HF_SUSPENSIONS"
	StreamNotices     = "HF_NOTICES"
	StreamDeadLetters = "HF_DEADLETTERS"
	StreamHistory     = "HF_HISTORY"
	StreamAdvisories  = "HF_ADVISORIES"

	BucketConnections = "hf_connections"
	BucketTimers      = "hf_timers"
	BucketSuspects    = "hf_suspects"
	BucketLeases      = "hf_leases"
	BucketRuns        = "hf_runs"
	BucketNames       = "hf_names"
	BucketPermissions = "hf_permissions"
	BucketSignIns     = "hf_signins"
	BucketUsage       = "hf_usage"
	BucketReplays     = "hf_replays"

	// What a rebuild of the registry, of the directory and processes, and of names is compared in; they are removed
	// afterwards.
	BucketRebuiltConnections = "hf_rebuilt_connections"
	BucketRebuiltPermissions = "hf_rebuilt_permissions"

	// A bucket is a stream of this name, too.
	StreamRegistry = "KV_" + BucketConnections
	StreamTimers   = "KV_" + BucketTimers
)

// HeaderType repeats the type of an event on ledgers and chains as a message header, so that a reader can pass
// over what does not concern it without decoding.
const HeaderType = "Holdfast-Type"

// HeaderOriginal names, on what an operator published again, the message that it is a copy of: HF_ACTIONS/17.
const HeaderOriginal = "Holdfast-Original"

const root = "hf"

// SubjectOf is the subject on which upstream systems and operators publish an inbound type.
func SubjectOf(tenant string, t Type) string {
	return strings.Join([]string{root, tenant, t.Noun(), t.What()}, ".")
}

// StreamOf is the stream that keeps an inbound type.
func StreamOf(t Type) string {
	switch t.Noun() {
	case "connection":
		return StreamConnections
	case "directory", "place", "process", "permission":
		return StreamPermissions
	default:
		return StreamActions
	}
}

// OfTenant matches every subject of a tenant.
func OfTenant(tenant string) string { return root + "." + tenant + ".>" }

// LedgerSubject is the ledger of one request.
func LedgerSubject(tenant, request string) string {
	return strings.Join([]string{root, tenant, "outcome", request}, ".")
}

// Chain names the suspensions of one request: where its chain is, and its timers' keys.
type Chain struct {
	Tenant     string `json:"-"`
	Connection string `json:"connection_id"`
	Run        string `json:"run_id"`
	Request    string `json:"request_id"`
}

// Subject is the chain's subject.
func (c Chain) Subject() string {
	return strings.Join([]string{root, c.Tenant, "suspension", c.Connection, c.Run, c.Request}, ".")
}

// ParseChain reads a chain from its subject.
func ParseChain(subject string) (Chain, bool) {
	t := strings.Split(subject, ".")
	if len(t) != 6 || t[0] != root || t[2] != "suspension" {
		return Chain{}, false
	}
	return Chain{Tenant: t[1], Connection: t[3], Run: t[4], Request: t[5]}, true
}

// allChains matches every chain of every tenant.
const allChains = root + ".*.suspension.*.*.*"

// ChainsFilter selects chains; an empty argument stands for any.
func ChainsFilter(tenant, connection, run string) string {
	return Chain{Tenant: tenant, Connection: connection, Run: run}.Filter()
}

// Filter selects chains; an empty field stands for any.
func (c Chain) Filter() string {
	return Chain{Tenant: orAny(c.Tenant), Connection: orAny(c.Connection), Run: orAny(c.Run), Request: orAny(c.Request)}.Subject()
}

func orAny(token string) string {
	if token == "" {
		return "*"
	}
	return token
}

// NoticeSubject is where a notice of type t goes.
func NoticeSubject(tenant string, t Type) string {
	return strings.Join([]string{root, tenant, "notice", t.What()}, ".")
}

// DeadLetterSubject is where a message goes that can not be handled.
func DeadLetterSubject(tenant string, reason fault.Reason) string {
	return strings.Join([]string{root, tenant, "deadletter", string(reason)}, ".")
}

// DeadLettersFilter matches a tenant's dead letters, and what was done with them.
func DeadLettersFilter(tenant string) string {
	return strings.Join([]string{root, tenant, "deadletter", ">"}, ".")
}

// TenantOf is the second token of a subject, "" when there is none or it is no safe id.
func TenantOf(subject string) string {
	t := strings.SplitN(subject, ".", 3)
	if len(t) < 3 || t[0] != root || !ValidID(t[1]) {
		return ""
	}
	return t[1]
}

// StreamSubjects are the subjects each stream keeps.
func StreamSubjects() map[string][]string {
	return map[string][]string{
		StreamConnections: {root + ".*.connection.*"},
		StreamPermissions: permissionSubjects(),
		StreamActions:     {root + ".*.action.requested", root + ".*.suspension.*"},
		StreamOutcomes:    {root + ".*.outcome.*"},
		StreamSuspensions: {allChains},
		StreamNotices:     {root + ".*.notice.*"},
		StreamDeadLetters: {root + ".*.deadletter.*", DeadLetterActsFilter("")},
	}
}

// permissionSubjects names each permission event: a wildcard would catch permission.query, too, and a stream would
// answer it before any worker.
func permissionSubjects() []string {
	all := []string{root + ".*.directory.*", root + ".*.place.*", root + ".*.process.*"}
	for _, t := range Inbound() {
		if t.Noun() == "permission" {
			all = append(all, SubjectOf("*", t))
		}
	}
	return all
}

// ParseRegistrySubject reads tenant and connection from the subject of a registry entry.
func ParseRegistrySubject(subject string) (tenant, id string, ok bool) {
	key, ok := strings.CutPrefix(subject, "$KV."+BucketConnections+".")
	if !ok {
		return "", "", false
	}
	return strings.Cut(key, ".")
}

// NoticesFilter matches all notices of a tenant.
func NoticesFilter(tenant string) string {
	return strings.Join([]string{root, tenant, "notice", "*"}, ".")
}

// CommandsFilter matches what operators asked of a tenant's suspensions.
func CommandsFilter(tenant string) string {
	return strings.Join([]string{root, tenant, "suspension", "*"}, ".")
}

// ConnectionsFilter matches all that upstream systems said of a tenant's connections.
func ConnectionsFilter(tenant string) string {
	return strings.Join([]string{root, tenant, "connection", "*"}, ".")
}

// HistoryFilter matches a tenant's outcomes and suspensions in the history, where their ids are no part of the subject.
func HistoryFilter(tenant string) string {
	return strings.Join([]string{root, tenant, "history", "*"}, ".")
}
