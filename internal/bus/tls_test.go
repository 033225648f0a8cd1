package bus_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"holdfast/internal/bus"
	"holdfast/internal/fault"
	"holdfast/internal/natsd"
	"holdfast/internal/testkit"
)

// certify makes a certificate for a name, which is its own authority, and its key.
func certify(t *testing.T, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	must(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	must(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600))
	return certFile, keyFile
}

func TestTLSExpectsTheServerNameThatIsConfigured(t *testing.T) {
	cert, key := certify(t, "bus.internal")
	conf := filepath.Join(t.TempDir(), "tls.conf")
	must(t, os.WriteFile(conf, fmt.Appendf(nil, "tls { cert_file: %q, key_file: %q }\n", cert, key), 0o600))
	n := testkit.StartNATS(t, func(o *natsd.Options) { o.ConfigFile = conf })
	for name, tt := range map[string]struct {
		tls  bus.TLS
		good bool
	}{
		"the certificate's name":         {bus.TLS{CAFile: cert, ServerName: "bus.internal"}, true},
		"the host, which is another one": {bus.TLS{CAFile: cert}, false},
		"another name":                   {bus.TLS{CAFile: cert, ServerName: "elsewhere.internal"}, false},
		"an authority nobody trusts":     {bus.TLS{ServerName: "bus.internal"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := testkit.BusConfig(n.ClientURL(), func(c *bus.Config) { c.TLS, c.StartTimeout = tt.tls, time.Second })
			b, err := bus.Connect(t.Context(), cfg, testkit.Logger(t), nil)
			if err == nil {
				b.Close()
			}
			if tt.good != (err == nil) || (err != nil && reason(err) != fault.BusUnavailable) {
				t.Fatal(err)
			}
		})
	}
}
