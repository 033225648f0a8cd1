// Package chaos is the proof of "once": its tests kill workers and servers while suspensions race their ends, and then
// ask the audit (internal/audit) whether every promise was kept. There is nothing in it but tests. The game day (build tag
// gameday) has everything around the workers fail, one thing after another, on hosts of its own: docs/reliability.md.
package chaos
