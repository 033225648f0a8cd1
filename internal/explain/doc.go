// Package explain tells the story of one run, request or connection from what the streams hold, as a time line, and
// how it stands now: what it waits for, and what would set it free.
//
// # What is read
//
// A request is looked up, not searched for: its ledger is one subject, the ledger names the chain, which is another,
// and the messages that were handled by their sequence. A run's chains are found by subject, too; its other requests
// are not, for no subject names a run: the requests of the tenant are read, from the run's start on where a chain
// tells it, and only those that hold the run's id are decoded. The same is done for a request of which nothing has
// come yet. What is older than the ledger is in HF_HISTORY, which is read where somebody asks for that time.
//
// # What is said of what leaves no trace
//
// A worker that tries again because Vault is sealed publishes nothing. What the bus knows is how far the consumer is:
// whether the message was delivered, and how many of those that are open were delivered more than once. That is
// said, and no more; why, only a worker can tell, which keeps in its memory how it put requests off the last time
// (package putoff): it is asked where its address is given.
package explain
