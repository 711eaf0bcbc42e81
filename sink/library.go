package sink

import (
	"os"
	"path/filepath"
)

const libraryName = "libchdb.so" // on every platform

// libraryCandidates lists where the engine library may be, best first.
func libraryCandidates() []string {
	var out []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		out = append(out, filepath.Join(dir, libraryName), filepath.Join(dir, "..", "lib", libraryName),
			filepath.Join(dir, "..", ".tools", "chdb", libraryName))
	}
	dir, err := os.Getwd()
	for err == nil {
		out = append(out, filepath.Join(dir, ".tools", "chdb", libraryName))
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	return out
}
