// Package odata is the connector "odata": entities of an OData service, version 4.0 or 3.0, and of what
// speaks like one, such as SharePoint's lists. It works over the connector "http", whose promises hold here too.
//
// Nothing of an input reaches a URL as it is: entity sets, keys, fields and filters are structures of exported
// types, so that rules can look at them and add to them, and render.go alone turns them into text. Read an input
// with Parse, write one with Input.Document.
//
// Settings document: that of the connector "http", and
//
//	entity_sets    entity set, or path of several, that all others are below, such as "_api/web"
//	odata_version  "4.0", or "3.0": literals, contains and the media type differ; if not set, 3.0 where the
//	               headers of the settings accept a media type of version 3 (application/json;odata=…), else 4.0
//
// Input document:
//
//	entity_set   "Orders", "web/lists", or segments: ["lists", {"name":"getbytitle","key":"Tasks"}, "items"]
//	key          string, number, {"guid":…}, or an object of several by name; get, update, delete
//	select       fields to return, such as ["Id","Author/Title"]; version 3.0 is told to $expand Author; list, get
//	filter       see Filter; list
//	orderby      [{"field":…,"desc":true}]; list
//	top          how many entities the service is asked for in all; list
//	max_items    how many entities to return, 1000 if not set, 10000 at most; list
//	max_pages    how many pages to read, 10 if not set, 100 at most; list
//	fields       object of values; create, update
//	etag         the version that is to be changed; update, delete
//	any_version  true instead of etag: whatever is there; update, delete
//
// Literals are strings, numbers, true, false, null, {"datetime":"2026-01-02T03:04:05Z"} and {"guid":…}.
//
// Response document of list:
//
//	status  the HTTP status code of the last page
//	items   array of objects, as the service wrote them, no more than max_response_bytes in all
//	next    there are more than were returned
//
// Response document of the others:
//
//	status  the HTTP status code
//	item    the entity, where the service returned one
//	etag    its version, where the service tells it
//	error   {"code","message"} of a service that refused
package odata
