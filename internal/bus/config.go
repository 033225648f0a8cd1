package bus

import (
	"cmp"
	"time"

	"holdfast/internal/secret"
)

// Config says where the bus is and as whom to use it. One way to authenticate is enough; none is for
// servers without users.
type Config struct {
	URLs      []string // nats://host:port; default nats://127.0.0.1:4222
	Name      string   // shown in the server's list of connections; default holdfast
	CredsFile string
	NKeyFile  string // file with an nkey seed
	User      string
	Password  secret.Value
	Token     secret.Value
	TLS       TLS
	// InboxPrefix is what answers come back under. Each connection appends a token of its own, so that
	// permissions can name `<prefix>.>`. Default _INBOX_holdfast.
	InboxPrefix string
	// StartTimeout is how long Connect goes on trying; default 30 s.
	StartTimeout time.Duration
	// RequestTimeout bounds one attempt of one request; default 5 s.
	RequestTimeout time.Duration
}

// TLS names PEM files; empty ones are not used. Any field that is set demands TLS of the server.
type TLS struct {
	CAFile   string
	CertFile string
	KeyFile  string
	// ServerName is the name to expect in the server's certificate; empty: the host of its URL.
	ServerName string
}

func (c Config) withDefaults() Config {
	if len(c.URLs) == 0 {
		c.URLs = []string{"nats://127.0.0.1:4222"}
	}
	c.Name = cmp.Or(c.Name, "holdfast")
	c.InboxPrefix = cmp.Or(c.InboxPrefix, "_INBOX_holdfast")
	c.StartTimeout = cmp.Or(c.StartTimeout, 30*time.Second)
	c.RequestTimeout = cmp.Or(c.RequestTimeout, 5*time.Second)
	return c
}
