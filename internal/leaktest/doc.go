// Package leaktest proves that no secret leaves a worker. Its test gives every kind of secret that Holdfast
// handles a value of its own, lets a target and a provider repeat whatever they are sent, and then searches
// all that left the process: streams, buckets and the server's files below them, logs at debug level,
// metrics, traces, health, command lines and environments, and what the CLI prints. Another test plants a
// value in each of these places, so that a search which finds nothing means something.
package leaktest
