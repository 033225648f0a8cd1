package permission

// Rule names what decided.
type Rule string

// What allows.
const (
	ByAppSet  Rule = "app_set"
	BySiteSet Rule = "site_set" // deprecated
)

// What refuses.
const (
	RemovedUser          Rule = "removed_user"
	PublicAccessOff      Rule = "public_access_off"
	AppSetNeeded         Rule = "app_set_needed"
	ConnectionNotGranted Rule = "connection_not_granted"
	RawNotGranted        Rule = "raw_not_granted"
	ObjectNotGranted     Rule = "object_not_granted"
	OperationNotGranted  Rule = "operation_not_granted"
	FieldNotReadable     Rule = "field_not_readable"
	FieldNotWritable     Rule = "field_not_writable"
	RecordNotGranted     Rule = "record_not_granted"
	ForcedValuesDiffer   Rule = "forced_values_differ"
	ForcedValueInvalid   Rule = "forced_value_invalid"
)

// Rules lists every rule of decisions.
func Rules() []Rule {
	return []Rule{
		ByAppSet, BySiteSet, RemovedUser, PublicAccessOff, AppSetNeeded, ConnectionNotGranted, RawNotGranted, ObjectNotGranted,
		OperationNotGranted, FieldNotReadable, FieldNotWritable, RecordNotGranted, ForcedValuesDiffer, ForcedValueInvalid,
	}
}

// Decided tells whether a rule is one of these.
func Decided(rule string) bool {
	_, ok := sentences[Rule(rule)]
	return ok
}

// sentences say what a refusal means, for people.
var sentences = map[Rule]string{
	RemovedUser:          "the user was removed from the directory",
	PublicAccessOff:      "the app is not open to the public",
	AppSetNeeded:         "the user holds no permission set of the app",
	ConnectionNotGranted: "no permission set that the user holds in the app grants the connection",
	RawNotGranted:        "no permission set that the user holds in the app grants actions without records on the connection",
	ObjectNotGranted:     "no permission set that the user holds in the app grants the object",
	OperationNotGranted:  "no permission set that the user holds in the app grants the operation on the object",
	FieldNotReadable:     "no permission set that the user holds in the app lets the field be read",
	FieldNotWritable:     "no permission set that the user holds in the app lets the field be written",
	RecordNotGranted:     "no permission set that the user holds in the app reaches the record",
	ForcedValuesDiffer:   "two permission sets that the user holds force different values on the field",
	ForcedValueInvalid:   "a permission set forces a value on the field that can not be worked out for the user",
}

// Sentence is what a refusal means, for people; empty for what allows.
func (r Rule) Sentence() string { return sentences[r] }
