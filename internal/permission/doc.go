// Package permission is what users may do in an app: permission sets, who holds them, and what they grant of
// connections, objects, fields and records. Pure, no network; every decision names its rule and the sets behind it.
// docs/permissions.md says the same in plain words.
//
// A tenant's sets, assignments and users at one moment are a Snapshot. It never changes: Apply gives another one, which
// shares with it what is the same. It follows from the facts alone, in whatever order they came.
//
//	held     a user holds the app sets assigned in person and through groups, and one site set (deprecated); the
//	         public holds what is assigned to it and the site set Public, in apps that are open to it
//	granted  what held sets grant adds up: of a connection; of its objects, with operations; of their fields
//	limited  a grant with conditions reaches the records that meet all of them; a record passes if one of the sets
//	         that grant it lets it pass
//	forced   what held sets force is written whatever they grant; where two differ, nothing is
//
// Decide answers a question without a record in less than a microsecond. Plan prepares an operation on records: what of
// it can be asked of the target, and what is held against each record that comes back.
package permission
