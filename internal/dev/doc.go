// Package dev is the development stack behind `holdfast dev`: on a machine with nothing but Go it starts all
// that Holdfast works with, and a worker.
//
//	part      what it is                                             where it runs
//	bus       NATS with JetStream on disk                            in this process
//	vault     a real Vault (cmd/devvault)                            a process of its own
//	provider  an OAuth 2.0 provider (cmd/devidp)                     a process of its own
//	target    a system with resources behind Basic, bearer and key   in this process
//	worker    `holdfast worker`, logged in by AppRole                a process of its own
//
// A bus or a Vault of one's own (NATS_URL, VAULT_ADDR) takes the place of the first two. Everything listens
// on the loopback interface, and nothing here is fit for credentials that matter.
package dev
