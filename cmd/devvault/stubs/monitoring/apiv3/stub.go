// Package monitoring stands in for the cloud metrics client, which a
// development server never starts.
package monitoring

import (
	"context"
	"errors"
)

// MetricClient sends nothing.
type MetricClient struct{}

// NewMetricClient always fails.
func NewMetricClient(context.Context, ...any) (*MetricClient, error) {
	return nil, errors.New("cloud metrics are not part of this development server")
}
