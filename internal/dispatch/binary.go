package dispatch

import (
	"net/url"
	"strings"

	"holdfast/internal/fault"
	"holdfast/internal/secretscan"
)

// The headers of the CloudEvents NATS protocol binding. Names are compared without regard to case.
const (
	attributePrefix = "ce-"
	contentType     = "content-type"
	traceParent     = "traceparent"
	traceState      = "tracestate"
)

// IsBinary tells whether the event's attributes are in headers and its payload is the whole message. A
// content type of CloudEvents' own says that they are not, whatever else is in the headers.
func IsBinary(headers map[string][]string) bool {
	if hasPrefixFold(header(headers, contentType), "application/cloudevents") {
		return false
	}
	for name := range headers {
		if required(attributeName(name)) {
			return true
		}
	}
	return false
}

// AttributeHeaders are the headers that say what a message in binary mode is, its content type included; nil for one
// in structured mode. Of a header that comes more than once it is the first.
func AttributeHeaders(headers map[string][]string) map[string]string {
	if !IsBinary(headers) {
		return nil
	}
	all := make(map[string]string)
	for name, values := range headers {
		if len(values) > 0 && (attributeName(name) != "" || strings.EqualFold(name, contentType)) {
			all[name] = strings.ToValidUTF8(values[0], "")
		}
	}
	return all
}

func required(attribute string) bool {
	switch attribute {
	case "specversion", "id", "source", "type":
		return true
	default:
		return false
	}
}

// attributeName is the attribute that a header carries, "" when it carries none.
func attributeName(header string) string {
	if !hasPrefixFold(header, attributePrefix) {
		return ""
	}
	return strings.ToLower(header[len(attributePrefix):])
}

// foldBinary makes the document that the event would have been in structured mode.
func foldBinary(in *incoming, payload any) *fault.Fault {
	in.document = map[string]any{"data": payload}
	in.data = in.Data
	if t := header(in.Header, contentType); t != "" {
		in.document["datacontenttype"] = t
	}
	for name, values := range in.Header {
		attribute := attributeName(name)
		if attribute == "" {
			continue
		}
		if f := foldAttribute(in.document, attribute, values); f != nil {
			return f
		}
	}
	return nil
}

func foldAttribute(document map[string]any, attribute string, values []string) *fault.Fault {
	field := secretscan.Pointer(attribute)
	if attribute == "data" || attribute == "data_base64" {
		return fault.New(fault.NotCloudEvents, "no header can carry data").WithField(field)
	}
	_, twice := document[attribute]
	if (twice && attribute != "datacontenttype") || len(values) != 1 {
		return fault.New(fault.NotCloudEvents, "wants exactly one header of this attribute").WithField(field)
	}
	value, err := url.PathUnescape(values[0]) // as in the HTTP binding, section 3.1.3.2
	if err != nil {
		value = values[0]
	}
	document[attribute] = value
	return nil
}

// header is the first value of a header, whatever the case of its name; "" when there is none.
func header(headers map[string][]string, name string) string {
	for key, values := range headers {
		if len(values) > 0 && strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return ""
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}
