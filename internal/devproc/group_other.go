//go:build !unix

package devproc

import "syscall"

func ownGroup() *syscall.SysProcAttr { return nil }
