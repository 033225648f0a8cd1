//go:build unix

package devproc

import "syscall"

// ownGroup keeps Ctrl-C in a terminal from reaching the program: the parent stops it in its own order.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
