package audit

import (
	"errors"
	"os"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

var anyFact = rapid.Custom(func(t *rapid.T) fact {
	f := fact{key: rapid.Uint64Range(0, 20).Draw(t, "key"), kind: kind(rapid.IntRange(0, 5).Draw(t, "kind")),
		what: code(rapid.Byte().Draw(t, "what")), cause: code(rapid.Byte().Draw(t, "cause")), stream: code(rapid.Byte().Draw(t, "stream")),
		flags: flags(rapid.Uint16().Draw(t, "flags"))}
	var n [numbers]uint64
	for i := range n {
		n[i] = rapid.OneOf(rapid.Just(uint64(0)), rapid.Uint64()).Draw(t, "n")
	}
	f.setNumbers(n)
	return f
})

func TestO5_AFactIsReadBackAsItWas(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := anyFact.Draw(t, "fact")
		raw := f.encode(nil)
		var back fact
		n, err := back.decode(append(raw, 0xff))
		if err != nil || n != len(raw) || back != f || n > mostEncoded {
			t.Fatalf("%+v, %d of %d, %v", back, n, len(raw), err)
		}
		cut := rapid.IntRange(0, len(raw)-1).Draw(t, "cut")
		if _, err := back.decode(raw[:cut]); err == nil {
			t.Fatalf("cut at %d of %d: %+v", cut, len(raw), back)
		}
	})
}

func TestO5_FactsAreInOrderHoweverManyFilesThereAre(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		facts := rapid.SliceOfN(anyFact, 0, 500).Draw(t, "facts")
		s := newSorter(0, dir) // the least that it takes
		defer s.close()
		s.most = rapid.IntRange(1, 100).Draw(t, "most")
		if err := s.add(facts...); err != nil {
			t.Fatal(err)
		}
		var got []fact
		if err := s.each(func(f fact) error { got = append(got, f); return nil }); err != nil {
			t.Fatal(err)
		}
		if len(got) != len(facts) || !slices.IsSortedFunc(got, order) {
			t.Fatalf("%d facts of %d, %v", len(got), len(facts), got)
		}
		count := map[fact]int{}
		for i := range facts {
			count[facts[i]]++
			count[got[i]]--
		}
		for f, n := range count {
			if n != 0 {
				t.Fatalf("%+v: %d too few", f, n)
			}
		}
	})
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}

func TestO5_ADamagedFileIsToldFromAnEnd(t *testing.T) {
	s := newSorter(0, t.TempDir())
	defer s.close()
	s.most = 2
	if err := s.add(fact{key: 1}, fact{key: 2, run: 1 << 60}); err != nil {
		t.Fatal(err)
	}
	end, err := s.files[0].Seek(0, 2)
	if err == nil {
		err = s.files[0].Truncate(end - 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	if err := s.each(func(fact) error { n++; return nil }); !errors.Is(err, errFact) || n != 1 {
		t.Errorf("%d facts, then %v", n, err)
	}
	enough := errors.New("enough")
	if err := s.each(func(fact) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("%v", err)
	}
}

func TestO5_SequencesAndHashesAreRemembered(t *testing.T) {
	s, h := make(seqSet), newHashSet()
	for _, n := range []uint64{0, 1, 63, 64, pageBits - 1, pageBits, 1 << 40} {
		if s.has(n) || s.add(n) || !s.has(n) || !s.add(n) {
			t.Errorf("%d", n)
		}
		h.add(n * 0x9E3779B97F4A7C15)
		if !h.mayHave(n * 0x9E3779B97F4A7C15) {
			t.Errorf("the hash of %d is forgotten", n)
		}
	}
	if s.has(2) || s.has(65) || s.has(1<<40+1) {
		t.Error("has what was not added")
	}
	wrong := 0
	for i := range uint64(10_000) {
		if h.mayHave((i + 1<<50) * 0x9E3779B97F4A7C15) {
			wrong++
		}
	}
	if wrong > 10 {
		t.Errorf("%d of 10,000 that were not added", wrong)
	}
}
