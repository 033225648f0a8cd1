// Package awskms stands in for the key management wrapper of the same name.
// A development server seals itself with a Shamir key and never calls it.
package awskms

import (
	"context"
	"errors"

	wrapping "github.com/hashicorp/go-kms-wrapping/v2"
)

// Wrapper refuses to be configured; the embedded interface stays nil.
type Wrapper struct{ wrapping.Wrapper }

// NewWrapper returns a wrapper whose SetConfig fails.
func NewWrapper() *Wrapper { return &Wrapper{} }

// SetConfig always fails, so no later method is ever reached.
func (*Wrapper) SetConfig(context.Context, ...wrapping.Option) (*wrapping.WrapperConfig, error) {
	return nil, errors.New("awskms is not part of this development server")
}
