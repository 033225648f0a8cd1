package dev

import "syscall"

// bound has the system end the worker with us, also when we are killed, and keeps Ctrl-C in a terminal from
// reaching it: it is stopped in its turn.
func bound() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGTERM}
}
