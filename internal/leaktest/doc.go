// Package leaktest proves that no secret leaves a worker. Its test gives every kind of secret that Holdfast
// handles a value of its own, lets a target and a provider repeat whatever they are sent, and then searches
// all that left the process: streams, buckets and the server's files below them, logs at debug level,
// metrics, traces, health, a crash's dump, command lines and environments, what the CLI prints, and the pages
// of a sign-in. Which streams and buckets there are is asked of the server. Another test plants a value in
// each of these places, so that a search which finds nothing means something.
package leaktest
