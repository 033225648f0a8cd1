package config

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"holdfast/internal/secret"
)

// set reads one setting from its text. The error says what is wanted and never repeats the text: a
// secret put into the wrong place must not reach a terminal or a log.
func (s setting) set(text string) error {
	if s.list() {
		s.setList(splitList(text))
		return nil
	}
	return parse(s.target, text)
}

func (s setting) setList(items []string) { s.target.Set(reflect.ValueOf(items)) }

func splitList(text string) []string {
	var items []string
	for item := range strings.SplitSeq(text, ",") {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, item)
		}
	}
	return items
}

func parse(target reflect.Value, text string) error {
	switch p := target.Addr().Interface().(type) {
	case *secret.Value:
		*p = secret.New(text)
		return nil
	case *time.Duration:
		return parseDuration(p, text)
	case *string:
		*p = text
		return nil
	case *bool:
		return parseInto(p, text, strconv.ParseBool, "not a yes or no; write true or false")
	case *int:
		return parseInto(p, text, strconv.Atoi, "not a whole number")
	case *float64:
		return parseInto(p, text, parseFloat, "not a number")
	default:
		return fmt.Errorf("settings of type %s can not be read", target.Type())
	}
}

func parseFloat(text string) (float64, error) { return strconv.ParseFloat(text, 64) }

func parseDuration(p *time.Duration, text string) error {
	if text == "0" {
		*p = 0
		return nil
	}
	return parseInto(p, text, time.ParseDuration, "not a duration; write 500ms, 30s, 15m or 240h")
}

func parseInto[T any](p *T, text string, parser func(string) (T, error), wanted string) error {
	v, err := parser(strings.TrimSpace(text))
	if err != nil {
		return errors.New(wanted)
	}
	*p = v
	return nil
}

// text is the setting's value as the file would hold it; secrets are redacted.
func (s setting) text() string {
	switch v := s.target.Interface().(type) {
	case secret.Value:
		if v.Empty() {
			return ""
		}
		return secret.Redacted
	case time.Duration:
		return shortDuration(v)
	case []string:
		return strings.Join(v, ",")
	default:
		return fmt.Sprint(v)
	}
}

// shortDuration is Go's text without the zero minutes and seconds: 240h, not 240h0m0s.
func shortDuration(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
