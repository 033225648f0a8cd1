package catalog

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"holdfast/events"
	"holdfast/internal/fault"
)

// Check tells what is wrong with a connection as far as its type knows: SettingsInvalid, with the event's field;
// nil when nothing is.
func (t *Type) Check(c events.Connection) *fault.Fault {
	_, f := t.Apply(c)
	return f
}

// Apply completes a connection with what its type knows: endpoints, scopes, parameters and auth style in Auth, and
// as Settings the settings document of the type's connector. The fault is that of Check. c is not changed.
func (t *Type) Apply(c events.Connection) (events.Connection, *fault.Fault) {
	m, ok := t.methods[c.Auth.Method]
	if !ok {
		return c, fault.New(fault.SettingsInvalid, "this connection type does not support the authentication method").
			WithField("/data/auth/method").WithHint("it supports " + strings.Join(t.MethodNames(), ", "))
	}
	v, f := t.read(c.Settings)
	if f != nil {
		return c, f
	}
	if c.Settings, f = t.document(v); f != nil {
		return c, f
	}
	c.Auth, f = m.complete(c.Auth, v.text)
	return c, f
}

// document is what httpc and the connectors on top of it read.
func (t *Type) document(v values) (json.RawMessage, *fault.Fault) {
	d := make(map[string]any)
	var err error
	if d["base_url"], err = t.base.expand(v.text); err != nil {
		return nil, badValue(err)
	}
	if t.Test != "" {
		if d["test_path"], err = t.test.expand(v.text); err != nil {
			return nil, badValue(err)
		}
	}
	if len(t.headers) > 0 {
		if d["headers"], err = expandAll(t.headers, v.text); err != nil {
			return nil, badValue(err)
		}
	}
	if len(t.failures) > 0 {
		d["auth_failures"] = t.failures
	}
	for _, s := range t.Settings {
		if value, ok := v.given[s.Name]; ok && s.Passed {
			d[s.Name] = value
		}
	}
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, fault.Wrap(fault.SettingsInvalid, "the settings can not be handed to the connector", err).WithField("/data/settings")
	}
	return raw, nil
}

// complete fills in what the type has, and refuses what the connection says otherwise.
func (m *method) complete(a events.AuthSettings, text map[string]string) (events.AuthSettings, *fault.Fault) {
	urls, err := expandAll(m.urls, text)
	if err != nil {
		return a, badValue(err)
	}
	audience, err := m.audience.expand(text)
	if err != nil {
		return a, badValue(err)
	}
	for _, own := range []struct {
		name, value string
		into        *string
	}{
		{"header", m.Header, &a.Header}, {"auth_style", m.AuthStyle, &a.AuthStyle},
		{"token_url", urls["token_url"], &a.TokenURL}, {"authorize_url", urls["authorize_url"], &a.AuthorizeURL},
		{"device_url", urls["device_url"], &a.DeviceURL}, {"revoke_url", urls["revoke_url"], &a.RevokeURL},
		{"audience", audience, &a.Audience}, {"algorithm", m.Algorithm, &a.Algorithm},
	} {
		if own.value != "" && *own.into != "" && *own.into != own.value {
			return a, ownAlready(own.name)
		}
		*own.into = cmp.Or(own.value, *own.into)
	}
	if m.Method.Method.AsksProvider() && a.TokenURL == "" {
		return a, fault.New(fault.SettingsInvalid, "token_url is missing").WithField("/data/auth/token_url")
	}
	return m.parameters(a, text)
}

func (m *method) parameters(a events.AuthSettings, text map[string]string) (events.AuthSettings, *fault.Fault) {
	params, err := expandAll(m.params, text)
	if err != nil {
		return a, badValue(err)
	}
	for _, name := range slices.Sorted(maps.Keys(params)) {
		if given, ok := a.Params[name]; ok && given != params[name] {
			return a, ownAlready("params/" + escape(name))
		}
	}
	if len(params) > 0 {
		maps.Copy(params, a.Params)
		a.Params = params
	}
	if len(a.Scopes) > 0 {
		return a, nil
	}
	for _, s := range m.scopes {
		scope, err := s.expand(text)
		if err != nil {
			return a, badValue(err)
		}
		a.Scopes = append(a.Scopes, scope)
	}
	return a, nil
}

func ownAlready(name string) *fault.Fault {
	return fault.New(fault.SettingsInvalid, "the connection type has its own, and takes no other").WithField("/data/auth/" + name)
}

func expandAll(ts map[string]template, text map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(ts))
	for name, t := range ts {
		s, err := t.expand(text)
		if err != nil {
			return nil, err
		}
		out[name] = s
	}
	return out, nil
}

// badValue names the setting whose value can not stand where the type needs it.
func badValue(err error) *fault.Fault {
	if bad, ok := errors.AsType[*badValueError](err); ok {
		return wrongSetting(bad.setting, bad.Error())
	}
	return fault.Wrap(fault.SettingsInvalid, "the settings can not be used", err).WithField("/data/settings")
}

// escape makes a name a token of a JSON pointer (RFC 6901).
func escape(name string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(name) }
