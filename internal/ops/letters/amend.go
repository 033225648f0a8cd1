package letters

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/uuid"

	"holdfast/events"
	"holdfast/internal/ops"
)

// amend gives an edited text what a new event has of its own: an id, and the names of the message and the letter that it
// stands for. anew tells that it is another request than the old one, which is as old as itself.
func (d *Desk) amend(e *Edition, text []byte) (changed []byte, anew bool, err error) {
	if same(e.Text, text) {
		return nil, false, &ops.Problem{Kind: ops.Refused, Text: "nothing was changed",
			Hint: "to have it handled as it is: holdfast deadletters retry " + number(e.Sequence)}
	}
	set := map[string]string{
		"id": uuid.NewString(), "retryof": e.Origin.Stream + "/" + number(e.Origin.Sequence),
		"deadletter": events.StreamDeadLetters + "/" + number(e.Sequence),
	}
	if anew = otherRequest(e.Text, text); anew {
		set["time"] = d.Clock.Now().UTC().Format(time.RFC3339Nano)
	}
	changed, err = withMembers(text, set)
	if err != nil {
		return nil, false, &ops.Problem{Kind: ops.Unclear, Text: "it is not one JSON object", Hint: "correct it, or leave it as it was to give up"}
	}
	return changed, anew, nil
}

// same tells whether two texts say the same, but for white space.
func same(a, b []byte) bool {
	var x, y bytes.Buffer
	if json.Compact(&x, a) != nil || json.Compact(&y, b) != nil {
		return bytes.Equal(bytes.TrimSpace(a), bytes.TrimSpace(b))
	}
	return bytes.Equal(x.Bytes(), y.Bytes())
}

// otherRequest tells whether an edited request has got another id.
func otherRequest(before, after []byte) bool {
	was, is := ops.ReadIDs(before, false).Request, ops.ReadIDs(after, false).Request
	return was != "" && is != "" && was != is
}

// withMembers sets members of a JSON object to texts: those that are there in their place, the others before its data.
func withMembers(object []byte, set map[string]string) ([]byte, error) {
	all, err := readObject(object)
	if err != nil {
		return nil, err
	}
	for i, m := range all {
		if text, ok := set[m.name]; ok {
			all[i].value = quoted(text)
			delete(set, m.name)
		}
	}
	at := slices.IndexFunc(all, func(m member) bool { return m.name == "data" })
	if at < 0 {
		at = len(all)
	}
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(set))) {
		all = slices.Insert(all, at, member{name, quoted(set[name])})
	}
	return writeObject(all), nil
}

type member struct {
	name  string
	value []byte
}

// readObject reads the one JSON object in text, in its order. A member that comes twice is there twice: whoever checks
// the event says so.
func readObject(text []byte) (all []member, err error) {
	dec := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	if t, err := dec.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, cmp.Or(err, errors.New("no object"))
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return nil, err
		}
		m := member{name: name.String()}
		value, err := dec.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = bytes.Clone(value)
		all = append(all, m)
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, cmp.Or(err, errors.New("more than one value"))
	}
	return all, nil
}

func writeObject(all []member) []byte {
	var b bytes.Buffer
	for i, m := range all {
		b.WriteByte("{,"[min(i, 1)])
		b.Write(quoted(m.name))
		b.WriteByte(':')
		b.Write(bytes.TrimSpace(m.value))
	}
	b.WriteByte('}')
	return compact(b.Bytes())
}
