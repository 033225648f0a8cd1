// Package rights is what operators do with permission sets: look at them, ask why somebody may do something or not, assign
// them, carry an app's sets to another environment, and move from site sets to app sets. Nothing here decides: whatever
// changes is an event, and workers judge it. They are asked by the same rules before anything is published, so that a
// mistake is told while nothing has happened yet.
//
// # Many changes are one
//
// A file, or a proposal, is many events. All of them are tried in their order before the first is published, and where
// one would be refused none is. Whoever is interrupted in between does the same again: what is there already is left
// alone, and what was published and not handled yet has the same event id, by which the bus knows it. The id follows from
// what the event says and from what was known of its fact, so a change that is undone can be made again.
package rights
