package vaultclient

import (
	"testing"

	"github.com/rs/zerolog"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

func TestConfigurationMistakesNameTheField(t *testing.T) {
	good := func() Config {
		c := Default()
		c.Address, c.Auth = "https://vault:8200", AuthConfig{Method: MethodToken, Token: secret.New("t")}
		return c
	}
	cases := map[string]struct {
		change func(*Config)
		field  string
	}{
		"no address":            {func(c *Config) { c.Address = "" }, "/address"},
		"another scheme":        {func(c *Config) { c.Address = "ftp://vault" }, "/address"},
		"a password in it":      {func(c *Config) { c.Address = "https://a:b@vault" }, "/address"},
		"a query in it":         {func(c *Config) { c.Address = "https://vault?x=y" }, "/address"},
		"mount leaves its path": {func(c *Config) { c.Mount = "../sys" }, "/mount"},
		"prefix with wildcard":  {func(c *Config) { c.Prefix = "a/+" }, "/prefix"},
		"key without cert":      {func(c *Config) { c.TLS.ClientKey = "k.pem" }, "/tls/client_cert"},
		"CA file missing":       {func(c *Config) { c.TLS.CACert = "/nonexistent/ca.pem" }, "/tls"},
		"no method":             {func(c *Config) { c.Auth = AuthConfig{} }, "/auth/method"},
		"odd method":            {func(c *Config) { c.Auth.Method = "ldap" }, "/auth/method"},
		"odd mount":             {func(c *Config) { c.Auth.Mount = "a b" }, "/auth/mount"},
		"no token":              {func(c *Config) { c.Auth.Token = secret.Value{} }, "/auth/token"},
		"no token file":         {func(c *Config) { c.Auth.Method = MethodTokenFile }, "/auth/token_file"},
		"no role id":            {func(c *Config) { c.Auth.Method = MethodAppRole }, "/auth/role_id"},
		"no secret id":          {func(c *Config) { c.Auth = AuthConfig{Method: MethodAppRole, RoleID: "r"} }, "/auth/secret_id"},
		"no role":               {func(c *Config) { c.Auth.Method = MethodKubernetes }, "/auth/role"},
		"no jwt file":           {func(c *Config) { c.Auth = AuthConfig{Method: MethodJWT, Role: "r"} }, "/auth/jwt_file"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			c := good()
			tc.change(&c)
			_, err := New(c, zerolog.Nop(), nil)
			wantReason(t, err, fault.VaultLogin)
			if got := fault.From(err).Field; got != tc.field {
				t.Errorf("field %q, want %q", got, tc.field)
			}
		})
	}
	if _, err := New(good(), zerolog.Nop(), nil); err != nil {
		t.Errorf("a good one: %v", err)
	}
}

// TestOnlyConfigDecidesWhatIsSent sets what the Vault library reads from the environment.
func TestOnlyConfigDecidesWhatIsSent(t *testing.T) {
	t.Setenv("VAULT_TOKEN", "from-the-environment")
	t.Setenv("VAULT_NAMESPACE", "elsewhere")
	t.Setenv("VAULT_WRAP_TTL", "60s")
	t.Setenv("VAULT_HEADERS", `{"X-Canary":"yes"}`)
	r := newRig(t)
	r.vault.Put(t, confPath, map[string]any{"password": "p"})
	r.proxy.Reset()
	if _, err := r.client.Config(t.Context(), "acme", "crm", true); err != nil {
		t.Fatal(err)
	}
	for _, h := range r.proxy.Headers() {
		if h.Get("X-Vault-Token") == "from-the-environment" || h.Get("X-Vault-Namespace") != "" ||
			h.Get("X-Vault-Wrap-Ttl") != "" || h.Get("X-Canary") != "" {
			t.Errorf("the environment got in: %v", h)
		}
	}
}
