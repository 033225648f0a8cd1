package dispatch

import (
	"fmt"
	"unicode/utf8"

	"holdfast/internal/fault"
)

// checkSize looks at the length alone, before anything is read or copied.
func checkSize(_ *Router, in *incoming) *fault.Fault {
	size := len(in.Data)
	for name, values := range in.Header {
		size += len(name)
		for _, v := range values {
			size += len(v)
		}
	}
	if size > MaxBytes {
		return fault.New(fault.TooLarge, fmt.Sprintf("the message has %d bytes, at most %d are read", size, MaxBytes))
	}
	return nil
}

func checkUTF8(_ *Router, in *incoming) *fault.Fault {
	if !utf8.Valid(in.Data) {
		return fault.New(fault.InvalidUTF8, "the message is not valid UTF-8")
	}
	for name, values := range in.Header {
		for _, v := range values {
			if !utf8.ValidString(name) || !utf8.ValidString(v) {
				return fault.New(fault.InvalidUTF8, "a header is not valid UTF-8")
			}
		}
	}
	return nil
}
