package console

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"strings"
	"time"
)

//go:embed pages/*.html
var pageFiles embed.FS

// The pages; each is a file of its own within layout.html.
const (
	pageConnect = "connect"
	pageResult  = "result"
	pageProblem = "problem"
	pageList    = "list"
	pageClosed  = "closed"
)

type pages map[string]*template.Template

func readPages() (pages, error) {
	all := make(pages)
	helpers := template.FuncMap{
		"words": func(s string) string { return strings.ReplaceAll(s, "_", " ") },
		"when":  func(t time.Time) string { return t.UTC().Format("2 Jan 2006 15:04 UTC") },
		"join":  func(list []string) string { return strings.Join(list, ", ") },
	}
	for _, name := range []string{pageConnect, pageResult, pageProblem, pageList, pageClosed} {
		t, err := template.New("layout.html").Funcs(helpers).ParseFS(pageFiles, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
		all[name] = t
	}
	return all, nil
}

// view is what every page gets.
type view struct {
	Title  string
	Person *person
	Token  string // for forms
	Body   any
}

// render writes a page, whole or not at all.
func (c *Console) render(w http.ResponseWriter, r *http.Request, status int, name, title string, body any) {
	v := view{Title: title, Body: body}
	if p, ok := c.person(r); ok {
		v.Person, v.Token = &p, c.token(r, p)
	}
	var page bytes.Buffer
	if err := c.pages[name].Execute(&page, v); err != nil {
		c.log.Error().Str("page", name).Msg("a page could not be made")
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes()) // the reader is gone, if it fails
}

// problem is a page that says what is wrong and what to do.
type problem struct{ Title, Text, Hint string }

var (
	notOurs = problem{"This link can not be used", "It was not made by this console, or a part of it is missing.",
		"Copy the whole link, or ask for a new one."}
	linkEnded    = problem{"This link has ended", "Links work for a limited time.", "Ask for a new one."}
	otherBrowser = problem{"This sign-in was begun in another browser", "For safety it can be finished only where it was begun. Nothing was changed.",
		"Open the link again, in this browser."}
	otherPerson = problem{"This sign-in was begun by somebody else", "You signed out of this console meanwhile, or somebody else signed in. Nothing was changed.",
		"Open the link again, and sign in to the console as yourself."}
	tooLate = problem{"This sign-in took too long", "It has to be finished within ten minutes. Nothing was changed.",
		"Open the link again."}
	forgotten = problem{"Nothing is known of this sign-in", "It is too long ago, or never came back from the identity provider.",
		"Open the link again."}
	wrongForm = problem{"This form has ended", "It was opened before you signed in, or in another browser. Nothing was changed.",
		"Go back to the list and try again."}
	nothingHere = problem{"There is nothing here", "The address leads nowhere.", "Open the link that you were given."}
)

func (c *Console) problem(w http.ResponseWriter, r *http.Request, status int, p problem) {
	c.render(w, r, status, pageProblem, p.Title, p)
}

func (c *Console) notFound(w http.ResponseWriter, r *http.Request) {
	c.problem(w, r, http.StatusNotFound, nothingHere)
}
