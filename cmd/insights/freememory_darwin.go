package main

import "golang.org/x/sys/unix"

// availableMemory is the machine's memory in bytes: macOS has no figure for what
// a process could still get.
func availableMemory() (uint64, error) { return unix.SysctlUint64("hw.memsize") }
