package sandbox

import (
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The filter (seccomp) refuses system calls: always some that packs do not need
// and that kernels have been broken with, and where there is no network
// namespace, all that make connections.

// Refused with "not implemented": programs have another way then.
var riskyCalls = []uint32{
	unix.SYS_IO_URING_SETUP, unix.SYS_BPF, unix.SYS_USERFAULTFD, unix.SYS_PERF_EVENT_OPEN,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_UNSHARE, unix.SYS_SETNS,
	// Memory that no limit of the sandbox counts.
	unix.SYS_MEMFD_CREATE, unix.SYS_MEMFD_SECRET, unix.SYS_SHMGET,
}

// Kinds of sockets that a program may make. Others, such as those between virtual
// machines and their host, are not confined by network namespaces.
var socketFamilies = []uint32{unix.AF_UNIX, unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}

// Refused behind a fence, which does not keep them from files outside.
var fileCalls = append([]uint32{
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR, unix.SYS_TRUNCATE,
}, oldFileCalls...)

// Where a filter finds the call, see seccomp_data in seccomp(2). Arguments are
// little-endian.
const (
	callNumber = 0
	callArch   = 4
	callArgs   = 16
)

// instruction is one of a filter: classic BPF.
type instruction = unix.SockFilter

func load(offset uint32) instruction {
	return instruction{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func arg(n uint32) instruction { return load(callArgs + 8*n) }

func mask(bits uint32) instruction {
	return instruction{Code: unix.BPF_ALU | unix.BPF_AND | unix.BPF_K, K: bits}
}

// skipUnless skips instructions when the value is not k; skipIf when it is.
func skipUnless(k uint32, n uint8) instruction {
	return instruction{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: n, K: k}
}

func skipIf(k uint32, n uint8) instruction {
	return instruction{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jt: n, K: k}
}

func answerWith(k uint32) instruction { return instruction{Code: unix.BPF_RET | unix.BPF_K, K: k} }

func refuse(errno uint32) instruction { return answerWith(unix.SECCOMP_RET_ERRNO | errno) }

func allow() instruction { return answerWith(unix.SECCOMP_RET_ALLOW) }

// forCall makes instructions that are for one call; they must answer.
func forCall(call uint32, then ...instruction) []instruction {
	return append([]instruction{load(callNumber), skipUnless(call, uint8(len(then)))}, then...)
}

// filter is the program of a filter.
func filter(offline, fixed bool) []instruction {
	out := []instruction{load(callArch), skipIf(nativeArch, 1), refuse(uint32(unix.ENOSYS))}
	out = append(out, nativeCalls...)
	for _, call := range riskyCalls {
		out = append(out, forCall(call, refuse(uint32(unix.ENOSYS)))...)
	}
	if offline {
		out = append(out, offlineFilter()...)
	} else {
		out = append(out, familyFilter()...)
	}
	if fixed {
		for _, call := range fileCalls {
			out = append(out, forCall(call, refuse(uint32(unix.EPERM)))...)
		}
	}
	return append(out, allow())
}

// familyFilter refuses sockets of families that nothing else confines.
func familyFilter() []instruction {
	then := []instruction{arg(0)}
	for i, family := range socketFamilies {
		then = append(then, skipIf(family, uint8(len(socketFamilies)-i)))
	}
	return forCall(unix.SYS_SOCKET, append(then, refuse(uint32(unix.EAFNOSUPPORT)), allow())...)
}

// offlineFilter leaves a program what a server needs: to listen, and to accept
// connections. Pairs of sockets lead to itself only.
func offlineFilter() []instruction {
	const kind = 0xf // of a socket's type; the rest are flags
	denied := refuse(uint32(unix.EACCES))
	var out []instruction
	for _, part := range [][]instruction{
		forCall(unix.SYS_SOCKET,
			arg(0), skipIf(unix.AF_INET, 2), skipIf(unix.AF_INET6, 1), denied,
			arg(1), mask(kind), skipIf(unix.SOCK_STREAM, 1), denied,
			arg(2), skipIf(0, 2), skipIf(unix.IPPROTO_TCP, 1), denied, allow()),
		forCall(unix.SYS_SOCKETPAIR, arg(1), mask(kind), skipIf(unix.SOCK_STREAM, 1), denied, allow()),
		forCall(unix.SYS_CONNECT, denied),
		// An address, or data with the first packet, would make a connection too.
		forCall(unix.SYS_SENDTO, arg(4), skipIf(0, 1), denied, load(callArgs+8*4+4), skipIf(0, 1), denied,
			arg(3), mask(unix.MSG_FASTOPEN), skipIf(0, 1), denied, allow()),
		forCall(unix.SYS_SENDMSG, arg(2), mask(unix.MSG_FASTOPEN), skipIf(0, 1), denied, allow()),
		forCall(unix.SYS_SENDMMSG, arg(3), mask(unix.MSG_FASTOPEN), skipIf(0, 1), denied, allow()),
	} {
		out = append(out, part...)
	}
	return out
}

// putFilter puts the filter upon this thread and what it becomes.
func putFilter(offline, fixed bool) error {
	if nativeArch == 0 {
		return fmt.Errorf("a filter of system calls: %w", unix.ENOSYS)
	}
	code := filter(offline, fixed)
	program := unix.SockFprog{Len: uint16(len(code)), Filter: &code[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&program)))
	if errno != 0 {
		return fmt.Errorf("a filter of system calls: %w", errno)
	}
	return nil
}
