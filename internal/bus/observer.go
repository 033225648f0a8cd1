package bus

import "holdfast/internal/fault"

// Observer counts what happens on the bus; nil stands for one that counts nothing. Methods are called
// from many goroutines and must not block.
type Observer interface {
	// Redelivered counts a delivery that is not the message's first.
	Redelivered(durable string)
	// Panicked counts a handler that panicked; its message comes again.
	Panicked(durable string)
	// DeadLettered counts a dead letter that is stored.
	DeadLettered(durable string, reason fault.Reason)
	// HandedBack counts messages given back unanswered while draining.
	HandedBack(durable string, n int)
	// Held is how many messages are pulled and not answered.
	Held(durable string, n int)
	// Denied counts operations that the server's permissions refused.
	Denied()
	// Reconnected counts reconnects.
	Reconnected()
}

type nobody struct{}

func (nobody) Redelivered(string)                {}
func (nobody) Panicked(string)                   {}
func (nobody) DeadLettered(string, fault.Reason) {}
func (nobody) HandedBack(string, int)            {}
func (nobody) Held(string, int)                  {}
func (nobody) Denied()                           {}
func (nobody) Reconnected()                      {}
