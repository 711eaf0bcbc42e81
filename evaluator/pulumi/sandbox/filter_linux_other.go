//go:build linux && !amd64 && !arm64

package sandbox

// Filters are written and tested for amd64 and arm64 only.
const nativeArch = 0

var (
	nativeCalls  []instruction
	oldFileCalls []uint32
)
