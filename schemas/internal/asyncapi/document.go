package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"holdfast/events"
	"holdfast/schemas"
)

type object = map[string]any

// render is the whole document. Objects are written in the order of their names, so the same types always
// give the same bytes.
func render() ([]byte, error) {
	all := channels()
	messages, err := messagesOf(all)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err = enc.Encode(object{
		"asyncapi":           "3.0.0",
		"info":               info(),
		"defaultContentType": "application/cloudevents+json",
		"servers":            servers(),
		"channels":           channelsObject(all),
		"operations":         operations(all),
		"components":         object{"messages": messages},
	})
	return out.Bytes(), err
}

func info() object {
	return object{
		"title":   "Holdfast",
		"version": "1.0.0",
		"description": "Events over NATS JetStream, CloudEvents 1.0 in structured or binary mode. The second token of " +
			"every subject is the tenant. Operations are as the worker sees them: it receives what upstream systems " +
			"send. Deliveries are at least once: drop repeats by source and id. " +
			"W3C trace context travels in the headers traceparent and tracestate.",
	}
}

func servers() object {
	return object{"bus": object{
		"host": "localhost:4222", "protocol": "nats",
		"description": "A NATS server with JetStream. Publish with a JetStream publish, and wait for its answer.",
	}}
}

func channelsObject(all []channel) object {
	out := object{}
	for _, c := range all {
		messages := object{}
		for _, t := range c.types {
			messages[messageName(t)] = refTo("#/components/messages/" + messageName(t))
		}
		o := object{"address": c.address, "description": c.description, "parameters": parametersOf(c.address),
			"messages": messages, "servers": []any{refTo("#/servers/bus")}}
		if c.stream != "" {
			o["description"] = c.description + " Stream: " + c.stream + "."
		}
		if c.replies {
			o["address"] = nil // that of the question's reply subject
		}
		out[c.name] = o
	}
	return out
}

func operations(all []channel) object {
	out := object{}
	for _, c := range all {
		if c.replies {
			continue // said by the question's operation
		}
		action := "send"
		if c.receive {
			action = "receive"
		}
		messages := make([]any, len(c.types))
		for i, t := range c.types {
			messages[i] = refTo("#/channels/" + c.name + "/messages/" + messageName(t))
		}
		o := object{"action": action, "channel": refTo("#/channels/" + c.name), "messages": messages}
		if c.reply != "" {
			o["reply"] = object{"channel": refTo("#/channels/" + c.reply)}
		}
		out[action+"_"+c.name] = o
	}
	return out
}

func messagesOf(all []channel) (object, error) {
	out := object{}
	for _, c := range all {
		for _, t := range c.types {
			summary, err := summaryOf(t)
			if err != nil {
				return nil, err
			}
			out[messageName(t)] = object{
				"name": string(t), "title": string(t), "summary": summary,
				"contentType": "application/cloudevents+json",
				"payload": object{
					"schemaFormat": "application/schema+json;version=draft-2020-12",
					"schema":       refTo("./" + schemas.FileName(t)),
				},
			}
		}
	}
	return out, nil
}

func summaryOf(t events.Type) (string, error) {
	raw, err := schemas.File(t)
	if err != nil {
		return "", err
	}
	var schema struct {
		Description string `json:"description"`
	}
	if err := json.Unmarshal(raw, &schema); err != nil {
		return "", fmt.Errorf("schema of %s: %w", t, err)
	}
	return schema.Description, nil
}

func refTo(pointer string) object { return object{"$ref": pointer} }

// messageName is a type in letters that component names allow: action_requested_v1.
func messageName(t events.Type) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(t), "holdfast."), ".", "_")
}
