// Package audit reads what the streams hold and checks what Holdfast promises. It shares no rule with what it checks: which
// reasons suspend, what may follow what, and what has to come of what is written down here once more. It does share words and
// tools: package events (types, subjects and ids, and which types are ends or waits), the names of reasons, the reader of JSON
// that tells duplicate members, and the search for secrets. docs/audit.md says for people what each check is about.
//
// # As a judge
//
// Tests ask it whether what they did was survived:
//
//	report, err := audit.Run(ctx, ops.AuditSource(b), audit.Options{Effects: audit.Counted(target.Effects()), Settle: -1})
//	if err == nil {
//		err = report.Err() // *audit.Broken, which lists the first violations
//	}
//
// Settle is how long workers may take for what follows from something: none at all (-1) for a test that waits until
// report.Requests.Open() is 0, and asks again. A judge that has seen nothing proves nothing: then Err is a *audit.Nothing. report.Of(check).Looked is how
// many things were held to a check, and Unproven how many of them could not be told because what they rest on is gone.
// EffectsComplete says that the target which counts effects is the only one. The source is any Source: the tests of this
// package write histories with one violation each to a real bus.
//
// # One reading, flat memory
//
// First it asks how far workers are with their queues, then what each stream holds; only that is read. Whatever workers had
// answered by then has its end in there, so what is open and was answered is lost, and what is open and was not answered is
// not. Each stream is read once, in order, and decoded on all processors. Of each message a fact stays, some numbers: hashes of
// its ids, sequences, times. No name and no text stays; a violation's names are read again from its message in the end.
//
// Facts are sorted, by a key that they are joined on: first the request, which brings together its messages, its ledger,
// its chains and their alarms. What a request can not tell by itself goes on as another fact, with another key: a resume
// to its connection, whose changes say whether there were newer credentials; or to the moment at which an operator asked; an
// effect to its run, and to the target's log. Sorting is external: an eighth to a quarter of Options.Memory is facts in
// memory, and each time that is full it is sorted and goes to a temporary file; the files are merged as they are read. So
// memory does not grow with the number of messages, streams are not read twice, and nothing is looked up but
// what is wrong. A file holds about 40 bytes for a message, and nothing that means anything outside of its audit: hashes are
// seeded anew each time. Two ids that hash alike would be taken for one: with ten million requests that happens once in three
// hundred thousand audits.
//
// What is not a fact is small: a bit for each dead letter's message, 4 MiB that remember terminated runs, and the first
// violations of each check.
//
// # Time and order
//
// All times are the bus's: when a message was stored. Streams have leaders of their own, whose clocks may differ, so across
// streams times decide only with a margin of two seconds, and sequences are compared within a stream alone.
package audit
