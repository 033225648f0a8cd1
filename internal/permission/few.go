package permission

// fewest is how many elements need no memory of their own.
const fewest = 16

// few is a list, most often a short one.
type few[T any] struct {
	n    int
	some [fewest]T
	more []T // beyond the first
}

func (f *few[T]) add(x T) {
	if f.n < fewest {
		f.some[f.n] = x
	} else {
		f.more = append(f.more, x)
	}
	f.n++
}

func (f *few[T]) at(i int) *T {
	if i < fewest {
		return &f.some[i]
	}
	return &f.more[i-fewest]
}
