package leaktest

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// shortest is the least length of a value worth searching for: a shorter one is found by chance.
const shortest = 8

// canaries are the secrets to look for, by what they are.
type canaries struct {
	mu    sync.Mutex
	named map[string]string // value → name
}

func newCanaries() *canaries { return &canaries{named: map[string]string{}} }

// add takes a secret in, and gives it back.
func (c *canaries) add(name, value string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(value) >= shortest {
		c.named[value] = name
	}
	return value
}

// header takes in the value of a header with a credential: whole, and without its scheme.
func (c *canaries) header(name, value string) {
	c.add(name, value)
	if scheme, token, ok := strings.Cut(value, " "); ok {
		c.add(name+" without "+scheme, token)
	}
}

// key takes in a private key in PEM: as it is, and its lines one by one.
func (c *canaries) key(name, pem string) {
	c.add(name, pem)
	for i, line := range strings.Split(strings.TrimSpace(pem), "\n") {
		if !strings.HasPrefix(line, "-----") {
			c.add(fmt.Sprintf("%s, line %d", name, i), line)
		}
	}
}

// needle is one way to write a secret down.
type needle struct {
	secret, form string
	text         []byte
}

// needles are all secrets in all forms.
func (c *canaries) needles() []needle {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []needle
	for value, name := range c.named {
		for form, text := range forms(value) {
			if len(text) >= shortest && !slices.ContainsFunc(all, func(n needle) bool { return string(n.text) == text }) {
				all = append(all, needle{name, form, []byte(text)})
			}
		}
	}
	return all
}

// forms are the ways in which a secret is written: plain, escaped, and encoded at every alignment. For
// base64, the characters at both ends depend on what is beside the secret, so they are left out.
func forms(v string) map[string]string {
	quoted, _ := json.Marshal(v)
	twice, _ := json.Marshal(string(quoted[1 : len(quoted)-1]))
	out := map[string]string{
		"plain": v, "JSON": string(quoted[1 : len(quoted)-1]), "JSON in JSON": string(twice[1 : len(twice)-1]),
		"query": url.QueryEscape(v), "path": url.PathEscape(v), "hex": hex.EncodeToString([]byte(v)),
		"HEX": strings.ToUpper(hex.EncodeToString([]byte(v))),
	}
	for before := range 3 {
		padded := append(make([]byte, before), v...)
		padded = padded[:len(padded)-len(padded)%3]
		skip := (before*8 + 5) / 6
		out[fmt.Sprintf("base64 at %d", before)] = base64.StdEncoding.EncodeToString(padded)[skip:]
		out[fmt.Sprintf("base64url at %d", before)] = base64.URLEncoding.EncodeToString(padded)[skip:]
	}
	return out
}

// finding is a secret in a place where it should not be. It names the secret and never repeats it.
type finding struct{ place, secret, form string }

// search looks for every secret in every form in all of the evidence.
func search(c *canaries, evidence map[string][]byte) []finding {
	needles := c.needles()
	var found []finding
	for place, data := range evidence {
		for _, n := range needles {
			if bytes.Contains(data, n.text) {
				found = append(found, finding{place, n.secret, n.form})
			}
		}
	}
	return found
}
