package ops

import (
	"bytes"

	"github.com/go-json-experiment/json"
)

// IDs are the ids in an event's payload that messages are selected by.
type IDs struct {
	Connection string `json:"connection_id"`
	Workflow   string `json:"workflow_id"`
	Run        string `json:"run_id"`
	Request    string `json:"request_id"`
}

// ReadIDs reads them from an event as it is on the bus; binary tells that the message is the payload alone. They are
// empty where it can not be read.
func ReadIDs(raw []byte, binary bool) IDs {
	if ids, ok := scanIDs(raw, binary); ok {
		return ids
	}
	if binary {
		var ids IDs
		if json.Unmarshal(raw, &ids) != nil {
			return IDs{}
		}
		return ids
	}
	var event struct {
		Data IDs `json:"data"`
	}
	if json.Unmarshal(raw, &event) != nil {
		return IDs{}
	}
	return event.Data
}

// scanIDs reads them without decoding: replays read millions of events for four words. ok is false where it takes a
// decoder to tell: escapes, what is no JSON object, and what is none of ours.
func scanIDs(raw []byte, binary bool) (ids IDs, ok bool) {
	payload := raw
	if !binary {
		payload = nil
		ok := scanMembers(raw, func(name, value []byte) {
			if string(name) == "data" {
				payload = value
			}
		})
		if !ok || payload == nil {
			return ids, false
		}
	}
	plain := true
	ok = scanMembers(payload, func(name, value []byte) {
		to := ids.member(name)
		if to == nil {
			return
		}
		if len(value) < 2 || value[0] != '"' || bytes.IndexByte(value, '\\') >= 0 {
			plain = false
			return
		}
		*to = string(value[1 : len(value)-1])
	})
	return ids, ok && plain
}

// member is the id of a name; nil for any other.
func (ids *IDs) member(name []byte) *string {
	switch string(name) {
	case "connection_id":
		return &ids.Connection
	case "workflow_id":
		return &ids.Workflow
	case "run_id":
		return &ids.Run
	case "request_id":
		return &ids.Request
	default:
		return nil
	}
}

// scanMembers tells each member of the object that raw begins with; false where that is no object, or a name has escapes.
func scanMembers(raw []byte, each func(name, value []byte)) (ok bool) {
	raw = skipSpace(raw)
	if len(raw) == 0 || raw[0] != '{' {
		return false
	}
	if raw = skipSpace(raw[1:]); len(raw) > 0 && raw[0] == '}' {
		return true
	}
	for {
		n := stringEnd(raw)
		if n == 0 || bytes.IndexByte(raw[:n], '\\') >= 0 {
			return false
		}
		name := raw[1 : n-1]
		if raw = skipSpace(raw[n:]); len(raw) == 0 || raw[0] != ':' {
			return false
		}
		raw = skipSpace(raw[1:])
		n = valueEnd(raw)
		if n == 0 {
			return false
		}
		each(name, raw[:n])
		if raw = skipSpace(raw[n:]); len(raw) == 0 {
			return false
		}
		switch raw[0] {
		case '}':
			return true
		case ',':
			raw = skipSpace(raw[1:])
		default:
			return false
		}
	}
}

func skipSpace(raw []byte) []byte {
	for len(raw) > 0 && (raw[0] == ' ' || raw[0] == '\n' || raw[0] == '\t' || raw[0] == '\r') {
		raw = raw[1:]
	}
	return raw
}

// stringEnd is the length of the string that raw begins with, its quotes included; 0 where there is none.
func stringEnd(raw []byte) int {
	if len(raw) == 0 || raw[0] != '"' {
		return 0
	}
	for n := 1; ; {
		i := bytes.IndexByte(raw[n:], '"')
		if i < 0 {
			return 0
		}
		n += i + 1
		escapes := 0
		for k := n - 2; k > 0 && raw[k] == '\\'; k-- {
			escapes++
		}
		if escapes%2 == 0 {
			return n
		}
	}
}

// valueEnd is the length of the value that raw begins with; 0 where there is none.
func valueEnd(raw []byte) int {
	if len(raw) == 0 {
		return 0
	}
	if raw[0] == '"' {
		return stringEnd(raw)
	}
	for depth, n := 0, 0; n < len(raw); {
		switch raw[n] {
		case '"':
			skip := stringEnd(raw[n:])
			if skip == 0 {
				return 0
			}
			n += skip
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return n
			}
			if depth--; depth == 0 {
				return n + 1
			}
		case ',', ' ', '\n', '\t', '\r':
			if depth == 0 {
				return n
			}
		}
		n++
	}
	return 0
}
