package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/mototest"
)

// moto is an emulated AWS account, as deploy/demo makes it.
type moto struct {
	*mototest.Server
	url string
}

func startMoto(t testing.TB) *moto {
	t.Helper()
	s := mototest.Start(t)
	return &moto{s, s.URL}
}

// stop ends the emulator: from here on every cloud call fails.
func (m *moto) stop(t testing.TB) {
	t.Helper()
	m.Stop()
	if dial(strings.TrimPrefix(m.url, "http://")) {
		t.Fatalf("moto still answers on %s", m.url)
	}
}

// seeded is what seed.py says that it did.
type seeded struct {
	Scanner struct {
		AccessKeyID     string   `json:"accessKeyId"`
		SecretAccessKey string   `json:"secretAccessKey"`
		RoleARN         string   `json:"roleArn"`
		ExternalID      string   `json:"externalId"`
		Regions         []string `json:"regions"`
	} `json:"scanner"`
	Resources []seededResource `json:"resources"` // made
	Besides   []seededResource `json:"besides"`   // came along, or is in every account
	Changed   []struct {
		ID string `json:"id"`
	} `json:"changed"`
}

// seededResource has the same type, region and name in every run.
type seededResource struct {
	Type   string `json:"type"`
	Name   string `json:"name"`
	ID     string `json:"id"`
	Region string `json:"region"`
}

// seed runs a phase of seed.py.
func (m *moto) seed(t testing.TB, phase string) seeded {
	t.Helper()
	cmd := m.Demo(t, "seed.py", "--endpoint", m.url, "--phase", phase)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("seed.py --phase %s: %v\n%s", phase, err, errs.Bytes())
	}
	var s seeded
	if err := json.Unmarshal(out, &s); err != nil {
		t.Fatalf("seed.py --phase %s: %v\n%s", phase, err, out)
	}
	return s
}

// names maps ids, of which many are others in each run, to names that are not.
func (s seeded) names() map[string]string {
	names := map[string]string{}
	for _, r := range append(s.Resources, s.Besides...) {
		names[r.ID] = r.Name
	}
	return names
}
