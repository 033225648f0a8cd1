package explain

import (
	"time"

	"holdfast/events"
)

// Line is what a person sees of one or more entries.
type Line struct {
	Entry

	// Folded is how many more times the block came, and Until when the last of it was stored; 0: it came once.
	Folded int
	Until  time.Time
	// Block is how many lines are repeated together: those before this one, and it.
	Block int
}

// longestBlock is the longest sequence of lines that is recognised when it comes again: suspended, broken, resumed,
// tested.
const longestBlock = 4

// Fold makes one line of entries that say the same of different requests, or again and again: what comes n times
// is there once. What the ledger and the chain both say is there once, too.
func Fold(entries []Entry) []Line {
	entries = withoutMarks(entries)
	var lines []Line
	for i := 0; i < len(entries); {
		block, times := repeats(entries[i:])
		for k := range block {
			lines = append(lines, Line{Entry: entries[i+k]})
		}
		if times > 1 {
			last := &lines[len(lines)-1]
			last.Folded, last.Block, last.Until = times-1, block, entries[i+block*times-1].At
		}
		i += block * times
	}
	return lines
}

// withoutMarks leaves out the ledger's note that a request is about to be suspended where its chain says that it was.
func withoutMarks(entries []Entry) []Entry {
	suspended := make(map[string]bool)
	for _, e := range entries {
		if e.kind == events.SuspensionSuspended {
			suspended[e.Request] = true
		}
	}
	var kept []Entry
	for _, e := range entries {
		if !e.Mark() || !suspended[e.Request] {
			kept = append(kept, e)
		}
	}
	return kept
}

// Mark tells whether an entry is the ledger's note that a request is about to be suspended: its chain says more.
func (e Entry) Mark() bool { return e.kind == events.ActionSuspended }

// repeats is the block that the entries begin with, and how often it comes: (1, 1) where nothing is repeated. A
// single line is folded from the third on, for two are as short as a line and its "1 more".
func repeats(entries []Entry) (block, times int) {
	for block = 1; block <= longestBlock; block++ {
		times = 1
		for same(entries, block, times) {
			times++
		}
		if times > 2 || times == 2 && block > 1 {
			return block, times
		}
	}
	return 1, 1
}

// same tells whether the block at the beginning comes again after times blocks.
func same(entries []Entry, block, times int) bool {
	from := block * times
	if from+block > len(entries) {
		return false
	}
	for k := range block {
		if !alike(entries[k], entries[from+k]) {
			return false
		}
	}
	return true
}

// alike tells whether two entries say the same, but for which request it was, and when.
func alike(a, b Entry) bool {
	return a.Event == b.Event && a.Event != EventNow && a.Connection == b.Connection && a.Reason == b.Reason && a.Cause == b.Cause &&
		a.Actor == b.Actor && a.Step == b.Step && a.SecretVersion == b.SecretVersion && a.Generation == b.Generation
}
