package compare

import (
	"slices"

	"holdfast/events"
	"holdfast/internal/permission"
	"holdfast/internal/permission/largeworld"
)

// asked is a question to all three.
type asked struct {
	permission.Question

	// region is the record's, home the user's: what the condition is about.
	region, home string
}

// record is a record with a region.
type record string

// Field is the value of a field.
func (r record) Field(name string) (any, bool) {
	if name != "Region" {
		return nil, false
	}
	return string(r), true
}

// questions are n of the world's mix, every second one about an object with a condition.
func questions(size largeworld.Size, n int) []asked {
	homes := make(map[string]string, size.Users)
	for user := range size.Users {
		homes[largeworld.User(user)] = largeworld.Region(user)
	}
	all := make([]asked, n)
	for i := range all {
		q := asked{Question: size.Question(i, i%2), region: largeworld.Regions[(i/2)%len(largeworld.Regions)]}
		q.home, q.Record = homes[q.User], record(q.region)
		all[i] = q
	}
	return all
}

// fieldsFor are the fields of a grant that an operation may be about.
func fieldsFor(o events.ObjectGrant, op events.DataOp) (fields []string) {
	for _, f := range o.Fields {
		if op == events.ReadRecords && f.Read || op != events.ReadRecords && f.Write {
			fields = append(fields, f.Field)
		}
	}
	return slices.Clip(fields)
}

// roles are who has what, by number.
type roles struct {
	users, groups [][]int // of each set
	members       [][]int // of each group
}

func rolesOf(size largeworld.Size) roles {
	r := roles{make([][]int, size.Sets()), make([][]int, size.Sets()), make([][]int, size.Groups)}
	for user := range size.Users {
		for _, set := range size.UserSets(user) {
			r.users[set] = append(r.users[set], user)
		}
		for _, g := range size.GroupsOf(user) {
			r.members[g] = append(r.members[g], user)
		}
	}
	for g := range size.Groups {
		for _, set := range size.GroupSets(g) {
			r.groups[set] = append(r.groups[set], g)
		}
	}
	return r
}
