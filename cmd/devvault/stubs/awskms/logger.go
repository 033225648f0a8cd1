package awskms

import wrapping "github.com/hashicorp/go-kms-wrapping/v2"

// WithLogger is called when the core builds its Shamir wrapper. The logger is
// dropped: nothing here logs.
func WithLogger(any) wrapping.Option {
	return func() interface{} { return nil }
}
