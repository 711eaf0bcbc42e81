package main

import (
	"errors"
	"strconv"
	"strings"
)

// capsValue is a flag TYPE=N, repeatable; an empty one sets none. It implements pflag.Value.
type capsValue struct {
	caps *map[string]int
}

// Set implements pflag.Value.
func (v capsValue) Set(text string) error {
	if *v.caps == nil {
		*v.caps = map[string]int{}
	}
	for entry := range strings.SplitSeq(text, ",") {
		if entry == "" {
			continue
		}
		token, number, _ := strings.Cut(entry, "=")
		n, err := strconv.Atoi(number)
		if err != nil || token == "" {
			return errors.New("is not TYPE=N")
		}
		(*v.caps)[token] = n
	}
	return nil
}

// Type implements pflag.Value.
func (capsValue) Type() string { return "caps" }

// String implements pflag.Value.
func (v capsValue) String() string {
	if v.caps == nil {
		return ""
	}
	return capText(*v.caps)
}
