package replay

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"

	"holdfast/events"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

// sourceReplay is what a request names as its source that was made to do another one again.
const sourceReplay = "holdfast/replay"

// anew is a request that does an earlier one again. Its id follows from the replay's and the old one, so that a replay
// that is interrupted makes the same one again.
func (r *Replay) anew(o original) (original, error) {
	var document struct {
		Data map[string]json.RawMessage `json:"data"`
	}
	var err error
	if binary(o.Header) {
		err = json.Unmarshal(o.Raw, &document.Data)
	} else {
		err = json.Unmarshal(o.Raw, &document)
	}
	if err != nil || document.Data == nil {
		return o, fault.Wrap(fault.NotJSON, "a request that has its end can not be read", err)
	}
	id := anewID(r.id, o.tenant(), o.IDs.Request)
	marks, err := events.Marshal(map[string]string{
		"request_id": id, "replay_of": o.IDs.Request, "replay_reason": r.o.Reason, "replayed_by": r.o.Actor})
	if err != nil {
		return o, fault.Wrap(fault.Internal, "the marks of a replay could not be encoded", err)
	}
	var marked map[string]json.RawMessage
	if err := json.Unmarshal(marks, &marked); err != nil {
		return o, fault.Wrap(fault.Internal, "the marks of a replay could not be encoded", err)
	}
	maps.Copy(document.Data, marked)
	e, err := events.New(events.ActionRequested, r.bus.Clock().Now(), document.Data)
	if err != nil {
		return o, fault.Wrap(fault.Internal, "a request could not be encoded", err)
	}
	e.ID, e.Source = id, sourceReplay
	raw, err := e.Encode()
	if err != nil {
		return o, fault.Wrap(fault.Internal, "a request could not be encoded", err)
	}
	o.Raw, o.Header, o.IDs.Request = raw, nil, id
	return o, nil
}

// anewID is a safe id that begins with the old one, cut where it is long.
func anewID(replay, tenant, request string) string {
	sum := sha256.Sum256([]byte(replay + "/" + tenant + "/" + request))
	return request[:min(len(request), anewKeeps)] + "-again-" + hex.EncodeToString(sum[:8])
}

const anewKeeps = 96

// Check refuses to force anything where the number of requests that would be done again is not the one that was named.
func (f Forecasts) Check(effects int) error {
	meant := f.Forced
	if f.Begun != nil {
		meant = f.Begun.Effects
	}
	if meant == effects {
		return nil
	}
	return &ops.Problem{Kind: ops.Refused, Text: "nothing was done: " + plural(meant, "request") + " would be done again, not " + plural(effects, "request"),
		Hint: "look at the dry run, and name the number of requests that it would do again"}
}

// force bounds what is forced to what was confirmed: ends that were there then, and so many of them. What ends while the
// replay is interrupted has had its effect, and nobody has said that it shall have another.
type force struct {
	ends uint64 // the last sequence of the outcomes then
	left int
}

// allows tells whether what has its end at a sequence may be done again.
func (f *force) allows(end uint64) bool { return f == nil || end <= f.ends && f.left > 0 }

// confirmed bounds what is forced by a note.
func (r *Replay) confirmed(n note) {
	if r.o.Force {
		r.force = &force{ends: n.Ends, left: n.Effects - n.Forced}
	}
}
