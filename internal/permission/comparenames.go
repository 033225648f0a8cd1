package permission

import (
	"slices"
	"strings"
	"unicode"
)

// What stands for everything that no set names. No object and no field is called so.
const (
	otherObject = "\x00any other object"
	otherField  = "\x00any other field"
)

// objectNames are names for every way in which grants of objects can tell one from another: those that are named, each
// in another case, and one that none of them is.
func objectNames(named []string) []string {
	all := slices.Clone(named)
	for _, n := range named {
		if other, ok := otherCase(n, 0, func(s string) bool { return slices.Contains(named, s) }); ok {
			all = append(all, other)
		}
	}
	return append(all, otherObject)
}

// fieldNames are the same for fields, which are paths: what is granted of one follows from the longest path on its way
// that is named, and, whatever their case, from those that are.
func fieldNames(named []string) []string {
	is := make(map[string]bool, len(named))
	folded := make(map[string][]string, len(named)) // by their path in one case
	for _, n := range named {
		is[n] = true
		folded[fold(n)] = append(folded[fold(n)], n)
	}
	all := slices.Clone(named)
	for _, n := range named {
		parts := strings.Split(n, "/")
		for k := range parts {
			for _, begin := range beginnings(parts[:k], folded) {
				if name, ok := variant(begin, parts[k:], is); ok {
					all = append(all, name)
				}
			}
		}
	}
	slices.Sort(all)
	return append(slices.Compact(all), otherField)
}

// beginnings are the named paths that are these parts, whatever their case; none of them for no parts.
func beginnings(parts []string, folded map[string][]string) []string {
	if len(parts) == 0 {
		return []string{""}
	}
	return folded[fold(strings.Join(parts, "/"))]
}

// variant is a path that begins as named, goes on as rest whatever the case, and has no longer beginning that is named.
// ok is false where there is none, or where it is found from a longer beginning.
func variant(begin string, rest []string, is map[string]bool) (name string, ok bool) {
	if begin != "" {
		begin += "/"
	}
	longer := func(path string) bool {
		for at, up := path, true; up && len(at) > len(begin); at, up = parentOf(at) {
			if is[at] {
				return true
			}
		}
		return false
	}
	plain := begin + strings.Join(rest, "/")
	if !longer(plain) {
		return plain, true
	}
	return otherCase(plain, len(begin), longer)
}

func parentOf(path string) (up string, ok bool) {
	i := strings.LastIndexByte(path, '/')
	return path[:max(i, 0)], i >= 0
}

// otherCase is a name in another case, behind from, that is not taken.
func otherCase(name string, from int, taken func(string) bool) (string, bool) {
	for i, r := range name {
		if i < from {
			continue
		}
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			if next := name[:i] + string(other) + name[i+len(string(r)):]; !taken(next) {
				return next, true
			}
		}
	}
	return "", false
}

// fold is a name in one case.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			least = min(least, other)
		}
		return least
	}, name)
}
