// Package okta stands in for a second-factor login service that a development
// server never calls. NewClient fails, so nothing else is ever reached.
package okta

import (
	"context"
	"errors"
	"net/http"

	"github.com/okta/okta-sdk-golang/v2/okta/query"
)

var errAbsent = errors.New("okta is not part of this development server")

// Setting configures nothing.
type Setting func()

// WithToken configures nothing.
func WithToken(string) Setting { return nil }

// WithOrgUrl configures nothing.
func WithOrgUrl(string) Setting { return nil }

// WithCache configures nothing.
func WithCache(bool) Setting { return nil }

// Client has the shape that its caller expects.
type Client struct {
	User       *UserResource
	UserFactor *UserFactorResource
}

// NewClient always fails.
func NewClient(ctx context.Context, _ ...Setting) (context.Context, *Client, error) {
	return ctx, nil, errAbsent
}

// CloneRequestExecutor returns an executor that fails.
func (*Client) CloneRequestExecutor() *RequestExecutor { return &RequestExecutor{} }

// User is somebody who could sign in.
type User struct{ Id string }

// UserResource lists users.
type UserResource struct{}

// ListUsers always fails.
func (*UserResource) ListUsers(context.Context, *query.Params) ([]*User, *http.Response, error) {
	return nil, nil, errAbsent
}

// Factor is one way to prove who one is.
type Factor interface{ IsUserFactorInstance() bool }

// UserFactor is a registered factor.
type UserFactor struct{ Id, FactorType string }

// IsUserFactorInstance tells a registered factor from other kinds.
func (*UserFactor) IsUserFactorInstance() bool { return true }

// VerifyFactorRequest asks for nothing.
type VerifyFactorRequest struct{}

// VerifyUserFactorResponse would carry the verdict.
type VerifyUserFactorResponse struct {
	FactorResult string
	Links        any
}

// UserFactorResource lists and checks factors.
type UserFactorResource struct{}

// ListFactors always fails.
func (*UserFactorResource) ListFactors(context.Context, string) ([]Factor, *http.Response, error) {
	return nil, nil, errAbsent
}

// VerifyFactor always fails.
func (*UserFactorResource) VerifyFactor(context.Context, string, string, VerifyFactorRequest, *UserFactor, *query.Params) (*VerifyUserFactorResponse, *http.Response, error) {
	return nil, nil, errAbsent
}

// RequestExecutor would send requests.
type RequestExecutor struct{}

// WithAccept changes nothing.
func (e *RequestExecutor) WithAccept(string) *RequestExecutor { return e }

// WithContentType changes nothing.
func (e *RequestExecutor) WithContentType(string) *RequestExecutor { return e }

// NewRequest always fails.
func (*RequestExecutor) NewRequest(string, string, any) (*http.Request, error) {
	return nil, errAbsent
}

// Do always fails.
func (*RequestExecutor) Do(context.Context, *http.Request, any) (*http.Response, error) {
	return nil, errAbsent
}
