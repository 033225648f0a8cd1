//go:build unix && !linux

package dev

import "syscall"

// bound keeps Ctrl-C in a terminal from reaching the worker: it is stopped in its turn.
func bound() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
