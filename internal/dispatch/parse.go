package dispatch

import (
	"errors"
	"fmt"

	"holdfast/internal/dispatch/strictjson"
	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// parse reads the message's JSON, once, and makes one document of it whatever its content mode.
func parse(_ *Router, in *incoming) *fault.Fault {
	binary := IsBinary(in.Header)
	keep := "data"
	if binary {
		keep = ""
	}
	doc, err := strictjson.Parse(in.Data, MaxDepth, keep)
	if err != nil {
		return unreadable(err, binary)
	}
	if binary {
		return foldBinary(in, doc.Root)
	}
	in.data = doc.Member
	root, ok := doc.Root.(map[string]any)
	if !ok {
		return fault.New(fault.NotCloudEvents, "the message is JSON, but no object")
	}
	in.document = root
	return nil
}

func unreadable(err error, binary bool) *fault.Fault {
	bad, ok := errors.AsType[*strictjson.Error](err)
	if !ok {
		return fault.Wrap(fault.NotJSON, "the message is not JSON", err)
	}
	path := bad.Path
	if binary {
		path = append([]string{"data"}, path...)
	}
	return describe(bad).WithField(secretscan.Pointer(path...))
}

func describe(bad *strictjson.Error) *fault.Fault {
	switch {
	case errors.Is(bad.Err, strictjson.ErrTooDeep):
		return fault.New(fault.TooDeep, fmt.Sprintf("arrays and objects may be nested %d deep", MaxDepth))
	case errors.Is(bad.Err, strictjson.ErrDuplicate):
		return fault.New(fault.DuplicateKey, "the member comes twice: which one counts is anybody's guess")
	default:
		return fault.New(fault.NotJSON, bad.Error())
	}
}
