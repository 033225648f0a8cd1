package audit

// Check is a promise that is held against the streams.
type Check string

// The checks. Promises says what each is about; docs/audit.md says how it is looked at.
const (
	Lost                   Check = "lost"
	EndedTwice             Check = "ended_twice"
	AfterEnd               Check = "after_end"
	NotAsked               Check = "not_asked"
	LedgerOrder            Check = "ledger_order"
	StartedTwice           Check = "started_twice"
	EffectTwice            Check = "effect_twice"
	CompletedWithoutEffect Check = "completed_without_effect"
	SuspendedWithoutCause  Check = "suspended_without_cause"
	BrokenLink             Check = "broken_link"
	BadMove                Check = "bad_move"
	TerminatedEarly        Check = "terminated_early"
	TerminatedLate         Check = "terminated_late"
	Overdue                Check = "overdue"
	NoAlarm                Check = "no_alarm"
	AlarmLeft              Check = "alarm_left"
	MovedWithoutCause      Check = "moved_without_cause"
	ResumedNotRun          Check = "resumed_not_run"
	TerminatedLives        Check = "terminated_lives"
	RunLeftOpen            Check = "run_left_open"
	EffectAfterTermination Check = "effect_after_termination"
	WrongTenant            Check = "wrong_tenant"
	WrongSubject           Check = "wrong_subject"
	Unreadable             Check = "unreadable"
	Secret                 Check = "secret"
	LetterOfNothing        Check = "letter_of_nothing"
	LetterTwice            Check = "letter_twice"
)

// promise is what a check is about.
type promise struct {
	check Check
	text  string
}

var promises = [...]promise{
	{Lost, "every request ends, becomes a dead letter, waits, or is still before the workers"},
	{EndedTwice, "a request ends once"},
	{AfterEnd, "nothing follows the end on a ledger"},
	{NotAsked, "whatever is on a ledger came of a message of that request"},
	{LedgerOrder, "an at-most-once effect is announced before it, and taken back only after it was announced"},
	{StartedTwice, "an at-most-once effect is started again only after the target has proven that nothing happened"},
	{EffectTwice, "an at-most-once effect happens once at the target"},
	{CompletedWithoutEffect, "a completed request had its effect at the target"},
	{SuspendedWithoutCause, "only authentication, or a provider unusable for longer than patience lasts, suspends a run"},
	{BrokenLink, "each event of a chain names the one before it"},
	{BadMove, "a suspension has one end: resumed or terminated"},
	{TerminatedEarly, "no run is terminated for time before its time is over"},
	{TerminatedLate, "a run is terminated soon after its time is over"},
	{Overdue, "no run waits beyond its time"},
	{NoAlarm, "whatever waits is woken at the end of its time"},
	{AlarmLeft, "no alarm stays behind when its suspension has ended"},
	{MovedWithoutCause, "a run is resumed by newer credentials or by an operator, and ended or extended early by an operator alone"},
	{ResumedNotRun, "a resumed run goes on"},
	{TerminatedLives, "a terminated suspension ends its request as terminated"},
	{RunLeftOpen, "no other suspension of a terminated run stays open"},
	{EffectAfterTermination, "a terminated run has no later effect"},
	{WrongTenant, "no event is out of its tenant"},
	{WrongSubject, "an event is where it belongs"},
	{Unreadable, "what Holdfast publishes can be read"},
	{Secret, "no event holds what looks like a secret"},
	{LetterOfNothing, "a dead letter is about a message that was there"},
	{LetterTwice, "a message becomes a dead letter once"},
}

// place is where a check is in promises.
var place = func() map[Check]int {
	m := make(map[Check]int, len(promises))
	for i := range promises {
		m[promises[i].check] = i
	}
	return m
}()

// Checks lists every check, in the order in which reports give them.
func Checks() []Check {
	all := make([]Check, len(promises))
	for i := range promises {
		all[i] = promises[i].check
	}
	return all
}

// Promise is what is promised, in words; empty for a word that is no check.
func (c Check) Promise() string {
	if i, ok := place[c]; ok {
		return promises[i].text
	}
	return ""
}
