package config

import (
	"time"

	"holdfast/internal/secret"
)

// Config is every setting of Holdfast. A field's tags are the only place where a setting is described:
// the YAML key, the environment variable, the flag, the documentation and the checks come from them.
//
//	yaml     the key in the file; HOLDFAST_<SECTION>_<KEY> and --<section>-<key> are made from it
//	default  the value where nobody sets one, written as in the file
//	help     one sentence for people
//	min,max  the bounds, both allowed
//	oneof    the words allowed
//	alias    a plain environment variable that other tools use, too; HOLDFAST_… wins over it
//	common   shown in every command's help
//
// Secrets are secret.Value: the whole Config may be printed.
type Config struct {
	NATS        NATS        `yaml:"nats"`
	Vault       Vault       `yaml:"vault"`
	Worker      Worker      `yaml:"worker"`
	Retention   Retention   `yaml:"retention"`
	Suspension  Suspension  `yaml:"suspension"`
	Connections Connections `yaml:"connections"`
	Permissions Permissions `yaml:"permissions"`
	HTTP        HTTP        `yaml:"http"`
	Listen      Listen      `yaml:"listen"`
	Console     Console     `yaml:"console"`
	Log         Log         `yaml:"log"`
	Tracing     Tracing     `yaml:"tracing"`
}

// NATS is how to reach the bus, and what is made on it.
type NATS struct {
	URLs         []string      `yaml:"urls" default:"nats://127.0.0.1:4222" alias:"NATS_URL" common:"true" help:"Servers, as URLs; in variables and flags separated by commas. User names and passwords do not belong here."`
	Name         string        `yaml:"name" default:"holdfast" help:"Connection name, as the server's monitoring shows it."`
	CredsFile    string        `yaml:"creds_file" help:"File with a user JWT and its seed (.creds)."`
	NKeyFile     string        `yaml:"nkey_file" help:"File with an NKey seed."`
	User         string        `yaml:"user" help:"User name."`
	Password     secret.Value  `yaml:"password" help:"Password of the user."`
	PasswordFile string        `yaml:"password_file" help:"File with the password."`
	Token        secret.Value  `yaml:"token" help:"Token, instead of user and password."`
	TokenFile    string        `yaml:"token_file" help:"File with the token."`
	TLS          TLS           `yaml:"tls"`
	InboxPrefix  string        `yaml:"inbox_prefix" default:"_INBOX_holdfast" help:"Prefix of the reply subjects; the server's permissions allow just this one."`
	Replicas     int           `yaml:"replicas" default:"1" min:"1" max:"5" help:"Copies of each stream and bucket; 3 in a cluster of three."`
	StartTimeout time.Duration `yaml:"start_timeout" default:"30s" min:"1s" help:"How long to keep trying to reach the bus and Vault at start before giving up."`
}

// TLS is a client's side of TLS.
type TLS struct {
	CAFile     string `yaml:"ca_file" help:"File with the authorities to trust (PEM); the system's where empty."`
	CertFile   string `yaml:"cert_file" help:"File with the client certificate (PEM)."`
	KeyFile    string `yaml:"key_file" help:"File with the client certificate's private key (PEM)."`
	ServerName string `yaml:"server_name" help:"Name to expect in the server's certificate; the host's where empty."`
}

// Vault is how to reach Vault and how to log in there.
type Vault struct {
	Address     string        `yaml:"address" default:"http://127.0.0.1:8200" alias:"VAULT_ADDR" common:"true" help:"Vault's address."`
	Namespace   string        `yaml:"namespace" help:"Vault namespace."`
	Mount       string        `yaml:"mount" default:"secret" help:"Mount path of the KV version 2 engine."`
	Prefix      string        `yaml:"prefix" default:"holdfast" help:"Path below the mount; secrets are at <mount>/<prefix>/<tenant>/conn/<connection>/config."`
	TLS         TLS           `yaml:"tls"`
	Auth        Auth          `yaml:"auth"`
	Timeout     time.Duration `yaml:"timeout" default:"5s" min:"100ms" max:"1m" help:"Bound on one call."`
	MaxInFlight int           `yaml:"max_in_flight" default:"16" min:"1" max:"1024" help:"Calls at the same time."`
	CacheTTL    time.Duration `yaml:"cache_ttl" default:"30s" min:"0s" max:"1h" help:"How long a secret is reused before it is read again; 0 turns the cache off."`
	StaleFor    time.Duration `yaml:"stale_for" default:"15m" min:"0s" max:"24h" help:"How old a cached secret may serve while Vault can not be reached (not while it is sealed); 0 turns that off."`
}

