// Package suspension is the protocol of a suspended run, as pure rules.
//
// # One chain for each request
//
// A request whose authentication fails has a chain: the messages of one subject,
// hf.<tenant>.suspension.<connection>.<run>.<request>. Each carries the full state and is published
// expecting the sequence of the one before it, so the bus stores one successor of a message at most. The
// publish that lands is the decision: there is no lock, and no second copy of the truth.
//
//	from         suspended   extended   resumed   terminated
//	(none)           ●
//	suspended                    ●          ●          ●
//	extended                     ●          ●          ●
//	resumed          ●
//	terminated
//
// suspended and extended wait; resumed hands the request to its runner, which may suspend it again;
// terminated is final. One wait has one end: resumed or terminated, whoever asks and however often.
//
// # The alarm
//
// A waiting message at sequence N has a timer, a key in the bucket hf_timers that ends with N and lives
// until the deadline. When the server removes it, a durable consumer gets a marker and publishes
// terminated, expecting N. The timer only rings; it never decides: a resume that landed first has moved
// the chain on, and the alarm's publish is refused. A timer rings twice where people want to be told ahead:
// first for suspension.ending_soon, then, set again for the rest, for the end.
//
// Deadlines are absolute and by the bus's clock: workers measure their own clock's offset from the
// server's, and an alarm that rings ahead of the deadline is set again.
//
// # The ledger
//
// Before the first suspended message the request's ledger gets action.suspended. So one look at the ledger
// tells whether there is a chain at all, and where, even if a request comes again with another connection
// or run in it. Whoever would end a waiting chain looks at the ledger first: one that has its end closes the
// chain as resumed, cause reconciled, and nothing runs.
//
// # Who goes on
//
// resumed is handed to a runner by a durable consumer; nothing is published again as a request. Until the
// runner has acked, redeliveries of that message find the chain either as they left it (run it again),
// suspended again (make sure of the timer, ack), or the ledger ended (ack).
package suspension
