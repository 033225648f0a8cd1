package audit

// seqSet is a set of sequence numbers, which lie close to each other: one bit for each, in pages that are made when they
// are needed. Ten millions take 1.2 MB.
type seqSet map[uint64]*[pageBits / 64]uint64

const pageBits = 1 << 16

// add tells whether the sequence was in the set before.
func (s seqSet) add(sequence uint64) (before bool) {
	page := s[sequence/pageBits]
	if page == nil {
		page = new([pageBits / 64]uint64)
		s[sequence/pageBits] = page
	}
	word, bit := &page[sequence%pageBits/64], uint64(1)<<(sequence%64)
	before = *word&bit != 0
	*word |= bit
	return before
}

func (s seqSet) has(sequence uint64) bool {
	page := s[sequence/pageBits]
	return page != nil && page[sequence%pageBits/64]&(1<<(sequence%64)) != 0
}

// hashSet is a set of hashes that may say yes where it should say no (a Bloom filter with two bits for each): it has one
// size whatever is in it, and only saves looking at what is surely not in it.
type hashSet []uint64

const hashSetBits = 1 << 25 // 4 MiB

func newHashSet() hashSet { return make(hashSet, hashSetBits/64) }

func (s hashSet) add(hash uint64) {
	for _, bit := range []uint64{hash % hashSetBits, hash >> 32 % hashSetBits} {
		s[bit/64] |= 1 << (bit % 64)
	}
}

func (s hashSet) mayHave(hash uint64) bool {
	a, b := hash%hashSetBits, hash>>32%hashSetBits
	return s[a/64]&(1<<(a%64)) != 0 && s[b/64]&(1<<(b%64)) != 0
}
