package letters_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"holdfast/events"
	"holdfast/internal/ops"
	"holdfast/internal/ops/letters"
)

const hidden = "canary-hunter2-1234"

// A customer's own data may hold what looks like a secret, and are kept: no view of them shows it.
func TestO1_WhatIsKeptIsShownWithoutWhatCouldBeASecret(t *testing.T) {
	w := newWorld(t)
	body := `{"name":"one","password":"` + hidden + `","note":"Bearer ` + hidden + `","nested":{"client_secret":["` + hidden + `"]}}`
	n := w.letter(events.ActionRequested, w.request("req-1", body))
	cut := w.letter(events.ActionRequested, []byte(`{"data":{"password":"`+hidden+`","x":`), func(l *events.DeadLetterData) { l.Truncated = true })
	named := w.letter(events.ActionRequested, []byte(`{}`), func(l *events.DeadLetterData) {
		l.Headers = map[string]string{"ce-id": "1", "ce-token": hidden}
	})
	for _, letter := range []uint64{n, cut, named} {
		v, err := w.desk.Show(t.Context(), letter)
		if err != nil {
			t.Fatal(err)
		}
		shown, err := json.Marshal(v.Shown())
		if err != nil {
			t.Fatal(err)
		}
		if !v.Shown().Masked {
			t.Errorf("%d: it does not say that something is masked", letter)
		}
		w.hides(shown)
		w.hides(v.Shown().Original)
		w.hides([]byte(strings.Join(letters.Render(v).Lines, "\n")))
	}
	v, err := w.desk.Show(t.Context(), n)
	if err != nil || v.Shown().Masked == false || !json.Valid(v.Shown().Original) || !bytes.Contains(v.AsEvent(), []byte(hidden)) {
		t.Errorf("%s, %v", v.Shown().Original, err)
	}
	clean, err := w.desk.Show(t.Context(), w.letter(events.ActionRequested, w.request("req-2", `{"a": 1}`)))
	if err != nil || clean.Shown().Masked || !bytes.Equal(clean.Shown().Original, clean.Original) {
		t.Errorf("nothing to mask, and masked: %s, %v", clean.Shown().Original, err)
	}
}

func (w *world) hides(text []byte) {
	w.Helper()
	for shift := range 3 {
		core := base64.StdEncoding.EncodeToString(append(make([]byte, shift), hidden...))
		if bytes.Contains(text, []byte(hidden)) || bytes.Contains(text, []byte(core[4:len(core)-4])) {
			w.Errorf("a secret is shown: %s", text)
		}
	}
}

// An editor never sees what is masked; what a person writes in its place is not repeated, and half a mark is refused.
func TestO1_AnEditionHidesWhatCouldBeASecret(t *testing.T) {
	w := newWorld(t)
	n := w.letter(events.ActionRequested, w.request("req-1", `{"password":"`+hidden+`","token":"other-`+hidden+`"}`))
	e, err := w.desk.Edit(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	w.hides(e.Text)
	replaced := bytes.Replace(e.Text, []byte("[masked 1]"), []byte("new-"+hidden), 1)
	p, err := w.desk.Propose(t.Context(), e, replaced)
	if err != nil {
		t.Fatal(err)
	}
	w.hides([]byte(p.Diff))
	if !strings.Contains(p.Diff, "[masked, new]") || !strings.Contains(p.Diff, `"token": "[masked 2]"`) {
		t.Errorf("the difference does not tell:\n%s", p.Diff)
	}
	if r, err := w.desk.Publish(t.Context(), e, p, ann); err != nil || !r.Done {
		t.Fatalf("%+v, %v", r, err)
	}
	raw := w.stored(events.ActionRequested)[0].Raw
	if !bytes.Contains(raw, []byte(`"password":"new-`+hidden)) || !bytes.Contains(raw, []byte(`"token":"other-`+hidden)) {
		t.Errorf("%s", raw)
	}

	m, err := w.desk.Edit(t.Context(), w.letter(events.ActionRequested, w.request("req-2", `{"password":"`+hidden+`"}`)))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{
		"half a mark":     bytes.Replace(m.Text, []byte("[masked 1]"), []byte("x[masked 1]"), 1),
		"no JSON":         append(bytes.Clone(m.Text), '}'),
		"no object":       []byte(`[1]`),
		"nothing":         nil,
		"a secret in it":  bytes.Replace(m.Text, []byte(`"step_id": "s"`), []byte(`"step_id": "s", "password": "`+hidden+`"`), 1),
		"another tenant":  bytes.Replace(m.Text, []byte(`"step_id": "s"`), []byte(`"step_id": "s", "tenant": "globex"`), 1),
		"a member twice":  bytes.Replace(m.Text, []byte(`"step_id": "s"`), []byte(`"step_id": "s", "step_id": "s"`), 1),
		"of a wrong kind": bytes.Replace(m.Text, []byte(`"step_id": "s"`), []byte(`"step_id": 7`), 1),
	} {
		_, err := w.desk.Propose(t.Context(), m, text)
		if problem, ok := errors.AsType[*ops.Problem](err); !ok || problem.Kind != ops.Unclear || problem.Text == "" {
			t.Errorf("%s: %v", name, err)
		} else {
			w.hides([]byte(problem.Text + problem.Hint))
		}
	}
	_, err = w.desk.Propose(t.Context(), m, m.Text)
	if problem, ok := errors.AsType[*ops.Problem](err); !ok || problem.Kind != ops.Refused {
		t.Errorf("nothing was changed: %v", err)
	}
}
