// Package flate stands in for the compression of websockets, which carry
// events that this server has switched off.
package flate

import (
	"compress/flate"
	"errors"
	"io"
)

// Resetter starts a reader over.
type Resetter = flate.Resetter

// NewReaderDict is the standard library's.
func NewReaderDict(r io.Reader, dict []byte) io.ReadCloser { return flate.NewReaderDict(r, dict) }

// StatelessDeflate always fails.
func StatelessDeflate(io.Writer, []byte, bool, []byte) error {
	return errors.New("compressed websockets are not part of this development server")
}
