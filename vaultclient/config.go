package vaultclient

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"holdfast/internal/fault"
	"holdfast/internal/secret"
)

// Method names a way to log in to Vault.
type Method string

// The ways to log in.
const (
	MethodToken      Method = "token"      // a token given by configuration
	MethodTokenFile  Method = "token_file" // a file that Vault Agent keeps current; read again on a 403
	MethodAppRole    Method = "approle"
	MethodKubernetes Method = "kubernetes"
	MethodJWT        Method = "jwt"
)

// Config is how to reach Vault and log in. Zero values of Mount, Prefix, Timeout and MaxInFlight mean their
// defaults; CacheTTL and StaleFor are off at zero, see Default.
type Config struct {
	// Address is Vault's base URL, http or https.
	Address string
	// Namespace is a Vault Enterprise namespace; empty for none.
	Namespace string
	// Mount is where the KV v2 engine is mounted: "secret".
	Mount string
	// Prefix is the first part of every secret's path: "holdfast".
	Prefix string
	TLS    TLSConfig
	Auth   AuthConfig
	// Timeout bounds one request, waiting for its turn not included: 5 s.
	Timeout time.Duration
	// MaxInFlight is how many requests may be on their way at once: 16.
	MaxInFlight int
	// CacheTTL is how long a read config secret is used again without asking Vault.
	CacheTTL time.Duration
	// StaleFor is the age up to which a cached config secret may serve while Vault can not be reached. A
	// sealed or denying Vault is reached: then nothing is served from the cache.
	StaleFor time.Duration
}

// TLSConfig is the transport's security; all fields are files but ServerName.
type TLSConfig struct {
	CACert, ClientCert, ClientKey string
	// ServerName is the name to expect in Vault's certificate, where it is not the address's host.
	ServerName string
	// InsecureSkipVerify turns the check of Vault's certificate off.
	InsecureSkipVerify bool
}

// AuthConfig is how to log in; which fields are needed depends on Method.
type AuthConfig struct {
	Method Method
	// Mount is the auth method's mount path; empty means the method's own name.
	Mount string
	// Token is for MethodToken, TokenFile for MethodTokenFile.
	Token     secret.Value
	TokenFile string
	// RoleID and one of SecretID and SecretIDFile are for MethodAppRole; the file is read at each login.
	RoleID       string
	SecretID     secret.Value
	SecretIDFile string
	// Role and JWTFile are for MethodKubernetes and MethodJWT; the file is read at each login. For
	// Kubernetes it may be empty: the service account's token at its usual place.
	Role    string
	JWTFile string
}

// kubernetesJWT is where a pod finds its service account token.
const kubernetesJWT = "/var/run/secrets/kubernetes.io/serviceaccount/token"

// Default is the configuration to start from; address and login are missing.
func Default() Config {
	return Config{
		Mount: "secret", Prefix: "holdfast", Timeout: 5 * time.Second, MaxInFlight: 16,
		CacheTTL: 30 * time.Second, StaleFor: 15 * time.Minute,
	}
}

func (c Config) withDefaults() Config {
	d := Default()
	if c.Mount = strings.Trim(c.Mount, "/"); c.Mount == "" {
		c.Mount = d.Mount
	}
	if c.Prefix = strings.Trim(c.Prefix, "/"); c.Prefix == "" {
		c.Prefix = d.Prefix
	}
	if c.Timeout <= 0 {
		c.Timeout = d.Timeout
	}
	if c.MaxInFlight <= 0 {
		c.MaxInFlight = d.MaxInFlight
	}
	c.Auth = c.Auth.withDefaults()
	return c
}

func (a AuthConfig) withDefaults() AuthConfig {
	if a.Mount = strings.Trim(a.Mount, "/"); a.Mount == "" {
		a.Mount = string(a.Method)
	}
	if a.Method == MethodKubernetes && a.JWTFile == "" {
		a.JWTFile = kubernetesJWT
	}
	return a
}

var safePath = regexp.MustCompile(`^[A-Za-z0-9_=-][A-Za-z0-9_=.-]*(/[A-Za-z0-9_=-][A-Za-z0-9_=.-]*)*$`)

// Validate says what is missing or wrong, with the field as JSON pointer below the vault section.
func (c Config) Validate() error {
	c = c.withDefaults()
	u, err := url.Parse(c.Address)
	switch {
	case err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https"):
		return wrong("/address", "is not an http or https URL").WithHint("for example https://vault.example.com:8200")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return wrong("/address", "carries more than scheme, host, port and path")
	case !safePath.MatchString(c.Mount):
		return wrong("/mount", "is not a mount path")
	case !safePath.MatchString(c.Prefix):
		return wrong("/prefix", "is not a path")
	case (c.TLS.ClientCert == "") != (c.TLS.ClientKey == ""):
		return wrong("/tls/client_cert", "and client_key come together")
	}
	return c.Auth.validate()
}

func (a AuthConfig) validate() error {
	methods := []Method{MethodToken, MethodTokenFile, MethodAppRole, MethodKubernetes, MethodJWT}
	switch {
	case !slices.Contains(methods, a.Method):
		return wrong("/auth/method", "is none of token, token_file, approle, kubernetes, jwt")
	case !safePath.MatchString(a.Mount):
		return wrong("/auth/mount", "is not a mount path")
	case a.Method == MethodToken && a.Token.Empty():
		return wrong("/auth/token", "is missing")
	case a.Method == MethodTokenFile && a.TokenFile == "":
		return wrong("/auth/token_file", "is missing")
	case a.Method == MethodAppRole && a.RoleID == "":
		return wrong("/auth/role_id", "is missing")
	case a.Method == MethodAppRole && a.SecretID.Empty() && a.SecretIDFile == "":
		return wrong("/auth/secret_id", "is missing")
	case (a.Method == MethodKubernetes || a.Method == MethodJWT) && a.Role == "":
		return wrong("/auth/role", "is missing")
	case a.Method == MethodJWT && a.JWTFile == "":
		return wrong("/auth/jwt_file", "is missing")
	}
	return nil
}

// wrong is a mistake in our own configuration, which keeps us from logging in.
func wrong(field, what string) *fault.Fault {
	return fault.New(fault.VaultLogin, "the Vault setting "+field+" "+what).WithField(field)
}
