package main

import (
	"os"
	"runtime"
	"syscall"
)

// maxRSS is the peak resident memory of an ended process in bytes.
func maxRSS(s *os.ProcessState) int64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	if runtime.GOOS == "darwin" {
		return u.Maxrss // bytes there, KiB elsewhere: getrusage(2)
	}
	return u.Maxrss << 10
}
