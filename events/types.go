package events

import (
	"slices"
	"strings"
)

// Type is a CloudEvents type: holdfast.<noun>.<what>.v<schema version>.
type Type string

// What upstream systems say happened to connections.
const (
	ConnectionCreated       Type = "holdfast.connection.created.v1"
	ConnectionUpdated       Type = "holdfast.connection.updated.v1"
	ConnectionDeleted       Type = "holdfast.connection.deleted.v1"
	ConnectionUndeleted     Type = "holdfast.connection.undeleted.v1"
	ConnectionSecretRotated Type = "holdfast.connection.secret_rotated.v1"
	ConnectionTestRequested Type = "holdfast.connection.test_requested.v1"
)

// What upstream systems say of users, places and processes. Updates carry full state.
const (
	DirectoryUserUpdated       Type = "holdfast.directory.user_updated.v1"
	DirectoryUserRemoved       Type = "holdfast.directory.user_removed.v1"
	DirectoryGroupUpdated      Type = "holdfast.directory.group_updated.v1"
	DirectoryGroupRemoved      Type = "holdfast.directory.group_removed.v1"
	DirectoryRoleUpdated       Type = "holdfast.directory.role_updated.v1"
	PlaceSiteCollectionUpdated Type = "holdfast.place.site_collection_updated.v1"
	PlaceSiteCollectionRemoved Type = "holdfast.place.site_collection_removed.v1"
	PlaceSiteUpdated           Type = "holdfast.place.site_updated.v1"
	PlaceSiteRemoved           Type = "holdfast.place.site_removed.v1"
	ProcessPublished           Type = "holdfast.process.published.v1"
	ProcessRetired             Type = "holdfast.process.retired.v1"
)

// What upstream systems say of permission sets and who has them.
const (
	PermissionSetCreated    Type = "holdfast.permission.set_created.v1"
	PermissionSetUpdated    Type = "holdfast.permission.set_updated.v1"
	PermissionSetDeleted    Type = "holdfast.permission.set_deleted.v1"
	PermissionAssigned      Type = "holdfast.permission.assigned.v1"
	PermissionUnassigned    Type = "holdfast.permission.unassigned.v1"
	PermissionPublicChanged Type = "holdfast.permission.public_access_changed.v1"
)

// PermissionQuery asks what somebody may do, and PermissionAnswer says it: a request and its reply on the bus, which
// no stream keeps.
const (
	PermissionQuery  Type = "holdfast.permission.query.v1"
	PermissionAnswer Type = "holdfast.permission.answer.v1"
)

// What upstream systems and operators ask for.
const (
	ActionRequested              Type = "holdfast.action.requested.v1"
	SuspensionResumeRequested    Type = "holdfast.suspension.resume_requested.v1"
	SuspensionExtendRequested    Type = "holdfast.suspension.extend_requested.v1"
	SuspensionTerminateRequested Type = "holdfast.suspension.terminate_requested.v1"
)

// The ledger of a request. Completed, failed, denied, skipped, unknown and terminated are ends, and a ledger holds
// one of them at most; started, released and suspended only mark the way.
const (
	ActionStarted    Type = "holdfast.action.started.v1"
	ActionReleased   Type = "holdfast.action.released.v1"
	ActionSuspended  Type = "holdfast.action.suspended.v1"
	ActionCompleted  Type = "holdfast.action.completed.v1"
	ActionFailed     Type = "holdfast.action.failed.v1"
	ActionDenied     Type = "holdfast.action.denied.v1"
	ActionUnknown    Type = "holdfast.action.unknown.v1"
	ActionTerminated Type = "holdfast.action.terminated.v1"
	ActionSkipped    Type = "holdfast.action.skipped.v1"
)

// The chain of a suspension.
const (
	SuspensionSuspended  Type = "holdfast.suspension.suspended.v1"
	SuspensionExtended   Type = "holdfast.suspension.extended.v1"
	SuspensionResumed    Type = "holdfast.suspension.resumed.v1"
	SuspensionTerminated Type = "holdfast.suspension.terminated.v1"
)

