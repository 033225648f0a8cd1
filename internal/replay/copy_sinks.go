package replay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"

	"holdfast/events"
	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/ops"
)

type subjectSink struct {
	*Replay

	subject string
}

func (s *subjectSink) put(ctx context.Context, m bus.Message) error {
	header := make(map[string][]string, len(m.Header)+1)
	maps.Copy(header, m.Header)
	header[events.HeaderOriginal] = []string{fmt.Sprintf("%s/%d %s", s.o.Select.StreamName(), m.Sequence, m.Subject)}
	_, err := s.bus.Republish(ctx, bus.Copy{Subject: s.subject, Header: header, Raw: m.Raw,
		ID: fmt.Sprintf("copy-%s-%d", s.id, m.Sequence)})
	if f := fault.From(err); f != nil && f.Reason == fault.BusUnavailable && f.Hint == "" {
		return f.WithHint("a stream has to keep " + s.subject + ", and this login has to be allowed to publish there (deploy/nats/operator.conf)")
	}
	return err
}

func (*subjectSink) settle() error { return nil }
func (*subjectSink) close() error  { return nil }

type fileSink struct {
	stream string
	file   *os.File
	notes  *notebook
	bytes  int64
}

// openFileSink makes a new file, or goes on in one: behind what was noted.
func openFileSink(path string, n *notebook) (*fileSink, error) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	switch {
	case n.again && n.note.Bytes > 0:
		flags = os.O_WRONLY
	case n.again:
		flags = os.O_WRONLY | os.O_CREATE
	}
	f, err := os.OpenFile(path, flags, 0o600)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil, problem(ops.Refused, "choose another name with --out", "there is a file of that name already")
	case errors.Is(err, fs.ErrNotExist) && flags == os.O_WRONLY:
		return nil, problem(ops.Refused, "choose another name with --out, which begins anew", "the file of the copy that was interrupted is gone")
	case err != nil:
		return nil, problem(ops.Refused, "choose another name with --out", "the file can not be written")
	}
	if err := f.Truncate(n.note.Bytes); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if _, err := f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &fileSink{stream: n.note.Asked.Select.StreamName(), file: f, notes: n, bytes: n.note.Bytes}, nil
}

func (s *fileSink) put(_ context.Context, m bus.Message) error {
	line := CopyLine{Stream: s.stream, Sequence: m.Sequence, StoredAt: m.Stored.UTC(), Subject: m.Subject, Headers: m.Header}
	if json.Valid(m.Raw) {
		line.Event = m.Raw
	} else {
		line.Data = m.Raw
	}
	raw, err := json.Marshal(line)
	if err != nil {
		return err
	}
	n, err := s.file.Write(append(raw, '\n'))
	s.bytes += int64(n)
	return err
}

func (s *fileSink) settle() error {
	s.notes.note.Bytes = s.bytes
	return s.file.Sync()
}

func (s *fileSink) close() error { return s.file.Close() }
