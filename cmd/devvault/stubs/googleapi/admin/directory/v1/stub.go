// Package admin stands in for the directory that one JWT provider looks groups
// up in. NewService fails, so nothing else is ever reached.
package admin

import (
	"context"
	"encoding/json"
	"errors"
)

var errAbsent = errors.New("the directory is not part of this development server")

// The scopes that the caller names.
const (
	AdminDirectoryGroupReadonlyScope = ""
	AdminDirectoryUserReadonlyScope  = ""
)

// Service has the shape that its caller expects.
type Service struct {
	Groups *GroupsService
	Users  *UsersService
}

// NewService always fails.
func NewService(context.Context, ...any) (*Service, error) { return nil, errAbsent }

// Group is one group of a user.
type Group struct{ Email string }

// Groups is a page of groups.
type Groups struct{ Groups []*Group }

// GroupsService lists groups.
type GroupsService struct{}

// List starts a listing.
func (*GroupsService) List() *GroupsListCall { return &GroupsListCall{} }

// GroupsListCall is a listing to be.
type GroupsListCall struct{}

// UserKey changes nothing.
func (c *GroupsListCall) UserKey(string) *GroupsListCall { return c }

// Domain changes nothing.
func (c *GroupsListCall) Domain(string) *GroupsListCall { return c }

// Fields changes nothing.
func (c *GroupsListCall) Fields(...string) *GroupsListCall { return c }

// Pages always fails.
func (*GroupsListCall) Pages(context.Context, func(*Groups) error) error { return errAbsent }

// User carries what a directory adds about somebody.
type User struct{ CustomSchemas map[string]json.RawMessage }

// UsersService reads users.
type UsersService struct{}

// Get starts a read.
func (*UsersService) Get(string) *UsersGetCall { return &UsersGetCall{} }

// UsersGetCall is a read to be.
type UsersGetCall struct{}

// Context changes nothing.
func (c *UsersGetCall) Context(context.Context) *UsersGetCall { return c }

// Projection changes nothing.
func (c *UsersGetCall) Projection(string) *UsersGetCall { return c }

// CustomFieldMask changes nothing.
func (c *UsersGetCall) CustomFieldMask(string) *UsersGetCall { return c }

// Fields changes nothing.
func (c *UsersGetCall) Fields(...string) *UsersGetCall { return c }

// Do always fails.
func (*UsersGetCall) Do() (*User, error) { return nil, errAbsent }
