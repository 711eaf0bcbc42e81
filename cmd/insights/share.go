package main

import "strconv"

// shareValue is a flag for a share; an empty one sets none. It implements pflag.Value.
type shareValue struct {
	share **float64
}

// Set implements pflag.Value.
func (v shareValue) Set(text string) error {
	*v.share = nil
	if text == "" {
		return nil
	}
	share, err := strconv.ParseFloat(text, 64)
	*v.share = &share
	return err
}

// Type implements pflag.Value.
func (shareValue) Type() string { return "share" }

// String implements pflag.Value.
func (v shareValue) String() string {
	if v.share == nil || *v.share == nil {
		return ""
	}
	return strconv.FormatFloat(**v.share, 'f', -1, 64)
}
