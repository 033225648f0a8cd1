package app

import (
	"time"

	"holdfast/handlers"
	"holdfast/internal/bus"
	"holdfast/internal/config"
	"holdfast/vaultclient"
)

// BusConfig is the bus's part of the settings.
func BusConfig(c config.Config) bus.Config {
	return bus.Config{
		URLs: c.NATS.URLs, Name: c.NATS.Name, CredsFile: c.NATS.CredsFile, NKeyFile: c.NATS.NKeyFile,
		User: c.NATS.User, Password: c.NATS.Password, Token: c.NATS.Token,
		TLS: bus.TLS{CAFile: c.NATS.TLS.CAFile, CertFile: c.NATS.TLS.CertFile, KeyFile: c.NATS.TLS.KeyFile,
			ServerName: c.NATS.TLS.ServerName},
		InboxPrefix: c.NATS.InboxPrefix, StartTimeout: c.NATS.StartTimeout,
	}
}

// SetupConfig is what streams and buckets shall be like.
func SetupConfig(c config.Config) bus.SetupConfig {
	return bus.SetupConfig{
		Replicas: c.NATS.Replicas, ActionsAge: c.Retention.Actions, OutcomesAge: c.Retention.Outcomes,
		LongestDeadline: c.Suspension.Max, NoticesAge: c.Retention.Notices,
		DeadLettersAge: c.Retention.DeadLetters, HistoryAge: c.Retention.History, AckWait: c.Worker.AckWait,
	}
}

// VaultConfig is Vault's part of the settings.
func VaultConfig(c config.Config) vaultclient.Config {
	v := c.Vault
	return vaultclient.Config{
		Address: v.Address, Namespace: v.Namespace, Mount: v.Mount, Prefix: v.Prefix,
		TLS: vaultclient.TLSConfig{CACert: v.TLS.CAFile, ClientCert: v.TLS.CertFile, ClientKey: v.TLS.KeyFile, ServerName: v.TLS.ServerName},
		Auth: vaultclient.AuthConfig{
			Method: vaultclient.Method(v.Auth.Method), Mount: v.Auth.Mount, Token: v.Auth.Token, TokenFile: v.Auth.TokenFile,
			RoleID: v.Auth.RoleID, SecretID: v.Auth.SecretID, SecretIDFile: v.Auth.SecretIDFile,
			Role: v.Auth.Role, JWTFile: v.Auth.JWTFile,
		},
		Timeout: v.Timeout, MaxInFlight: v.MaxInFlight, CacheTTL: v.CacheTTL, StaleFor: v.StaleFor,
	}
}

// Times that nobody had a reason to set yet.
const (
	probeFor      = time.Minute
	recheckAfter  = 3 * time.Second
	forgetFailure = 5 * time.Second
	strainAfter   = 5 * time.Second
)

// HandlerOptions are the handlers' times and bounds, but for the ages that streams have.
func HandlerOptions(c config.Config) handlers.Options {
	return handlers.Options{
		SuspendFor: c.Suspension.Default, MaxSuspend: c.Suspension.Max, EndingSoon: c.Suspension.EndingSoon,
		Patience: c.Worker.ProviderPatience, ProbeFor: probeFor, RecheckAfter: recheckAfter,
		ResumesPerSecond: c.Worker.ResumeRate, PollEvery: c.Worker.BrokenPollInterval,
		PermissionsAge: c.Permissions.MaxAge, RequireApp: c.Permissions.RequireApp, QuestionsPerSecond: c.Permissions.QuestionRate,
		RestoreFor: c.Connections.RestoreFor, AnnounceEnds: durations(c.Connections.AnnounceEnds),
		StrainPlaces: max(1, c.Worker.Concurrency/2), StrainAfter: min(strainAfter, c.HTTP.Timeout/2),
		SweepEvery: c.Worker.SweepInterval, ForgetFailure: min(forgetFailure, c.Worker.BrokenPollInterval),
	}
}

// durations reads a list that config has checked.
func durations(texts []string) (all []time.Duration) {
	for _, text := range texts {
		if d, err := time.ParseDuration(text); err == nil {
			all = append(all, d)
		}
	}
	return all
}
