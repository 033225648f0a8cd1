package vaultclient

import (
	"encoding/pem"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"holdfast/internal/fault"
)

func TestTLSTrustsTheGivenAuthorityAndNoOther(t *testing.T) {
	r := newRig(t)
	front := httptest.NewTLSServer(r.proxy)
	t.Cleanup(front.Close)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	behind := func(tls TLSConfig) *Client {
		return r.newClient(t, asRootWith(r.vault.RootToken), func(c *Config) { c.Address, c.TLS = front.URL, tls })
	}
	if err := behind(TLSConfig{CACert: ca}).Start(t.Context()); err != nil {
		t.Errorf("with its authority: %v", err)
	}
	if err := behind(TLSConfig{CACert: ca, ServerName: "example.com"}).Start(t.Context()); err != nil {
		t.Errorf("with another of the certificate's names: %v", err)
	}
	wantReason(t, behind(TLSConfig{}).Start(t.Context()), fault.VaultUnavailable)
	wantReason(t, behind(TLSConfig{CACert: ca, ServerName: "vault.internal"}).Start(t.Context()), fault.VaultUnavailable)
	if err := behind(TLSConfig{InsecureSkipVerify: true}).Start(t.Context()); err != nil {
		t.Errorf("unchecked on purpose: %v", err)
	}
}
