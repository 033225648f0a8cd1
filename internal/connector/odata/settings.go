package odata

import (
	stdjson "encoding/json"
	"mime"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"holdfast/internal/connector/httpc"
	"holdfast/internal/connector/strict"
	"holdfast/internal/fault"
)

// settings are checked settings.
type settings struct {
	http    stdjson.RawMessage // what is left for the connector "http"
	site    httpc.Site
	sets    EntitySet
	version Version
}

// CheckSettings checks a connection's settings alone.
func (*Connector) CheckSettings(document stdjson.RawMessage) error {
	_, err := readSettings(document)
	return err
}

func readSettings(document []byte) (settings, error) {
	s, err := splitSettings(document)
	if err != nil {
		return s, err
	}
	s.site, err = httpc.ReadSite(s.http)
	return s, err
}

// splitSettings takes out what is ours.
func splitSettings(document []byte) (settings, error) {
	var s settings
	var all map[string]jsontext.Value
	if err := strict.Decode(fault.SettingsInvalid, document, &all); err != nil {
		return s, err
	}
	s.version = versionOf(all["headers"])
	for name, into := range map[string]any{"entity_sets": &s.sets, "odata_version": &s.version} {
		if raw, ok := all[name]; ok {
			if json.Unmarshal(raw, into, json.RejectUnknownMembers(true)) != nil {
				return s, wrongSetting("the value has the wrong type", "/"+name)
			}
			delete(all, name)
		}
	}
	if s.version != V4 && s.version != V3 {
		return s, wrongSetting(`odata_version is "4.0" or "3.0"`, "/odata_version")
	}
	if s.sets != nil {
		if p := s.sets.check("/entity_sets"); p != nil {
			return s, wrongSetting(p.detail, string(p.at))
		}
	}
	rest, err := json.Marshal(all)
	s.http = rest
	return s, err
}

// versionOf is the version that the connection's own Accept header is of: a parameter odata is in version 3's
// media types alone. What else is wrong with the headers is for the connector below to say.
func versionOf(headers jsontext.Value) Version {
	var all map[string]string
	if json.Unmarshal(headers, &all) != nil {
		return V4
	}
	for name, value := range all {
		if _, parameters, err := mime.ParseMediaType(value); strings.EqualFold(name, "Accept") && err == nil && parameters["odata"] != "" {
			return V3
		}
	}
	return V4
}

func wrongSetting(detail, field string) error {
	return fault.New(fault.SettingsInvalid, detail).WithField(field).WithNoEffect()
}
