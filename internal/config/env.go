package config

import (
	"maps"
	"regexp"
	"slices"
	"strings"
)

// serviceLinks are variables that Kubernetes sets in every container for each service of a namespace; a
// service called holdfast or holdfast-… makes them look like ours.
var serviceLinks = regexp.MustCompile(
	`^HOLDFAST_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)?)$`)

// testPrefix begins variables of Holdfast's own tests, which a process started by a test inherits.
const testPrefix = EnvPrefix + "TEST_"

func environment(environ []string) map[string]string {
	env := make(map[string]string, len(environ))
	for _, pair := range environ {
		if name, value, ok := strings.Cut(pair, "="); ok {
			env[name] = value
		}
	}
	return env
}

func (l *loader) readEnv(env map[string]string) {
	known := []string{EnvConfig}
	for _, s := range l.settings {
		known = append(known, s.env())
		if name, value := pick(env, s.env(), s.alias()); name != "" {
			l.apply(s, Origin{From: "env", Place: name}, value)
		}
	}
	l.refuseUnknown(env, known)
}

// pick is the first of the names that is set to something; an empty variable counts as not set, because
// compose files and CI pass variables on that way.
func pick(env map[string]string, names ...string) (name, value string) {
	for _, name := range names {
		if v := env[name]; name != "" && v != "" {
			return name, v
		}
	}
	return "", ""
}

func (l *loader) refuseUnknown(env map[string]string, known []string) {
	for _, name := range slices.Sorted(maps.Keys(env)) {
		ours := strings.HasPrefix(name, EnvPrefix) && !strings.HasPrefix(name, testPrefix) &&
			!serviceLinks.MatchString(name)
		if ours && !slices.Contains(known, name) {
			l.problem(name, "", "there is no such environment variable", didYouMean(name, known))
		}
	}
}
