package secretscan

import (
	"bytes"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// Mask writes JSON anew, one member a line, for people to look at: what could be a secret is replaced by what stands
// for it. replace is given a value (JSON text: a string, mostly, or whatever a member named like a secret holds) or a
// member's name, and gives the text to show. It is stricter than InEvent: a customer's own data are masked, too. What
// is no JSON is an error; members that come twice are shown twice.
func Mask(raw []byte, replace func(value string) (shown string)) ([]byte, error) {
	var out bytes.Buffer
	loose := []jsontext.Options{jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)}
	m := masking{
		dec: jsontext.NewDecoder(bytes.NewReader(raw), loose...), replace: replace,
		enc: jsontext.NewEncoder(&out, append(loose, jsontext.WithIndent("  "), jsontext.SpaceAfterColon(true))...),
	}
	if err := m.value(); err != nil {
		return nil, err
	}
	if err := atEnd(m.dec); err != nil {
		return nil, err
	}
	return bytes.TrimRight(out.Bytes(), "\n"), nil
}

// atEnd makes sure that nothing follows the document.
func atEnd(dec *jsontext.Decoder) error {
	_, err := dec.ReadToken()
	switch {
	case errors.Is(err, io.EOF):
		return nil
	case err == nil:
		return &jsontext.SyntacticError{ByteOffset: dec.InputOffset()}
	default:
		return err
	}
}

// masking copies a document token by token.
type masking struct {
	dec     *jsontext.Decoder
	enc     *jsontext.Encoder
	replace func(string) string
}

func (m masking) value() error {
	switch m.dec.PeekKind() {
	case '{':
		return m.members('}', m.member)
	case '[':
		return m.members(']', m.value)
	default:
		v, err := m.dec.ReadValue()
		if err != nil {
			return err
		}
		return m.write(v, v.Kind() == '"' && masksText(textOf(v)))
	}
}

func (m masking) members(end jsontext.Kind, each func() error) error {
	if err := m.token(); err != nil {
		return err
	}
	for kind := m.dec.PeekKind(); kind != end; kind = m.dec.PeekKind() {
		if kind == 0 {
			_, err := m.dec.ReadToken() // says what is wrong
			return err
		}
		if err := each(); err != nil {
			return err
		}
	}
	return m.token()
}

func (m masking) token() error {
	t, err := m.dec.ReadToken()
	if err != nil {
		return err
	}
	return m.enc.WriteToken(t)
}

func (m masking) member() error {
	v, err := m.dec.ReadValue()
	if err != nil {
		return err
	}
	name := textOf(v)
	if err := m.write(v, masksText(name)); err != nil {
		return err
	}
	if !authenticates(name) {
		return m.value()
	}
	v, err = m.dec.ReadValue()
	if err != nil {
		return err
	}
	return m.write(v, mayBeSecret(v))
}

func (m masking) write(v jsontext.Value, masked bool) error {
	if !masked {
		return m.enc.WriteValue(v)
	}
	return m.enc.WriteToken(jsontext.String(m.replace(string(v))))
}

// masksText tells whether a string is not shown.
func masksText(s string) bool { return LooksSecret(s) || secretQuery(s) }

// mayBeSecret tells whether what a member named like a secret holds is not shown.
func mayBeSecret(v jsontext.Value) bool {
	switch string(bytes.TrimSpace(v)) {
	case `null`, `true`, `false`, `""`, `{}`, `[]`:
		return false
	default:
		return true
	}
}

func textOf(v jsontext.Value) string {
	text, err := jsontext.AppendUnquote(nil, v)
	if err != nil { // invalid UTF-8: what can be read of it
		return string(text)
	}
	return string(text)
}
