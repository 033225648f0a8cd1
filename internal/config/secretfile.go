package config

import (
	"io"
	"os"
	"strings"
)

// fileSuffix makes the name of a secret's twin, which names a file that holds it.
const fileSuffix = "_file"

// maxSecretFile bounds what is read: a path to the wrong file (a log, a device) must not fill the memory.
const maxSecretFile = 64 << 10

// readSecretFiles fills each secret from its twin. A secret given twice is a mistake, except that a plain
// variable of other tools (VAULT_TOKEN) gives way to what was written for Holdfast.
func (l *loader) readSecretFiles() {
	for _, s := range l.settings {
		twin, ok := byPath(l.settings, s.path+fileSuffix)
		if !s.secret() || !ok || twin.text() == "" {
			continue
		}
		from := l.loaded.origins[twin.path]
		if direct, set := l.loaded.origins[s.path]; set && direct.Place != s.alias() {
			l.problem(from.Place, twin.path, s.path+" is set, too, by "+direct.Place, "keep one of the two")
			continue
		}
		l.readSecretFile(s, twin, from)
	}
}

func (l *loader) readSecretFile(s, twin setting, from Origin) {
	raw, err := readBounded(twin.text())
	switch {
	case err != nil:
		l.problem(from.Place, twin.path, "the file can not be read: "+cause(err),
			"check the path and the rights of "+twin.text())
	case len(raw) > maxSecretFile:
		l.problem(from.Place, twin.path, "the file is larger than any secret", "check the path")
	case strings.TrimRight(string(raw), "\r\n") == "":
		l.problem(from.Place, twin.path, "the file is empty", "check "+twin.text())
	default:
		l.apply(s, Origin{From: from.From, Place: twin.text()}, strings.TrimRight(string(raw), "\r\n"))
	}
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, maxSecretFile+1))
}