// Auth is the login at Vault.
type Auth struct {
	Method       string       `yaml:"method" default:"token" oneof:"token,token_file,approle,kubernetes,jwt" help:"How to log in. token_file reads its file again when Vault refuses the token (Vault Agent's sink)."`
	Token        secret.Value `yaml:"token" alias:"VAULT_TOKEN" help:"Token, for method token."`
	TokenFile    string       `yaml:"token_file" help:"File with the token, for methods token and token_file."`
	RoleID       string       `yaml:"role_id" help:"AppRole's role id."`
	SecretID     secret.Value `yaml:"secret_id" help:"AppRole's secret id."`
	SecretIDFile string       `yaml:"secret_id_file" help:"File with the secret id."`
	Role         string       `yaml:"role" help:"Role, for methods kubernetes and jwt."`
	JWTFile      string       `yaml:"jwt_file" help:"File with the JWT, read at each login; for kubernetes, the service account's where empty."`
	Mount        string       `yaml:"mount" help:"Mount path of the auth method; the method's name where empty."`
}

// Worker is how much a worker does at a time, and how it paces itself.
type Worker struct {
	Concurrency           int           `yaml:"concurrency" default:"64" min:"1" max:"4096" common:"true" help:"Messages handled at the same time."`
	Prefetch              int           `yaml:"prefetch" default:"500" min:"1" max:"10000" help:"Messages fetched ahead."`
	AckWait               time.Duration `yaml:"ack_wait" default:"30s" min:"2s" max:"10m" help:"How long the bus waits for a sign of life before it gives a message to another worker."`
	BackoffBase           time.Duration `yaml:"backoff_base" default:"250ms" min:"10ms" max:"1m" help:"First delay before a failed message comes again; it doubles each time, with jitter."`
	BackoffMax            time.Duration `yaml:"backoff_max" default:"30s" min:"10ms" max:"1h" help:"Longest delay before a failed message comes again."`
	DrainTimeout          time.Duration `yaml:"drain_timeout" default:"25s" min:"1s" max:"10m" help:"How long running actions may take to finish after SIGTERM; then they are handed back."`
	Setup                 bool          `yaml:"setup" default:"false" help:"Create and update streams, consumers and buckets at start, as holdfast setup does."`
	BrokenPollInterval    time.Duration `yaml:"broken_poll_interval" default:"15s" min:"1s" max:"1h" help:"How often Vault is asked whether the secrets of broken connections changed."`
	WatchInterval         time.Duration `yaml:"watch_interval" default:"15s" min:"1s" max:"10m" help:"How often a worker looks at its consumers' lag, at bus and Vault, and at its connections, for the metrics."`
	SweepInterval         time.Duration `yaml:"sweep_interval" default:"1h" min:"1s" max:"24h" help:"How often all suspensions are looked through for lost alarms and missed repairs."`
	ResumeRate            float64       `yaml:"resume_rate" default:"2000" min:"0.1" max:"100000" help:"Suspended runs resumed per second, for one connection and worker."`
	ProviderPatience      time.Duration `yaml:"provider_patience" default:"15m" min:"0s" max:"24h" help:"How long unclear answers of an identity provider (an HTML page, a 404) are retried before the run is suspended."`
	AccessTokenRenewAhead time.Duration `yaml:"access_token_renew_ahead" default:"1m" min:"1s" max:"1h" help:"How long before its end an OAuth access token is renewed."`
}

// Retention is how long the streams keep what they hold. HF_CONNECTIONS keeps everything, and
// HF_SUSPENSIONS keeps chains for Suspension.Max and a day.
type Retention struct {
	Actions     time.Duration `yaml:"actions" default:"168h" min:"2h" help:"HF_ACTIONS; requests older than this, less an hour, become dead letters."`
	Outcomes    time.Duration `yaml:"outcomes" default:"168h" min:"2h" help:"HF_OUTCOMES, the ledger; at least as long as actions. A request costs the server about 500 bytes of memory while it is kept."`
	Notices     time.Duration `yaml:"notices" default:"336h" min:"1h" help:"HF_NOTICES."`
	DeadLetters time.Duration `yaml:"deadletters" default:"1008h" min:"1h" help:"HF_DEADLETTERS."`
	History     time.Duration `yaml:"history" default:"4320h" min:"1h" help:"HF_HISTORY."`
}

// Suspension is how long runs wait for credentials that work.
type Suspension struct {
	Default    time.Duration `yaml:"default" default:"240h" min:"1s" help:"How long a run waits before it is terminated, where its connection does not say."`
	EndingSoon time.Duration `yaml:"ending_soon" default:"24h" min:"0s" help:"How long before the end the notice ending_soon is published."`
	Max        time.Duration `yaml:"max" default:"2160h" min:"1s" help:"The longest that a connection or an extension may ask for."`
}

