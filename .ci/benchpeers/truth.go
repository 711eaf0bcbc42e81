package main

import (
	"encoding/json"
	"strings"
)

// truth is what account.py made, and what is right to say of it.
type truth struct {
	Account   string   `json:"account"`
	Regions   []string `json:"regions"`
	Resources []struct {
		Kind string `json:"kind"`
		ID   string `json:"id"`
	} `json:"resources"`
	Facts []struct {
		Check  string `json:"check"`
		ID     string `json:"id"`
		Passes bool   `json:"passes"`
	} `json:"facts"`
}

func readTruth(raw []byte) (truth, error) {
	var t truth
	err := json.Unmarshal(raw, &t)
	return t, err
}

// verdict is what a tool says of one check and resource. The zero value: nothing.
type verdict string

const (
	pass    verdict = "pass"
	fail    verdict = "fail"
	unknown verdict = "unknown" // the tool says that it cannot tell
)

// answers are what a tool says after a run, with ids as truth has them.
type answers struct {
	seen     map[string]bool
	verdicts map[string]map[string]verdict // by check and id
}

func newAnswers() answers {
	return answers{map[string]bool{}, map[string]map[string]verdict{}}
}

// say notes a verdict. A fail stays one, whatever else is said of the resource.
func (a answers) say(check, id string, v verdict) {
	if a.verdicts[check] == nil {
		a.verdicts[check] = map[string]verdict{}
	}
	if a.verdicts[check][id] != fail {
		a.verdicts[check][id] = v
	}
}

// the two checks whose subject is no resource.
const (
	ofAccount = "password length"
	ofRegion  = "trail in every region"
)

// subject is the id that truth has for what a check judges.
func subject(check, id, region string) string {
	switch check {
	case ofAccount:
		return "account"
	case ofRegion:
		return region
	}
	return short(id)
}

// short is the last part of an ARN, URL or path.
func short(id string) string {
	return id[strings.LastIndexAny(id, ":/")+1:]
}

// score is how a tool's answers compare with the facts.
type score struct {
	Seen       int // resources of the truth
	Right      int
	FalsePass  int // said pass, is fail
	FalseAlarm int // said fail, is pass
	Unknown    int // said that it cannot tell
	Silent     int // said nothing
}

// rate compares, for one check or, with "", for all.
func (t truth) rate(a answers, check string) score {
	var s score
	for _, r := range t.Resources {
		if a.seen[r.ID] {
			s.Seen++
		}
	}
	for _, f := range t.Facts {
		if check != "" && f.Check != check {
			continue
		}
		switch v := a.verdicts[f.Check][f.ID]; {
		case v == unknown:
			s.Unknown++
		case v == "":
			s.Silent++
		case (v == pass) == f.Passes:
			s.Right++
		case v == pass:
			s.FalsePass++
		default:
			s.FalseAlarm++
		}
	}
	return s
}

// count is how many facts a check has.
func (t truth) count(check string) int {
	n := 0
	for _, f := range t.Facts {
		if f.Check == check || check == "" {
			n++
		}
	}
	return n
}
