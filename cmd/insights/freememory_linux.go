package main

import (
	"bufio"
	"bytes"
	"errors"
	"math"
	"os"
	"strconv"
	"strings"
)

// availableMemory is what this process could still get, in bytes: what the
// machine has available (MemAvailable of proc_meminfo(5)), or less by the limit
// of its control group (memory.max and memory.current of cgroup v2).
func availableMemory() (uint64, error) {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 3 && fields[0] == "MemAvailable:" && fields[2] == "kB" {
			n, err := strconv.ParseUint(fields[1], 10, 64)
			return min(n<<10, cgroupMemory()), err
		}
	}
	return 0, errors.New("/proc/meminfo has no MemAvailable")
}

// cgroupMemory is what the control group leaves; without a limit, everything.
func cgroupMemory() uint64 {
	limit, err := cgroupNumber("memory.max")
	if err != nil {
		return math.MaxUint64
	}
	used, err := cgroupNumber("memory.current")
	if err != nil {
		return math.MaxUint64
	}
	return limit - min(used, limit)
}

// cgroupNumber reads a file of the group that containers see as their root.
func cgroupNumber(file string) (uint64, error) {
	text, err := os.ReadFile("/sys/fs/cgroup/" + file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64) // "max" is an error
}
