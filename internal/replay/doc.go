// Package replay drives what streams hold once more, or says what would come of it.
//
// # What is driven again
//
// A request is published to its subject again, as it was, under a message id of its own. Whether anything happens is
// decided where it always is: on the request's ledger, by the worker. A request that has its end is not even
// published, one whose end lands meanwhile is answered as a duplicate: a replay repeats no effect, however old.
//
// A request that the workers have not answered is left to them: it waits, is in a worker's hands, or comes again, and
// driven again, two workers would do it at once (queue.go). Answered is what their consumer's floor has passed. The floor
// is read before the ledgers, so what it had passed has its end on its ledger, unless it was given up: only that is
// driven. What it passes later is looked up anew when its turn comes. The stream is also read from the floor on, for
// other messages of the same requests: copies that a replay has published before, under whatever message id, those of an
// interrupted one after its last note included, and what upstream systems published again. While requests are driven
// both are looked at every second. What is published by somebody else within that second is met by the workers: of two
// copies that operators published, one waits for the other (handlers/only_copy.go). What an upstream system sends again
// just then waits for none: an at-least-once request may reach its target twice, under one idempotency key.
//
// A change of a connection, a user, a place or a process carries full state, and published again it would be the
// newest: an old one would overwrite what came after it. So a change is published again only where nothing later of
// the same is on the stream and the live state has not come as far: it was missed, rejected, or became a dead letter.
// Of a connection that is its last full state and what followed it. The publish demands that the stream holds nothing
// beyond what was looked at: where somebody else publishes first, it is looked at again. That brings no lost bucket
// back, and no command does: the rebuild (state.go) makes buckets of its own, to compare and to read from.
//
// What operators asked of suspensions, and tests of connections, are not driven again: they were meant for a moment.
//
// Which events say all of what they are about, and which need earlier ones, is in relations.go. What a replay published
// counts where its original is.
//
// Dead letters are not driven here, only copied: holdfast/internal/ops/letters retries them.
//
// # Dry and wet are one
//
// Both go through the same messages, and ask handlers.Foreseer of each, which runs a worker's own handlers. Requests
// are joined with their ledgers by reading both streams in order (join.go).
//
// # Interrupted
//
// A replay notes the range that it was asked for and how far it is in the bucket hf_replays, under a key made of what
// was asked, and holds a lease of the stream and tenant there (hold.go). What was published after the last note is
// found before the workers, or on its ledger; of changes, it is published again under the same message id: within the
// stream's duplicate window that stores nothing, and after it the live state makes nothing of it.
//
// A dry run finds the note, and foresees what is left. Where the range was named by how long ago, and that is more than an
// hour, whether the old range or a new one is meant has to be said (begun.go).
//
// # By force
//
// An end is never followed by another on the same ledger. What an operator forces is therefore a new request with an
// id derived from the replay's and the old one's: it has a ledger of its own, so it happens once, however often the
// replay is interrupted; it names the old request, who and why, and so does its outcome (force.go). The note has the
// number that was confirmed and the last sequence of the outcomes then: what ended later is not forced, and no more than
// that number. The number is asked for again when it goes on.
package replay
