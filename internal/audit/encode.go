package audit

import (
	"encoding/binary"
	"errors"
)

// numbers is how many members of a fact are numbers.
const numbers = 13

// mostEncoded is the longest that an encoded fact can be, in bytes.
const mostEncoded = 8 + 4 + 3 + 2 + numbers*binary.MaxVarintLen64

// encode appends a fact to a buffer. Most members of most facts are zero: the bits of a mask say which are not.
func (f *fact) encode(buf []byte) []byte {
	buf = binary.LittleEndian.AppendUint64(buf, f.key)
	buf = append(buf, byte(f.kind), byte(f.what), byte(f.cause), byte(f.stream))
	buf = binary.AppendUvarint(buf, uint64(f.flags))
	at := len(buf)
	buf = append(buf, 0, 0)
	var mask uint16
	for i, v := range f.numbers() {
		if v != 0 {
			mask |= 1 << i
			buf = binary.AppendUvarint(buf, v)
		}
	}
	binary.LittleEndian.PutUint16(buf[at:], mask)
	return buf
}

var errFact = errors.New("a temporary file of the audit's own is damaged")

// decode reads the fact at the beginning of a buffer, and gives its length.
func (f *fact) decode(buf []byte) (length int, err error) {
	if len(buf) < 15 {
		return 0, errFact
	}
	*f = fact{key: binary.LittleEndian.Uint64(buf), kind: kind(buf[8]), what: code(buf[9]), cause: code(buf[10]), stream: code(buf[11])}
	at := 12
	next := func() (v uint64) {
		v, n := binary.Uvarint(buf[at:])
		if n <= 0 {
			err = errFact
			return 0
		}
		at += n
		return v
	}
	f.flags = flags(next())
	if err != nil || len(buf) < at+2 {
		return 0, errFact
	}
	mask := binary.LittleEndian.Uint16(buf[at:])
	at += 2
	var n [numbers]uint64
	for i := range n {
		if mask&(1<<i) != 0 {
			n[i] = next()
		}
	}
	f.setNumbers(n)
	return at, err
}

// numbers are the members that are numbers, in the order in which they are written.
func (f fact) numbers() [numbers]uint64 {
	return [...]uint64{f.group, f.sequence, uint64(f.at), f.origin, f.previous, uint64(f.since), uint64(f.until), uint64(f.asked),
		f.generation, f.version, f.run, f.connection, f.actor}
}

func (f *fact) setNumbers(n [numbers]uint64) {
	f.group, f.sequence, f.at, f.origin, f.previous = n[0], n[1], int64(n[2]), n[3], n[4]
	f.since, f.until, f.asked = int64(n[5]), int64(n[6]), int64(n[7])
	f.generation, f.version, f.run, f.connection, f.actor = n[8], n[9], n[10], n[11], n[12]
}
