// Package usage remembers which steps use which connection, for people who want to know before they change
// or delete one. It is an index to look at: it may lag, and lose a note, but never holds up or fails an action.
//
//	Used (any goroutine) → lately noted? drop → queue, drop where it is full → one writer → Store
//
// A step that runs a thousand times a minute is written once in Every, and at once when something else came of
// it than was noted last, again once in Every for each word.
package usage
