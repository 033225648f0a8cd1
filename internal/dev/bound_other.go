//go:build !unix

package dev

import "syscall"

func bound() *syscall.SysProcAttr { return nil }
