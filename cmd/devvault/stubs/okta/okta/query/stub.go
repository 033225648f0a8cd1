// Package query stands in for search parameters of a login service that a
// development server never calls.
package query

// Params are empty.
type Params struct{}

// ParamOptions configures nothing.
type ParamOptions func(*Params)

// WithFilter configures nothing.
func WithFilter(string) ParamOptions { return nil }

// NewQueryParams returns empty parameters.
func NewQueryParams(...ParamOptions) *Params { return &Params{} }
