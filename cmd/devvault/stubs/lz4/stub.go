// Package lz4 stands in for a compression that a server must choose to use;
// the development server never does.
package lz4

import (
	"errors"
	"io"
)

var errAbsent = errors.New("lz4 is not part of this development server")

// Writer fails on every write.
type Writer struct{}

// NewWriter returns a writer that fails on every write.
func NewWriter(io.Writer) *Writer { return &Writer{} }

func (*Writer) Write([]byte) (int, error) { return 0, errAbsent }

// Close has nothing to flush.
func (*Writer) Close() error { return nil }

// Reader fails on every read.
type Reader struct{}

// NewReader returns a reader that fails on every read.
func NewReader(io.Reader) *Reader { return &Reader{} }

func (*Reader) Read([]byte) (int, error) { return 0, errAbsent }
