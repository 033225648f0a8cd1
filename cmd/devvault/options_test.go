package main

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOptionsRefused(t *testing.T) {
	cases := map[string]struct {
		args []string
		says string
	}{
		"every interface":     {[]string{"--listen", "0.0.0.0:0"}, "--allow-non-loopback"},
		"empty host":          {[]string{"--listen", ":8200"}, "--allow-non-loopback"},
		"no port":             {[]string{"--listen", "127.0.0.1"}, "--listen"},
		"unknown storage":     {[]string{"--storage", "tape"}, "memory, file or raft"},
		"file without folder": {[]string{"--storage", "file"}, "--data"},
		"half of TLS":         {[]string{"--tls-cert", "x.pem"}, "go together"},
		"unknown level":       {[]string{"--log-level", "loud"}, "--log-level"},
		"stray argument":      {[]string{"server"}, "unexpected"},
		"missing token file":  {[]string{"--root-token-file", "/nonexistent"}, "--root-token-file"},
		"two tokens":          {[]string{"--root-token", "a", "--root-token-file", "b"}, "exclude"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			_, err := parseOptions(c.args, io.Discard)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want something that says %q", err, c.says)
			}
		})
	}
}

func TestOptionsAccepted(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := parseOptions([]string{"--listen", "0.0.0.0:8200", "--allow-non-loopback", "--root-token-file", token}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if o.rootToken != "from-file" {
		t.Errorf("root token %q", o.rootToken)
	}
	for _, listen := range []string{"[::1]:0", "localhost:0", "127.0.0.9:1"} {
		if _, err := parseOptions([]string{"--listen", listen}, io.Discard); err != nil {
			t.Errorf("%s: %v", listen, err)
		}
	}
}
