package sink

import (
	"syscall"
	"unsafe"
)

// The engine installs handlers of its own for SIGSEGV and others when it is
// loaded and connected. With those, a nil pointer in Go does not panic: the
// process hangs. So the dispositions are saved before and put back after.

// disposition is the kernel's struct sigaction on linux/amd64 and linux/arm64.
type disposition struct {
	handler, flags, restorer, mask uintptr
}

type dispositions map[int]*disposition

const signals = 32 // the classic ones; Go and the engine leave the real-time ones alone

func saveSignals() dispositions {
	all := dispositions{}
	for s := 1; s < signals; s++ {
		if s == int(syscall.SIGKILL) || s == int(syscall.SIGSTOP) {
			continue
		}
		d := &disposition{}
		if sigaction(s, nil, d) {
			all[s] = d
		}
	}
	return all
}

func (all dispositions) restore() {
	for s, want := range all {
		have := &disposition{}
		if sigaction(s, nil, have) && *have != *want {
			sigaction(s, want, nil)
		}
	}
}

func sigaction(signal int, set, get *disposition) bool {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_RT_SIGACTION, uintptr(signal),
		uintptr(unsafe.Pointer(set)), uintptr(unsafe.Pointer(get)), unsafe.Sizeof(uintptr(0)), 0, 0)
	return errno == 0
}
