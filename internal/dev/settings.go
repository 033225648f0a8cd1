package dev

import (
	"net/url"
	"time"

	"github.com/goccy/go-yaml"

	"holdfast/internal/config"
	"holdfast/internal/secret"
)

// settings are the worker's, as far as they are not the defaults.
func (s *Stack) settings(secretIDFile string) config.Config {
	c := config.Default()
	c.NATS.URLs, c.NATS.User, c.NATS.Password = splitUser(s.Places.NATS)
	c.NATS.Name = "holdfast-dev"
	c.Vault.Address = s.Places.Vault
	c.Vault.CacheTTL, c.Vault.StaleFor = s.o.Pace.CacheTTL, 0
	c.Vault.Auth = config.Auth{Method: "approle", RoleID: s.login.roleID, SecretIDFile: secretIDFile}
	w := &c.Worker
	w.Concurrency, w.AckWait = s.o.Pace.Concurrency, s.o.Pace.AckWait
	w.BackoffBase, w.BackoffMax = s.o.Pace.BackoffBase, s.o.Pace.BackoffMax
	w.BrokenPollInterval, w.DrainTimeout = s.o.Pace.BrokenPoll, s.o.Pace.Drain
	c.HTTP.AllowAddresses = []string{loopback} // the target and the provider are there
	c.Listen.Metrics = s.Places.metrics()
	return c
}

// splitUser takes a user and a password out of a URL: settings have a place of their own for them.
func splitUser(raw string) (urls []string, user string, password secret.Value) {
	u, err := url.Parse(raw)
	if err != nil || u.User == nil {
		return []string{raw}, "", secret.Value{}
	}
	user = u.User.Username()
	word, _ := u.User.Password()
	u.User = nil
	return []string{u.String()}, user, secret.New(word)
}

// encode is the settings that differ from the defaults as the worker's configuration file.
func encode(c config.Config) ([]byte, error) {
	d := func(v time.Duration) string { return v.String() }
	nats := yaml.MapSlice{{Key: "urls", Value: c.NATS.URLs}, {Key: "name", Value: c.NATS.Name}}
	if c.NATS.User != "" {
		nats = append(nats, yaml.MapItem{Key: "user", Value: c.NATS.User},
			yaml.MapItem{Key: "password", Value: c.NATS.Password.Reveal()})
	}
	auth := yaml.MapSlice{{Key: "method", Value: c.Vault.Auth.Method}, {Key: "role_id", Value: c.Vault.Auth.RoleID},
		{Key: "secret_id_file", Value: c.Vault.Auth.SecretIDFile}}
	vault := yaml.MapSlice{{Key: "address", Value: c.Vault.Address}, {Key: "cache_ttl", Value: d(c.Vault.CacheTTL)},
		{Key: "stale_for", Value: d(c.Vault.StaleFor)}, {Key: "auth", Value: auth}}
	worker := yaml.MapSlice{{Key: "concurrency", Value: c.Worker.Concurrency}, {Key: "ack_wait", Value: d(c.Worker.AckWait)},
		{Key: "backoff_base", Value: d(c.Worker.BackoffBase)}, {Key: "backoff_max", Value: d(c.Worker.BackoffMax)},
		{Key: "broken_poll_interval", Value: d(c.Worker.BrokenPollInterval)}, {Key: "drain_timeout", Value: d(c.Worker.DrainTimeout)}}
	return yaml.Marshal(yaml.MapSlice{
		{Key: "nats", Value: nats}, {Key: "vault", Value: vault}, {Key: "worker", Value: worker},
		{Key: "http", Value: yaml.MapSlice{{Key: "allow_addresses", Value: c.HTTP.AllowAddresses}}},
		{Key: "listen", Value: yaml.MapSlice{{Key: "metrics", Value: c.Listen.Metrics}}},
	})
}
