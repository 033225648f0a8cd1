package authn

import (
	"strings"

	"golang.org/x/net/http/httpguts"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
	"holdfast/vaultclient"
)

// field is a field that the connection's method needs.
func field(s vaultclient.Secret, name string) (secret.Value, error) {
	v, ok := s.Get(name)
	switch {
	case !ok:
		return secret.Value{}, malformed(name, "is missing")
	case v.Empty():
		return secret.Value{}, malformed(name, "is empty")
	}
	return v, nil
}

// headerField is a field that goes into a header as it is. A value read from a file with its last line break
// is the usual mistake; it is told, not mended: the next reader of the secret would stumble over it.
func headerField(s vaultclient.Secret, name string) (secret.Value, error) {
	v, err := field(s, name)
	if err == nil && (!httpguts.ValidHeaderFieldValue(v.Reveal()) || strings.TrimSpace(v.Reveal()) != v.Reveal()) {
		return secret.Value{}, malformed(name, "holds a line break, a control character or a space at an end")
	}
	return v, err
}

func malformed(name, what string) *fault.Fault {
	return fault.New(fault.SecretMalformed, "the secret's field "+name+" "+what).WithField("/" + name)
}

func hasControl(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7f })
}

// sensitive are the values to mask wherever they come back; names and ids are none.
func sensitive(s vaultclient.Secret) []secret.Value {
	var out []secret.Value
	for _, name := range []string{fieldRefresh, "private_key"} {
		if v, ok := s.Get(name); ok && !v.Empty() {
			out = append(out, v)
		}
	}
	listed, _ := clientSecrets(s) // one that can not be read is never sent
	for _, c := range listed {
		out = append(out, c.value)
	}
	return out
}
