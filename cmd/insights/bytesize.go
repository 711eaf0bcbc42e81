package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// byteSize is an amount of memory in bytes, written "4GiB" or "512MiB".
type byteSize int64

var byteUnits = []struct {
	name string
	size byteSize
}{{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}}

// parseByteSize is the inverse of String. It also takes fractions, such as 1.5GiB.
func parseByteSize(text string) (byteSize, error) {
	for _, u := range byteUnits {
		digits, found := strings.CutSuffix(text, u.name)
		if !found {
			continue
		}
		n, err := strconv.ParseFloat(strings.TrimSpace(digits), 64)
		if err != nil || !(n > 0) || n*float64(u.size) >= math.MaxInt64 {
			break
		}
		return byteSize(n * float64(u.size)), nil
	}
	return 0, fmt.Errorf("%q is not an amount of memory such as 4GiB or 512MiB", text)
}

// String is the amount in the largest unit of which it is a whole number.
func (b byteSize) String() string {
	for _, u := range byteUnits {
		if b >= u.size && b%u.size == 0 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatFloat(float64(b)/float64(1<<20), 'f', -1, 64) + "MiB"
}