// Notices: they tell people, and decide nothing.
const (
	SuspensionEndingSoon Type = "holdfast.suspension.ending_soon.v1"
	ConnectionBroken     Type = "holdfast.connection.broken.v1"
	ConnectionRestored   Type = "holdfast.connection.restored.v1"
	ConnectionRejected   Type = "holdfast.connection.rejected.v1"
	ConnectionApplied    Type = "holdfast.connection.applied.v1"
	ConnectionTested     Type = "holdfast.connection.tested.v1"
	ConnectionExpiring   Type = "holdfast.connection.expiring.v1"

	DirectoryChangeRejected Type = "holdfast.directory.change_rejected.v1"
	ProcessPublishRejected  Type = "holdfast.process.publish_rejected.v1"

	PermissionChangeRejected Type = "holdfast.permission.change_rejected.v1"
	PermissionConflictFound  Type = "holdfast.permission.conflict_found.v1"
)

// DeadLetter wraps a message that could not be handled. An operator retries or drops it, once; a worker answers what
// was retried.
const (
	DeadLetter         Type = "holdfast.deadletter.v1"
	DeadLetterRetried  Type = "holdfast.deadletter.retried.v1"
	DeadLetterDropped  Type = "holdfast.deadletter.dropped.v1"
	DeadLetterAnswered Type = "holdfast.deadletter.answered.v1"
)

// Inbound lists the types that a worker handles.
func Inbound() []Type {
	return []Type{
		ConnectionCreated, ConnectionUpdated, ConnectionDeleted, ConnectionUndeleted,
		ConnectionSecretRotated, ConnectionTestRequested,
		DirectoryUserUpdated, DirectoryUserRemoved, DirectoryGroupUpdated, DirectoryGroupRemoved, DirectoryRoleUpdated,
		PlaceSiteCollectionUpdated, PlaceSiteCollectionRemoved, PlaceSiteUpdated, PlaceSiteRemoved,
		ProcessPublished, ProcessRetired,
		PermissionSetCreated, PermissionSetUpdated, PermissionSetDeleted,
		PermissionAssigned, PermissionUnassigned, PermissionPublicChanged,
		ActionRequested,
		SuspensionResumeRequested, SuspensionExtendRequested, SuspensionTerminateRequested,
	}
}

// Outbound lists the types that nobody but Holdfast publishes: a worker, and operators what they did with dead letters.
func Outbound() []Type {
	return []Type{
		ActionStarted, ActionReleased, ActionSuspended,
		ActionCompleted, ActionFailed, ActionDenied, ActionSkipped, ActionUnknown, ActionTerminated,
		SuspensionSuspended, SuspensionExtended, SuspensionResumed, SuspensionTerminated,
		SuspensionEndingSoon, ConnectionBroken, ConnectionRestored, ConnectionRejected,
		ConnectionApplied, ConnectionTested, ConnectionExpiring, DirectoryChangeRejected, ProcessPublishRejected,
		PermissionChangeRejected, PermissionConflictFound,
		DeadLetter, DeadLetterRetried, DeadLetterDropped, DeadLetterAnswered,
	}
}

// Asked lists the types that a worker answers at once, by request and reply.
func Asked() []Type { return []Type{PermissionQuery} }

// Answers lists what it answers with.
func Answers() []Type { return []Type{PermissionAnswer} }

// All lists every type.
func All() []Type { return slices.Concat(Inbound(), Outbound(), Asked(), Answers()) }

// Ends tells whether a ledger event is the request's end.
func (t Type) Ends() bool {
	switch t {
	case ActionCompleted, ActionFailed, ActionDenied, ActionSkipped, ActionUnknown, ActionTerminated:
		return true
	default:
		return false
	}
}

// Waits tells whether a chain event leaves its run suspended.
func (t Type) Waits() bool { return t == SuspensionSuspended || t == SuspensionExtended }

// Noun and What are the two middle words: connection, created.
func (t Type) Noun() string { return t.word(1) }

// What is the word after the noun; for a dead letter it is empty.
func (t Type) What() string { return t.word(2) }

func (t Type) word(i int) string {
	words := strings.Split(string(t), ".")
	if len(words) < 4 || i >= len(words)-1 {
		return ""
	}
	return words[i]
}
