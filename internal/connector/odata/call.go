package odata

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"

	"holdfast/internal/connector"
	"holdfast/internal/connector/httpc"
	"holdfast/internal/fault"
)

// operation is a checked operation, ready to be sent.
type operation struct {
	in       Input
	settings settings
	request  connector.Request // as the connector below takes it
	call     httpc.Call
}

var methods = map[string]string{
	List: http.MethodGet, Get: http.MethodGet, Create: http.MethodPost, Update: http.MethodPatch, Delete: http.MethodDelete,
}

func prepare(r connector.Request) (o operation, err error) {
	if o.settings, err = readSettings(r.Settings); err != nil {
		return o, err
	}
	if o.in, err = Parse(r.Operation, r.Input); err != nil {
		return o, err
	}
	o.request = r
	o.request.Settings = o.settings.http
	v, in := o.settings.version, o.in
	way := slices.Concat(o.settings.sets, in.EntitySet)
	o.call = httpc.Call{Method: methods[r.Operation], Path: v.path(way, in.Key), RawQuery: v.query(in), Headers: v.headers(in)}
	if in.Fields != nil {
		o.call.ContentType = "application/json"
		if o.call.Body, err = json.Marshal(in.Fields, json.Deterministic(true)); err != nil {
			return o, fault.Wrap(fault.InputInvalid, "the fields can not be written", err).WithField("/fields").WithNoEffect()
		}
	}
	return o, nil
}

// query is the escaped query: system query options (OData 4.01 part 2, section 5.1), in a fixed order.
func (v Version) query(in Input) string {
	var options []string
	add := func(name, value string) { options = append(options, name+"="+escapeQuery(value)) }
	if len(in.Select) > 0 {
		add("$select", joinFields(in.Select))
	}
	if parents := in.parents(); v == V3 && len(parents) > 0 {
		add("$expand", joinFields(parents))
	}
	if in.Filter != nil {
		add("$filter", v.filter(*in.Filter))
	}
	if len(in.OrderBy) > 0 {
		fields := make([]Field, len(in.OrderBy))
		for i, o := range in.OrderBy {
			if fields[i] = o.Field; o.Desc {
				fields[i] += " desc"
			}
		}
		add("$orderby", joinFields(fields))
	}
	if in.Top > 0 {
		add("$top", strconv.Itoa(in.Top))
	}
	return strings.Join(options, "&")
}

// parents are what the input's fields are inside of, each once: version 3 has these named where a field of
// another entity is meant, such as a lookup's.
func (in Input) parents() []Field {
	fields := slices.Clone(in.Select)
	for _, o := range in.OrderBy {
		fields = append(fields, o.Field)
	}
	if in.Filter != nil {
		fields = append(fields, in.Filter.Fields()...)
	}
	var all []Field
	for _, f := range fields {
		if i := strings.LastIndexByte(string(f), '/'); i > 0 {
			all = append(all, f[:i])
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func joinFields(fields []Field) string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = string(f)
	}
	return strings.Join(names, ",")
}

// headers ask for JSON with as little about types as the version has that still carries ETags.
func (v Version) headers(in Input) map[string]string {
	h := map[string]string{"Accept": "application/json", "OData-MaxVersion": "4.0"}
	if v == V3 {
		h = map[string]string{"Accept": "application/json;odata=minimalmetadata", "MaxDataServiceVersion": "3.0"}
	}
	switch {
	case in.AnyVersion:
		h["If-Match"] = "*"
	case in.ETag != "":
		h["If-Match"] = in.ETag
	case in.MaxItems > 0 && v == V4:
		h["Prefer"] = "odata.maxpagesize=" + strconv.Itoa(in.MaxItems)
	}
	return h
}
