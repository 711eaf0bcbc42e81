package schemas

import (
	"strconv"
	"strings"
	"time"
)

// Days is how long something is kept: a number of whole days, written "90d", or
// [Forever]. Zero is not set and written "".
type Days int

// Forever has no end; it is written "forever".
const Forever Days = -1

// maxDays keeps sums with today's dates within what ClickHouse's DateTime holds,
// which ends in 2106 and begins anew after that.
const maxDays = 10_000

// ParseDays is the inverse of String. An error is CodeInvalid.
func ParseDays(text string) (Days, error) {
	switch text {
	case "":
		return 0, nil
	case "forever":
		return Forever, nil
	}
	digits, isDays := strings.CutSuffix(text, "d")
	n, err := strconv.Atoi(digits)
	if !isDays || err != nil || n < 1 || n > maxDays {
		return 0, Errorf(CodeInvalid, "%q is not a number of days from 1d to %dd, or forever", text, maxDays)
	}
	return Days(n), nil
}

// String is "90d", "forever", or "" when it is not set.
func (d Days) String() string {
	switch d {
	case 0:
		return ""
	case Forever:
		return "forever"
	}
	return strconv.Itoa(int(d)) + "d"
}

// MarshalText writes it as String does.
func (d Days) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads it as ParseDays does.
func (d *Days) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDays(string(text))
	return err
}

// Kept is from when on the past is known whole: of earlier days there may be no more
// than single rows. Zero: from the beginning.
type Kept struct {
	Events   time.Time // transitions of violations
	Versions time.Time // of resources
}

// Retention says how long results are kept beside the current ones of registered
// accounts, which stay.
type Retention struct {
	// History is for what was: versions of resources, violation events, ended
	// scans. Not set, the tables keep what they were made to keep.
	History Days `json:"history,omitempty"`
	// Removed is for everything that was found in an account, from its removal on.
	Removed Days `json:"removed"`
}
