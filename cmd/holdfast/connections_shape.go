package main

import (
	"bytes"
	"encoding/json"
	"io"
	"time"

	"github.com/spf13/cobra"

	"holdfast/events"
	"holdfast/internal/ops"
)

// shape is what flags say a connection shall be like; a flag that is not given says nothing.
type shape struct {
	from, name, method, clientID, account, resume string
	settings, auth, scopes                        []string
	expiresAt, credentialsExpireAt                string
	suspendFor                                    time.Duration
}

// shapeFlags names the flags of a shape, to tell whether any was given.
var shapeFlags = []string{"from", "name", "method", "client-id", "account", "resume", "setting", "auth", "scope", "expires-at",
	"credentials-expire-at", "suspend-for"}

func (s *shape) add(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&s.from, "from", "", "YAML or JSON file (-: standard input) with the connection, as connection.created carries it; other flags win")
	f.StringVar(&s.name, "name", "", "what people call it")
	f.StringVar(&s.method, "method", "", "how it authenticates: basic, api_key, bearer, oauth2_client_credentials, oauth2_refresh_token, oauth2_jwt_bearer, none")
	f.StringVar(&s.clientID, "client-id", "", "oauth2_*: the client id")
	f.StringVar(&s.account, "account", "", "whom it signs in as, for people to read")
	f.StringVar(&s.resume, "resume", "", "how suspended runs go on once it works again: auto or manual")
	f.StringArrayVar(&s.settings, "setting", nil, "NAME=VALUE, a setting of the type; NAME= takes it away (repeat)")
	f.StringArrayVar(&s.auth, "auth", nil, "NAME=VALUE, another member of auth such as token_url or params.resource (repeat)")
	f.StringArrayVar(&s.scopes, "scope", nil, "oauth2_*: a scope to ask for (repeat)")
	f.StringVar(&s.expiresAt, "expires-at", "", "when it stops being usable: a day, or a time in RFC 3339")
	f.StringVar(&s.credentialsExpireAt, "credentials-expire-at", "", "when its password or client secret ends: announced ahead")
	f.DurationVar(&s.suspendFor, "suspend-for", 0, "how long its runs wait before they are terminated; 0: the workers' default")
}

// any tells whether a flag of the shape was given.
func (s *shape) any(cmd *cobra.Command) bool {
	for _, name := range shapeFlags {
		if cmd.Flags().Changed(name) {
			return true
		}
	}
	return false
}

// read reads what --from names, where it was given.
func (s *shape) read(c *command, into *events.Connection) error {
	if s.from == "" {
		return nil
	}
	return c.readConnection(s.from, into)
}

// apply changes a connection to what the flags say.
func (s *shape) apply(m *managed, cmd *cobra.Command, to *events.Connection) error {
	given := cmd.Flags().Changed
	for flag, member := range map[string]struct {
		to   *string
		from string
	}{
		"name": {&to.Name, s.name}, "method": {&to.Auth.Method, s.method}, "client-id": {&to.Auth.ClientID, s.clientID},
		"account": {&to.Account, s.account}, "resume": {(*string)(&to.Resume), s.resume},
	} {
		if given(flag) {
			*member.to = member.from
		}
	}
	if given("scope") {
		to.Auth.Scopes = s.scopes
	}
	if given("suspend-for") {
		to.SuspendFor = events.Seconds(s.suspendFor / time.Second)
	}
	return s.applyDocuments(m, given, to)
}

func (s *shape) applyDocuments(m *managed, given func(string) bool, to *events.Connection) (err error) {
	if given("expires-at") {
		if to.ExpiresAt, err = ops.ParseEnd(s.expiresAt); err != nil {
			return err
		}
	}
	if given("credentials-expire-at") {
		if to.CredentialsEnd, err = ops.ParseEnd(s.credentialsExpireAt); err != nil {
			return err
		}
	}
	if given("setting") {
		if to.Settings, err = ops.SetMembers(to.Settings, s.settings, m.TextSettings(to.Type)); err != nil {
			return err
		}
	}
	if !given("auth") {
		return nil
	}
	now, err := json.Marshal(to.Auth)
	if err != nil {
		return err
	}
	if now, err = ops.SetMembers(now, s.auth, nil); err != nil {
		return err
	}
	to.Auth = events.AuthSettings{}
	dec := json.NewDecoder(bytes.NewReader(now))
	dec.DisallowUnknownFields()
	if dec.Decode(&to.Auth) != nil {
		return &usageError{text: "--auth names a member that auth does not have, or gives it a value of another kind",
			hint: "its members are those of auth in schemas/connection.created.v1.json; settings of the type go into --setting"}
	}
	return nil
}

func (c *command) readConnection(path string, into *events.Connection) error {
	in, err := c.input(path)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	raw, err := io.ReadAll(in)
	if err != nil {
		return &usageError{text: "the file can not be read: " + err.Error(), hint: "name another with --from"}
	}
	return ops.ParseConnection(raw, into)
}

// sharing is where a connection is available and who may use it.
type sharing struct {
	availability  string
	users, groups []string
}

func (s *sharing) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&s.availability, "availability", "", "tenant, site-collection:ID or site:ID; follows from your role where empty")
	cmd.Flags().StringArrayVar(&s.users, "user", nil, "a user who may use it beside its owners (repeat); with none, and no group: whoever is where it is available")
	cmd.Flags().StringArrayVar(&s.groups, "group", nil, "a group whose members may use it (repeat)")
}
