// Package chaos is the proof of "once". Check reads what the bus keeps of every request and says where a
// promise was broken; it shares no code with what it checks but the names of events and subjects. The
// package's tests kill workers and servers while suspensions race their ends, and then ask Check.
//
// What it holds the bus to:
//
//   - Every request that was published has one end: one end on its ledger, or a dead letter.
//   - Nothing follows an end on a ledger, and an at-most-once effect is started again only after it was
//     taken back.
//   - On a chain each event names the one before it and is a move that may follow it; nobody is terminated
//     for time before the time was over; nothing follows terminated.
//   - What a chain's end says becomes true: a terminated request ended as terminated (or had ended before),
//     a resumed one has ended.
//   - A waiting chain has its alarm and ends in time; an ended chain's alarm goes away.
package chaos
