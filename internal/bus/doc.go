// Package bus is Holdfast on NATS JetStream: it sets streams and buckets up, consumes, publishes, and keeps
// ledgers, chains, alarms, the registry and leases. Nothing else in the product imports nats.go.
//
// Three rules hold everywhere:
//
//   - A publish that decides names the sequence that it expects to be its subject's last. The one that lands
//     is the decision; one whose answer was lost is recognised by its message id. Reads only look.
//   - A message is acknowledged after everything that follows from it is stored, never before. What was pulled
//     is held, with in-progress acknowledgements, until it is answered or handed back.
//   - Time is the server's.
package bus
