package bus

import (
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// weakening is one setting that would keep less, or less safely, than now.
type weakening struct {
	field, have, want string
}

func (w weakening) String() string { return w.field + ": have " + w.have + ", want " + w.want }

// weaker lists what an update would weaken.
func weaker(have, want jetstream.StreamConfig) []weakening {
	var all []weakening
	note := func(is bool, field string, h, w any) {
		if is {
			all = append(all, weakening{field, fmt.Sprint(h), fmt.Sprint(w)})
		}
	}
	note(want.Replicas < have.Replicas, "replicas", have.Replicas, want.Replicas)
	note(have.Storage == jetstream.FileStorage && want.Storage != have.Storage, "storage", have.Storage, want.Storage)
	note(shorter(have.MaxAge, want.MaxAge), "max age", lasting(have.MaxAge), lasting(want.MaxAge))
	note(want.Duplicates < have.Duplicates, "duplicate window", have.Duplicates, want.Duplicates)
	note(want.SubjectDeleteMarkerTTL < have.SubjectDeleteMarkerTTL, "marker TTL",
		have.SubjectDeleteMarkerTTL, want.SubjectDeleteMarkerTTL)
	note(fewer(have.MaxMsgs, want.MaxMsgs), "max messages", have.MaxMsgs, want.MaxMsgs)
	note(fewer(have.MaxBytes, want.MaxBytes), "max bytes", have.MaxBytes, want.MaxBytes)
	note(fewer(have.MaxMsgsPerSubject, want.MaxMsgsPerSubject), "max messages per subject",
		have.MaxMsgsPerSubject, want.MaxMsgsPerSubject)
	note(fewer(int64(have.MaxMsgSize), int64(want.MaxMsgSize)), "max message size", have.MaxMsgSize, want.MaxMsgSize)
	note(!have.AllowDirect && want.AllowDirect, "allow direct", have.AllowDirect, want.AllowDirect)
	note(have.DenyDelete && !want.DenyDelete, "deny delete", have.DenyDelete, want.DenyDelete)
	for _, s := range have.Subjects {
		note(!slices.Contains(want.Subjects, s), "subjects", s, "not "+s)
	}
	return all
}

// shorter and fewer know that 0 and -1 stand for no limit.
func shorter(have, want time.Duration) bool { return want > 0 && (have == 0 || want < have) }
func fewer(have, want int64) bool           { return want > 0 && (have <= 0 || want < have) }

func lasting(d time.Duration) string {
	if d == 0 {
		return "for ever"
	}
	return d.String()
}
