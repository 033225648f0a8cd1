package audit

import (
	"bufio"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"unsafe"
)

// factBytes is what a fact takes in memory.
const factBytes = int64(unsafe.Sizeof(fact{}))

// sorter puts any number of facts in order with bounded memory: what does not fit is sorted and written to a temporary
// file, and in the end all files are merged. Close it.
type sorter struct {
	most  int    // facts in memory
	dir   string // of the files; empty: the system's
	facts []fact
	files []*os.File
	bytes int64 // in files
}

// manyFacts is from how many on there will be as many as there is room for.
const manyFacts = 16 << 10

func newSorter(memory int64, dir string) *sorter {
	return &sorter{most: int(max(memory/factBytes, 64)), dir: dir}
}

func (s *sorter) add(facts ...fact) error {
	for len(facts) > 0 {
		n := min(len(facts), s.most-len(s.facts))
		if len(s.facts)+n > manyFacts && cap(s.facts) < s.most {
			s.facts = slices.Grow(s.facts, s.most-len(s.facts)) // all at once: growing bit by bit takes twice the memory
		}
		s.facts = append(s.facts, facts[:n]...)
		facts = facts[n:]
		if len(s.facts) == s.most {
			if err := s.spill(); err != nil {
				return err
			}
		}
	}
	return nil
}

const fileBuffer = 64 << 10

// spill writes what is in memory to a file of its own.
func (s *sorter) spill() (err error) {
	f, err := os.CreateTemp(s.dir, "holdfast-audit-*")
	if err != nil {
		return fmt.Errorf("the audit needs a temporary file: %w", err)
	}
	s.files = append(s.files, f)
	_ = os.Remove(f.Name()) // it goes with the process; where that can not be, close removes it
	slices.SortFunc(s.facts, order)
	w := bufio.NewWriterSize(f, fileBuffer)
	var buf []byte
	for i := range s.facts {
		buf = s.facts[i].encode(buf[:0])
		n, err := w.Write(buf)
		s.bytes += int64(n)
		if err != nil {
			return fmt.Errorf("the audit writes a temporary file: %w", err)
		}
	}
	s.facts = s.facts[:0]
	if err := w.Flush(); err != nil {
		return fmt.Errorf("the audit writes a temporary file: %w", err)
	}
	return nil
}

// each gives every fact in order, once, and ends with take's error.
func (s *sorter) each(take func(fact) error) error {
	slices.SortFunc(s.facts, order)
	m := merge{{facts: s.facts}}
	for _, f := range s.files {
		if _, err := f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		m = append(m, &run{file: bufio.NewReaderSize(f, fileBuffer)})
	}
	m = slices.DeleteFunc(m, func(r *run) bool { return !r.next() && r.err == nil })
	heap.Init(&m)
	for len(m) > 0 {
		r := m[0]
		if r.err != nil {
			return r.err
		}
		if err := take(r.head); err != nil {
			return err
		}
		switch {
		case r.next() || r.err != nil:
			heap.Fix(&m, 0)
		default:
			heap.Pop(&m)
		}
	}
	return nil
}

// close forgets everything.
func (s *sorter) close() {
	for _, f := range s.files {
		_ = f.Close()
		_ = os.Remove(f.Name()) // mostly gone already
	}
	s.facts, s.files = nil, nil
}

// run is sorted facts, in memory or in a file.
type run struct {
	facts []fact
	file  *bufio.Reader
	head  fact
	err   error
}

// next moves on to the next fact; false where there is none, or err is why there is none to be had.
func (r *run) next() bool {
	if r.file == nil {
		if len(r.facts) == 0 {
			return false
		}
		r.head, r.facts = r.facts[0], r.facts[1:]
		return true
	}
	buf, err := r.file.Peek(mostEncoded)
	if len(buf) == 0 {
		if !errors.Is(err, io.EOF) {
			r.err = err
		}
		return false
	}
	length, err := r.head.decode(buf)
	if err == nil {
		_, err = r.file.Discard(length)
	}
	r.err = err
	return err == nil
}

// merge is a heap of runs, by their heads.
type merge []*run

func (m merge) Len() int           { return len(m) }
func (m merge) Less(i, j int) bool { return order(m[i].head, m[j].head) < 0 }
func (m merge) Swap(i, j int)      { m[i], m[j] = m[j], m[i] }
func (m *merge) Push(x any)        { *m = append(*m, x.(*run)) } //nolint:errcheck // heap pushes nothing else; not called
func (m *merge) Pop() any {
	last := (*m)[len(*m)-1]
	*m = (*m)[:len(*m)-1]
	return last
}
