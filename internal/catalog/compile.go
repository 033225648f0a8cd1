package catalog

import (
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strconv"
)

// compiler looks for what a schema can not see.
type compiler struct {
	source

	t        *Type
	settings map[string]Setting
	problems []Problem
}

func compile(spec Spec, src source) (*Type, []Problem) {
	spec.From = src.name
	c := &compiler{source: src, settings: make(map[string]Setting), t: &Type{
		Spec: spec, headers: make(map[string]template),
		patterns: make(map[string]*regexp.Regexp), methods: make(map[string]*method),
	}}
	c.readSettings()
	c.t.base = c.template(parseURL, spec.BaseURL, "base_url")
	if spec.Test != "" {
		c.t.test = c.template(parsePath, spec.Test, "test")
	}
	for name, value := range spec.Headers {
		c.t.headers[name] = c.template(parseText, value, "headers", name)
	}
	c.readFailures()
	for i := range spec.Auth {
		c.readMethod(i, &spec.Auth[i])
	}
	c.checkActions()
	if spec.Replaces != "" && spec.Replaces != spec.Name {
		c.wrong("is not the type's own name: a type takes the place of one of the same name", "replaces")
	}
	if len(c.problems) > 0 {
		return nil, c.problems
	}
	return c.t, nil
}

func (c *compiler) wrong(text string, path ...string) {
	c.problems = append(c.problems, c.problem(text, path...))
}

func (c *compiler) readSettings() {
	for i, s := range c.t.Settings {
		at := func(key string) []string { return []string{"settings", strconv.Itoa(i), key} }
		if _, twice := c.settings[s.Name]; twice {
			c.wrong("there is another setting of this name", at("name")...)
		}
		c.settings[s.Name] = s
		if s.Pattern != "" {
			re, err := regexp.Compile(`\A(?:` + s.Pattern + `)\z`)
			if err != nil {
				c.wrong("is no regular expression", at("pattern")...)
				continue
			}
			c.t.patterns[s.Name] = re
		}
		if s.Pattern != "" && s.Type != "string" {
			c.wrong("only strings have a pattern", at("pattern")...)
		}
		if s.Secret && (s.Passed || s.Default != nil) {
			c.wrong("a secret is in Vault alone: it is neither passed on nor has a default", at("secret")...)
		}
		if s.Default != nil {
			if why := c.t.misfit(s, s.Default); why != "" {
				c.wrong(why, at("default")...)
			}
		}
	}
}

// wholeAddress is how the pattern of a setting begins that is a whole address.
var wholeAddress = regexp.MustCompile(`^(https\??|\(\?i:https\??\))://`)

// template parses text, and looks at the settings that it holds.
func (c *compiler) template(parse func(string) (template, error), text string, path ...string) template {
	t, err := parse(text)
	if err != nil {
		c.wrong(err.Error(), path...)
	}
	for _, p := range t.parts {
		if p.setting == "" {
			continue
		}
		s, ok := c.settings[p.setting]
		switch {
		case !ok:
			c.wrong(fmt.Sprintf("there is no setting %q", p.setting), path...)
		case s.Secret || s.Type == "list":
			c.wrong(fmt.Sprintf("the setting %q is a secret or a list, and can stand nowhere", p.setting), path...)
		case !s.Required && s.Default == nil:
			c.wrong(fmt.Sprintf("the setting %q is needed here: it is required, or has a default", p.setting), path...)
		case p.place != inPath && p.place != inQuery && s.Type == "string" && s.Pattern == "":
			c.wrong(fmt.Sprintf("the setting %q needs a pattern to stand here", p.setting), path...)
		case p.place == asURL && !wholeAddress.MatchString(s.Pattern):
			c.wrong(fmt.Sprintf("the pattern of %q begins with https:// or https?://, for it is a whole address", p.setting), path...)
		}
	}
	return t
}

func (c *compiler) readFailures() {
	for i, f := range c.t.BadCredentials {
		if _, err := regexp.Compile(f.Body); err != nil {
			c.wrong("is no regular expression", "bad_credentials", strconv.Itoa(i), "body")
		}
		if f.Status != http.StatusUnauthorized {
			c.t.failures = append(c.t.failures, f)
		}
	}
}

func (c *compiler) readMethod(i int, m *Method) {
	at := func(keys ...string) []string { return append([]string{"auth", strconv.Itoa(i)}, keys...) }
	name := string(m.Method)
	if c.t.methods[name] != nil {
		c.wrong("the method is there twice", at("method")...)
	}
	out := &method{Method: m, urls: make(map[string]template), params: make(map[string]template)}
	c.t.methods[name] = out
	for member, text := range map[string]string{
		"authorize_url": m.AuthorizeURL, "token_url": m.TokenURL, "device_url": m.DeviceURL, "revoke_url": m.RevokeURL,
	} {
		if text == "" {
			continue
		}
		if !m.Method.AsksProvider() {
			c.wrong("only oauth2 methods have a provider", at(member)...)
		}
		out.urls[member] = c.template(parseURL, text, at(member)...)
	}
	for n, text := range m.Scopes {
		out.scopes = append(out.scopes, c.template(parseText, text, at("scopes", strconv.Itoa(n))...))
	}
	for key, text := range m.TokenParams {
		out.params[key] = c.template(parseText, text, at("token_params", key)...)
	}
	out.audience = c.template(parseText, m.Audience, at("audience")...)
	c.checkFields(m, at)
}

// checkFields finds names of fields that the method's secret does not have.
func (c *compiler) checkFields(m *Method, at func(...string) []string) {
	known := make(map[string]bool)
	for _, f := range m.Method.Fields() {
		known[f.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if !known[name] {
			c.wrong("the method's secret has no such field", at("fields", name)...)
		}
	}
}

// checkActions finds methods of actions that the type does not have.
func (c *compiler) checkActions() {
	for i, a := range c.t.Actions {
		for n, m := range a.Methods {
			if c.t.methods[string(m)] == nil {
				c.wrong("the type has no such authentication method", "actions", strconv.Itoa(i), "methods", strconv.Itoa(n))
			}
		}
	}
}
