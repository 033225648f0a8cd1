package dispatch

import (
	"mime"
	"strings"
	"time"

	"holdfast/events"
	"holdfast/internal/fault"
)

// readEnvelope reads the attributes of CloudEvents 1.0 (sections 3.1 and 3.2 of its core specification).
func readEnvelope(_ *Router, in *incoming) *fault.Fault {
	in.kind, in.id = events.Type(in.text("type")), in.text("id")
	if in.text("specversion") != "1.0" {
		return notCloudEvents("specversion", `wants "1.0"`)
	}
	for _, attribute := range []string{"id", "source", "type"} {
		if in.text(attribute) == "" {
			return notCloudEvents(attribute, "wants a string that is not empty")
		}
	}
	if _, ok := in.document["data_base64"]; ok {
		return notCloudEvents("data_base64", "wants JSON in data instead")
	}
	if f := readMediaType(in); f != nil {
		return f
	}
	return readTime(in)
}

func readMediaType(in *incoming) *fault.Fault {
	v, ok := in.document["datacontenttype"]
	if !ok {
		return nil
	}
	if text, isText := v.(string); !isText || !isJSON(text) {
		return notCloudEvents("datacontenttype", "wants application/json")
	}
	return nil
}

func isJSON(mediaType string) bool {
	if mediaType == "application/json" { // the common case, without parsing
		return true
	}
	t, _, err := mime.ParseMediaType(mediaType)
	return err == nil && (t == "application/json" || strings.HasPrefix(t, "application/") && strings.HasSuffix(t, "+json"))
}

func readTime(in *incoming) (f *fault.Fault) {
	v, ok := in.document["time"]
	if !ok {
		return nil
	}
	text, _ := v.(string)
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return notCloudEvents("time", "wants a time as RFC 3339 writes it")
	}
	in.time = at
	return nil
}

func notCloudEvents(attribute, detail string) *fault.Fault {
	return fault.New(fault.NotCloudEvents, detail).WithField("/" + attribute)
}