// Connections is how connections live.
type Connections struct {
	TypesDir     string        `yaml:"types_dir" help:"Folder with more connection types, one YAML file each; docs/connection-types.md tells what they say."`
	RestoreFor   time.Duration `yaml:"restore_for" default:"720h" min:"0s" help:"How long a deleted connection can be brought back; 0: for ever. Its secret must still be in Vault, too."`
	AnnounceEnds []string      `yaml:"announce_ends" default:"336h,72h,24h" help:"How long ahead of a known end (of a connection, a password, a refresh token, a client secret) it is announced; each time once."`
}

// Permissions is how permission sets count.
type Permissions struct {
	RequireApp   bool          `yaml:"require_app" default:"false" help:"Deny action requests that name no app: no permission set has a say in them."`
	MaxAge       time.Duration `yaml:"max_age" default:"30s" min:"0s" max:"1h" help:"How long ago what is known of users and permission sets may have been proven to be all; a worker that knows less decides nothing. 0: however long."`
	QuestionRate float64       `yaml:"question_rate" default:"500" min:"0" max:"1000000" help:"Questions about permissions that a worker answers per second and tenant; 0: no bound."`
}

// HTTP bounds what the http connector and token requests do.
type HTTP struct {
	AllowAddresses []string      `yaml:"allow_addresses" help:"Networks (CIDR), addresses and host names that may be reached although they are loopback, link-local or metadata addresses."`
	Timeout        time.Duration `yaml:"timeout" default:"30s" min:"100ms" max:"15m" help:"Bound on one request, body included."`
}

// Listen is where the worker can be asked.
type Listen struct {
	Metrics string `yaml:"metrics" default:"127.0.0.1:9464" help:"Address of /metrics, /healthz, /readyz and /waiting, without a login; empty turns them off."`
}

// Console is where people sign accounts in, and who may look at connections there.
type Console struct {
	Listen           string       `yaml:"listen" default:"127.0.0.1:8092" help:"Address that the console listens on."`
	URL              string       `yaml:"url" help:"Where browsers reach the console, as scheme and host; https unless it is this machine. Identity providers send people back to /callback and /signin/callback there. http:// and the listening address where empty."`
	Key              secret.Value `yaml:"key" help:"Key that links, sign-ins and sessions are sealed with, the same on all consoles: 32 characters at least. Made at start where empty; links and sessions then end with the process."`
	KeyFile          string       `yaml:"key_file" help:"File with the key."`
	Issuer           string       `yaml:"issuer" help:"OpenID Connect issuer at which people sign in to the console; empty: the console serves links only, and shows no list."`
	ClientID         string       `yaml:"client_id" help:"The console's client at the issuer."`
	ClientSecret     secret.Value `yaml:"client_secret" help:"The client's secret; empty for a public client."`
	ClientSecretFile string       `yaml:"client_secret_file" help:"File with the client's secret."`
	Tenant           string       `yaml:"tenant" help:"Tenant of everybody who signs in; where empty, tenant_claim says it."`
	TenantClaim      string       `yaml:"tenant_claim" help:"ID token claim with the person's tenant; a dot leads into an object."`
	UserClaim        string       `yaml:"user_claim" default:"sub" help:"ID token claim with the person's id, as the directory knows it."`
}

// Log is what is logged, and how.
type Log struct {
	Level       string        `yaml:"level" default:"info" oneof:"debug,info,warn,error" common:"true" help:"Least level that is logged."`
	Levels      []string      `yaml:"levels" help:"Other levels for parts of a worker, such as bus=debug or deliveries=warn. Parts are bus, deliveries (a line for each), vault, and worker (the rest)."`
	Format      string        `yaml:"format" default:"json" oneof:"json,console" help:"One JSON object a line, or text for people."`
	SlowRequest time.Duration `yaml:"slow_request" default:"10s" min:"0s" help:"A request that is handled for as long is logged as a warning, with the times of its stages; 0 turns that off."`
}

// Tracing is where spans go.
type Tracing struct {
	OTLPEndpoint string  `yaml:"otlp_endpoint" help:"OTLP over HTTP, as a URL such as http://collector:4318 (/v1/traces is added where it has no path); empty turns tracing off."`
	SampleRatio  float64 `yaml:"sample_ratio" default:"1" min:"0" max:"1" help:"Share of the traces that begin here and are sent. An event that brings a trace is sampled as its sender has decided."`
}
