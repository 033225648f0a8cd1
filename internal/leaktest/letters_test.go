package leaktest

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/testkit"
)

// deadLetters is what operators do with dead letters: with those that held a secret, and with one that holds what looks
// like one in a customer's own data. That is kept, on the bus and nowhere else: no command and no editor shows it.
func (w *world) deadLetters(e evidence) {
	w.Helper()
	kept, shown := newCanaries(), evidence{}
	body := fmt.Sprintf(`{"name":"Ada","password":%q,"note":%q,"keys":{"api_key":[%q]}}`,
		kept.add("password in a body", "canary-kept-password/1"), "Bearer "+kept.add("token in a note", "canarykepttoken0123456789"),
		kept.add("key in a list", "canary-kept-key/2"))
	w.ask("kept-1", "basic", "/items", func(r *events.Request) {
		r.StepKind = "nonsense"
		r.Action.Input = json.RawMessage(`{"method":"POST","path":"/echo","body":` + body + `}`)
	})
	letter := fmt.Sprint(w.letterOf("schema_violation", "/data/step_kind"))
	dir := w.TempDir()
	editor, seen := filepath.Join(dir, "editor.sh"), filepath.Join(dir, "seen.json")
	w.write(editor, `cat "$1" > `+seen+`; sed -i s/nonsense/action/ "$1"`)
	env := append(slices.Clone(w.env), "EDITOR=/bin/sh "+editor, "PATH=/usr/bin:/bin")
	run := func(want int, args ...string) {
		w.Helper()
		args = append([]string{"deadletters"}, args...)
		if code := shown.command(w, env, "", w.binary, args...); code != want {
			w.Errorf("%v: exit code %d, want %d", args, code, want)
		}
	}
	run(0, "list")
	run(0, "list", "--each")
	run(0, "list", "--json")
	run(0, "list", "--groups", "--json")
	run(0, "show", letter)
	run(0, "show", letter, "--json")
	run(0, "show", "1", "--json")
	run(0, "retry", "--all", "--each")
	run(0, "retry", "--all", "--json")
	run(5, "retry", "--all", "--yes")
	run(0, "edit", letter, "--dry-run")
	run(0, "edit", letter, "--yes", "--why", "the step kind was wrong")
	shown.file(w, "editor", seen)
	run(0, "show", letter)
	run(0, "show", letter, "--json")
	run(0, "stats")
	run(0, "stats", "--json")
	run(0, "drop", "--reason", "secret_in_event", "--tenant", tenant, "--why", "the secrets are rotated", "--yes", "--json")
	run(0, "list", "--state", "dropped")
	for _, f := range search(kept, shown) {
		w.Errorf("%s is in %s (%s)", f.secret, f.place, f.form)
	}
	for place, data := range shown {
		e.add(place, data)
	}
}

// letterOf waits for a dead letter of a reason and a field, and gives its sequence.
func (w *world) letterOf(reason, field string) (sequence uint64) {
	w.Helper()
	testkit.Eventually(w, patient, "a dead letter "+reason, func() bool {
		for r, err := range w.bus.Records(w.Context(), bus.Search{Stream: events.StreamDeadLetters, Filter: "hf." + tenant + ".deadletter." + reason}) {
			if err != nil {
				return false
			}
			if l, err := events.Payload[events.DeadLetterData](r.Event); err == nil && l.Field == field {
				sequence = r.Sequence
			}
		}
		return sequence > 0
	})
	return sequence
}
