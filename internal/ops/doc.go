// Package ops is what operators do, whatever they do it with: look at connections, suspensions and dead
// letters, ask for a resume, an extension or a termination, and publish events that were checked first.
// Nothing here decides anything: commands are events like those of upstream systems, and workers decide.
package ops
