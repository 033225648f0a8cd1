// Package option stands in for client options of cloud services that a
// development server never calls.
package option

import "net/http"

// ClientOption configures nothing.
type ClientOption interface{}

// WithUserAgent configures nothing.
func WithUserAgent(string) ClientOption { return nil }

// WithHTTPClient configures nothing.
func WithHTTPClient(*http.Client) ClientOption { return nil }
