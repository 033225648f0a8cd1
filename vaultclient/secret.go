package vaultclient

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Secret is one version of one KV v2 secret: named string values. It prints, marshals and logs without its
// values. The zero Secret is one that holds nothing.
type Secret struct {
	// Version is Vault's version number, from 1; 0 means that there is nothing.
	Version int
	// Created is when that version was written, by Vault's clock: a secret that was deleted with all its
	// versions starts again at version 1.
	Created time.Time
	fields  map[string]secret.Value
}

// Get is the value of a field, and whether there is such a field.
func (s Secret) Get(field string) (secret.Value, bool) {
	v, ok := s.fields[field]
	return v, ok
}

// Fields are the names of the fields, sorted; names are not secret.
func (s Secret) Fields() []string { return slices.Sorted(maps.Keys(s.fields)) }

// Values are all values, in the order of Fields, for masking them in what leaves the process.
func (s Secret) Values() []secret.Value {
	out := make([]secret.Value, 0, len(s.fields))
	for _, name := range s.Fields() {
		out = append(out, s.fields[name])
	}
	return out
}

// String is the redaction mark and the version.
func (s Secret) String() string { return secret.Redacted + " v" + strconv.Itoa(s.Version) }

// Format prints String whatever the verb, %#v included.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText is String; JSON and YAML use it too.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalZerologObject logs the version only.
func (s Secret) MarshalZerologObject(e *zerolog.Event) {
	e.Int("version", s.Version).Bool("redacted", true)
}

// Version is what KV v2 metadata say of a secret's current version.
type Version struct {
	// Current is the current version's number; 0 where nothing was ever written.
	Current int
	// Created is when the current version was written, by Vault's clock; zero without one.
	Created time.Time
	// Deleted and Destroyed tell what happened to the current version; a deleted one can be undeleted.
	Deleted, Destroyed bool
}

// gone tells whether there is a current version without data.
func (v Version) gone() bool { return v.Current > 0 && (v.Deleted || v.Destroyed) }

// listField is the one field whose value is a list. It may be written as one, or as its JSON text.
const listField = "client_secrets"

// parseSecret reads the answer of a KV v2 read: {"data": {…}, "metadata": {"version": n}}. Numbers and
// booleans become their JSON text, and so does the list of listField; null and nested values are SecretMalformed.
func parseSecret(data json.RawMessage) (Secret, error) {
	var kv struct {
		Data     map[string]any `json:"data"`
		Metadata struct {
			Version int       `json:"version"`
			Created time.Time `json:"created_time"`
		} `json:"metadata"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&kv); err != nil || kv.Metadata.Version < 1 || kv.Data == nil {
		return Secret{}, notVault()
	}
	s := Secret{Version: kv.Metadata.Version, Created: kv.Metadata.Created, fields: make(map[string]secret.Value, len(kv.Data))}
	for name, v := range kv.Data {
		text, ok := scalar(v)
		if list, is := v.([]any); is && name == listField {
			raw, err := json.Marshal(list)
			text, ok = string(raw), err == nil
		}
		if !ok {
			return Secret{}, fault.New(fault.SecretMalformed, "a field of the secret is neither text, number nor boolean").
				WithField("/" + name).WithHint("write each field as one string value")
		}
		s.fields[name] = secret.New(text)
	}
	return s, nil
}

func scalar(v any) (string, bool) {
	switch t := v.(type) {
	case string:
		return t, true
	case json.Number:
		return t.String(), true
	case bool:
		return strconv.FormatBool(t), true
	default:
		return "", false
	}
}
