package config

import (
	"fmt"
	"strings"
)

// Row is one setting with its value and where that came from.
type Row struct {
	Key   string `json:"key"`
	Value string `json:"value"`           // secrets are redacted
	From  string `json:"from"`            // default, file, env or flag
	Place string `json:"place,omitempty"` // file:line:column, the variable, the flag
}

// Rows lists every setting in order.
func (l *Loaded) Rows() []Row {
	var rows []Row
	for _, s := range settings(&l.Config) {
		from := l.origins[s.path]
		if from.From == "" {
			from.From = "default"
		}
		rows = append(rows, Row{Key: s.path, Value: s.text(), From: from.From, Place: from.Place})
	}
	return rows
}

// Changed names the settings whose values differ. Secrets count as the same.
func Changed(before, after *Loaded) []string {
	var keys []string
	was := before.Rows()
	for i, row := range after.Rows() {
		if row.Value != was[i].Value {
			keys = append(keys, row.Key)
		}
	}
	return keys
}

// Setting describes one setting.
type Setting struct {
	Key     string
	Kind    string
	Default string
	Env     string
	Flag    string // empty for a secret
	Alias   string // a further environment variable, or empty
	Help    string // with bounds and words
}

// Settings describes every setting in order.
func Settings() []Setting {
	var all []Setting
	for _, s := range settings(new(Config)) {
		d := Setting{Key: s.path, Kind: s.kind(), Default: s.tag.Get("default"), Env: s.env(),
			Flag: "--" + s.flag(), Alias: s.alias(), Help: s.help() + s.limits()}
		if s.secret() {
			d.Kind, d.Flag = "secret", ""
		}
		all = append(all, d)
	}
	return all
}

func (s setting) limits() string {
	least, most, words := s.tag.Get("min"), s.tag.Get("max"), s.tag.Get("oneof")
	switch {
	case words != "":
		return " One of " + strings.ReplaceAll(words, ",", ", ") + "."
	case least != "" && most != "":
		return fmt.Sprintf(" From %s to %s.", least, most)
	case least != "":
		return " At least " + least + "."
	default:
		return ""
	}
}

// Markdown is the table of docs/configuration.md.
func Markdown() string {
	var b strings.Builder
	section := ""
	for _, d := range Settings() {
		if name, _, _ := strings.Cut(d.Key, "."); name != section {
			section = name
			fmt.Fprintf(&b, "\n### %s\n\n| key | type | default | what it is |\n| --- | --- | --- | --- |\n", section)
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Key, d.Kind, code(d.Default), d.Help+d.also())
	}
	return strings.TrimPrefix(b.String(), "\n")
}

func (d Setting) also() string {
	if d.Alias == "" {
		return ""
	}
	return " Also read from `" + d.Alias + "`."
}

func code(text string) string {
	if text == "" {
		return "–"
	}
	return "`" + text + "`"
}
