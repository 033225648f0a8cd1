package vaultclient

import (
	"crypto/tls"
	"net/http"

	"github.com/hashicorp/vault/api"

	"holdfast/internal/fault"
)

// configureTLS loads the files of t into the transport; TLS 1.2 is the least.
func configureTLS(cfg *api.Config, transport *http.Transport, t TLSConfig) error {
	transport.TLSClientConfig = &tls.Config{MinVersion: tls.VersionTLS12}
	err := cfg.ConfigureTLS(&api.TLSConfig{
		CACert:        t.CACert,
		ClientCert:    t.ClientCert,
		ClientKey:     t.ClientKey,
		TLSServerName: t.ServerName,
		Insecure:      t.InsecureSkipVerify,
	})
	if err != nil {
		return fault.Wrap(fault.VaultLogin, "the TLS files for Vault can not be used", err).WithField("/tls").
			WithHint("check that the files exist, are readable and hold PEM certificates and a key that belong together")
	}
	return nil
}
