// Package dispatch turns a raw delivery into a typed event: bounds, UTF-8, strict JSON, CloudEvents
// envelope (structured or binary), schema, decode; and then calls the one handler of the type. It knows no
// NATS. What does not pass is refused with reason and JSON pointer, and becomes a dead letter.
package dispatch
