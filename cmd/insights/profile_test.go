package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
)

// profiled runs the program and writes cpu.pprof and heap.pprof into the
// directory that INSIGHTS_TEST_PROFILE names, if it does.
func profiled(program func() int) int {
	dir := os.Getenv("INSIGHTS_TEST_PROFILE")
	if dir == "" {
		return program()
	}
	cpu, err := os.Create(filepath.Join(dir, fmt.Sprintf("cpu-%d.pprof", os.Getpid())))
	if err == nil {
		err = pprof.StartCPUProfile(cpu)
	}
	if err != nil {
		fatal(err)
	}
	code := program()
	pprof.StopCPUProfile()
	runtime.GC()
	heap, err := os.Create(filepath.Join(dir, fmt.Sprintf("heap-%d.pprof", os.Getpid())))
	if err == nil {
		err = pprof.Lookup("allocs").WriteTo(heap, 0)
	}
	if err != nil {
		fatal(err)
	}
	return code
}
