// Package letters is what operators do with dead letters: look at them, have them handled again, correct them, and give
// them up. Nothing here decides what becomes of a message: it is published again, and a worker decides.
//
// # A letter is retried once
//
// A dead letter is a message on hf.<t>.deadletter.<reason>, at sequence D. What is done with it is a subject of its own,
// hf.<t>.deadletter.act.<D>, in the same stream, published expecting its last sequence:
//
//	(none)      open
//	retried     retrying: the message is published again, as the same event or (edited) as another in its place;
//	            said once more, with where it is, when it is
//	answered    resolved: a worker handled it; or failed again: it is the letter that the answer names
//	dropped     somebody gave it up
//
// The first retried or dropped is published expecting that there is none, so of two operators one wins, and the other
// reads who did. Nobody may delete a message: what was dropped is out of the list, and in the stream until its age.
//
// # The retried message
//
// It is published under the message id retry-<D>, with headers that name the letter, how often it had failed, and when
// its first try was stored (events.HeaderRetryOf and its like). The worker that handles it publishes answered before it
// acknowledges, and a dead letter of it repeats which one it was another try of, and counts. So a chain of letters
// hangs together, and only its last is open.
//
// An operator who is interrupted behind retried may leave a letter that is retrying without a message. The message id
// tells: where the stream has none since, the same command publishes it, under the same id.
//
// # What is never done twice
//
// A request keeps its id, so its ledger decides as for any copy of it; one that is older than the ledger, counted from its
// first try, is refused. An event that carries full state would put back what was changed since: that is looked for
// before.
package letters
