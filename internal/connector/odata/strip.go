package odata

import (
	stdjson "encoding/json"
	"strings"

	"holdfast/internal/connector"
	"holdfast/internal/fault"
)

// Strip takes out of an answer what may not be seen. Of what services write beside properties, only the version of the
// entity stays, and what is about a property that stays.
func (*Connector) Strip(operation string, response stdjson.RawMessage, keep connector.Keep) (stripped stdjson.RawMessage, hidden bool, err error) {
	if operation == List {
		stripped, err = stripList(response, keep)
		return stripped, false, err
	}
	var doc entityDocument
	if err := stdjson.Unmarshal(response, &doc); err != nil {
		return nil, false, fault.Wrap(fault.Internal, "an answer of ours can not be read", err)
	}
	if doc.Item == nil {
		return response, false, nil
	}
	item, ok, err := stripItem(doc.Item, keep)
	if err != nil {
		return nil, false, err
	}
	if doc.Item = item; !ok { // it may not be seen
		doc.ETag = ""
	}
	r, err := result(doc)
	return r.Response, !ok, err
}

func stripList(response stdjson.RawMessage, keep connector.Keep) (stdjson.RawMessage, error) {
	var doc listDocument
	if err := stdjson.Unmarshal(response, &doc); err != nil {
		return nil, fault.Wrap(fault.Internal, "an answer of ours can not be read", err)
	}
	items := []stdjson.RawMessage{}
	for _, raw := range doc.Items {
		item, ok, err := stripItem(raw, keep)
		if err != nil {
			return nil, err
		}
		if ok {
			items = append(items, item)
		}
	}
	doc.Items = items
	r, err := result(doc)
	return r.Response, err
}

// stripItem is an entity without what may not be seen; ok is false where nothing of it may.
func stripItem(raw stdjson.RawMessage, keep connector.Keep) (item stdjson.RawMessage, ok bool, err error) {
	r, err := readRecord(raw)
	if err != nil {
		return nil, false, err
	}
	field, ok := keep(r)
	if !ok {
		return nil, false, nil
	}
	shown, _ := shownObject(r, "", field)
	if item, err = stdjson.Marshal(shown); err != nil {
		return nil, false, fault.Wrap(fault.Internal, "an entity could not be written again", err)
	}
	return item, true, nil
}

// versions are the annotations that say which version of an entity it is.
var versions = map[string]bool{"@odata.etag": true, "@etag": true, "odata.etag": true}

// shownObject is what of an object, which is at prefix, may be seen. It is made anew: whether one field may be seen can
// depend on another that may not. left tells whether any property is in it.
func shownObject(o map[string]any, prefix string, field func(string) bool) (shown map[string]any, left bool) {
	shown = make(map[string]any, len(o))
	for name, v := range o {
		property, annotation, annotated := cutAnnotation(name)
		switch {
		case versions[name]:
			if _, text := v.(string); text {
				shown[name] = v
			}
		case name == "__metadata":
			if version, ok := onlyVersion(v); ok {
				shown[name] = version
			}
		case annotated:
			if property != "" && annotation != "" && field(prefix+property) {
				shown[name] = v
			}
		default:
			if v, ok := shownProperty(v, prefix, name, field); ok {
				shown[name], left = v, true
			}
		}
	}
	return shown, left
}

// shownProperty is what may be seen of an object's property. Older services wrap lists: what is in Lines: {results: […]}
// is at Lines as well, and whoever leaves out either leaves it out.
func shownProperty(v any, prefix, name string, field func(string) bool) (shown any, ok bool) {
	parent, inside := strings.CutSuffix(prefix, "/")
	if _, list := v.([]any); !list || !inside || name != "results" {
		return shownValue(v, prefix+name, field)
	}
	return shownValue(v, parent, func(path string) bool {
		return field(path) && (field(prefix+name+strings.TrimPrefix(path, parent)) || !field(parent))
	})
}

// cutAnnotation takes a name apart that is one of an annotation: Title@odata.type, @odata.id, odata.type (version 3).
func cutAnnotation(name string) (property, annotation string, annotated bool) {
	if property, annotation, annotated = strings.Cut(name, "@"); annotated {
		return property, annotation, true
	}
	return "", name, strings.HasPrefix(name, "odata.")
}

// onlyVersion is the version in an older service's metadata.
func onlyVersion(v any) (version map[string]any, ok bool) {
	o, _ := v.(map[string]any)
	etag, ok := o["etag"].(string)
	return map[string]any{"etag": etag}, ok
}

// shownValue is what of a value may be seen; of an object inside, what of it may.
func shownValue(v any, path string, field func(string) bool) (shown any, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		o, left := shownObject(v, path+"/", field)
		return o, left || field(path)
	case []any:
		return shownArray(v, path, field)
	default:
		return v, field(path)
	}
}

// shownArray is what of an array may be seen: of its objects, what of them may.
func shownArray(all []any, path string, field func(string) bool) (shown []any, ok bool) {
	shown, ok = []any{}, field(path)
	for _, e := range all {
		if v, seen := shownValue(e, path, field); seen {
			shown, ok = append(shown, v), true
		}
	}
	return shown, ok
}
