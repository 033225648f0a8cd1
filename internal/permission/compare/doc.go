// Package compare holds Holdfast's permission sets against two well-kept engines for authorization, set up for the same
// rules on the same world as their documents advise: decisions a second, side by side in one run, and the same answers.
//
//	cd internal/permission/compare
//	go test ./...                                   # the same answers, on a small world
//	go test -run '^$' -bench . -benchtime 3s ./...  # decisions a second, on the large one
//
// What all three decide: may this user, in this app, do this with a field of an object of a connection; with a condition on
// the record in question for every second object. Users hold sets in person and through groups. Holdfast also says which
// sets grant it, and through what; the others are asked for yes or no.
//
// # How the others are set up
//
// Casbin: the model RBAC with domains of its documentation, the app being the domain; a rule for each set, object and operation
// with its list of fields. One enforcer for an app, which holds the rules and role assignments of that app alone: an enforcer
// tries its rules one after the other, and with all two hundred apps, it would try two hundred times as many. The matcher's
// cheap comparisons come first. The enforcer is the plain one; the cached one is measured beside it, at its best: it is asked a few
// thousand questions again and again, and nothing ever changes. It has to forget everything as soon as anything changes.
//
// Cedar: users are in groups and in sets, groups in sets; a policy for each set, object and operation, with its list of fields and
// its condition. One policy set for an app, which holds the policies of that app alone, as all of a policy set are evaluated
// for every request. The entities of the tenant are one map, which is read and never copied. Measured beside it: one policy set for
// an app and a connection.
package compare
