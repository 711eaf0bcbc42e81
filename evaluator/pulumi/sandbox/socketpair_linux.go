package sandbox

import "syscall"

// socketpair makes a pair of sockets that no program inherits.
func socketpair() ([2]int, error) {
	return syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
}
