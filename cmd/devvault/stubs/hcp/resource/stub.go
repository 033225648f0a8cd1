// Package resource stands in for names of resources in a hosted platform that
// a development server never registers with.
package resource

import "errors"

// Resource names nothing.
type Resource struct{}

// FromString always fails.
func FromString(string) (Resource, error) {
	return Resource{}, errors.New("cloud links are not part of this development server")
}
