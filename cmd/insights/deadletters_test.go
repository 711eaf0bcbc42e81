package main

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A message that nobody can read is given up, listed, shown, replayed, given up
// again; one that can be handled is handled after its replay.
func TestDeadLettersFromTheCommandLine(t *testing.T) {
	t.Parallel()
	srv := httptest.NewServer(awsfake.New(awsfake.Population{AccountID: "123456789012", Regions: []string{"us-east-1"}, Buckets: 3}))
	defer srv.Close()
	natsAddr, apiAddr := freeAddress(t), freeAddress(t)
	server, err := startNATS(t.TempDir(), natsAddr, zerolog.Nop())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Shutdown(); server.WaitForShutdown() })
	p := newProgram(t, "INSIGHTS_NATS_URL=nats://"+natsAddr, "INSIGHTS_NATS_LEASE_TTL=1s", "INSIGHTS_LOG_LEVEL=error")
	p.ok(t, "config", "keyring", filepath.Join(p.dir, "data", "keyring.json"))
	if out := p.ok(t, "dead-letters", "list"); out != noDeadLetters+"\n" {
		t.Errorf("a new system says %q", out)
	}
	p.ok(t, "account", "add", "prod", "--endpoint", srv.URL, "--region", "us-east-1")
	var first struct {
		Scan schemas.Scan `json:"scan"`
	}
	p.json(t, &first, "scan", "start", "prod")
	serve := p.command(context.WithoutCancel(t.Context()), "serve", "--listen", apiAddr)
	serve.Stderr = os.Stderr
	background(t, serve)
	eventually(t, time.Minute, "the API answers", func() bool { return dial(apiAddr) })
	p.env = append(p.env, "INSIGHTS_SERVER=http://"+apiAddr)

	js := deadTestJetStream(t, "nats://"+natsAddr)
	unit := schemas.Unit{Scan: first.Scan.ID, Account: schemas.Account{ID: first.Scan.AccountID, Name: "prod"}, Unit: schemas.UnitKey{Region: "global", Service: "s3"}}
	header := func(more ...string) nats.Header {
		h := nats.Header{"Insights-Kind": {"unit"}, "Insights-Account": {string(unit.Account.ID)}, "Insights-Scan": {unit.Scan}, "Insights-Unit": {unit.Unit.String()}}
		for i := 0; i < len(more); i += 2 {
			h.Set(more[i], more[i+1])
		}
		return h
	}
	publish := func(subject string, h nats.Header, body string) {
		t.Helper()
		if _, err := js.PublishMsg(t.Context(), &nats.Msg{Subject: subject, Header: h, Data: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	letters := func() (list []schemas.DeadLetter) {
		p.json(t, &list, "dead-letters", "list")
		return list
	}
	subject := schemas.SubjectUnit(unit.Account.ID, unit.Unit)
	publish(subject, header(), "{no json")
	eventually(t, time.Minute, "given up", func() bool { return len(letters()) == 1 })
	if out := p.ok(t, "dead-letters", "list"); !strings.Contains(out, "prod") || !strings.Contains(out, "global/s3") || !strings.Contains(out, "decode "+subject) {
		t.Errorf("list:\n%s", out)
	}
	if out := p.ok(t, "dead-letters", "show", "1"); !strings.Contains(out, "Dead letter 1: unit global/s3") || !strings.Contains(out, "\n{no json\n") {
		t.Errorf("show:\n%s", out)
	}
	want := "Scan " + unit.Scan + " has ended succeeded, and stays so: nothing is read for it."
	if out := p.ok(t, "dead-letters", "replay", "1"); !strings.Contains(out, want) {
		t.Errorf("replay:\n%s", out)
	}
	eventually(t, time.Minute, "given up again", func() bool { l := letters(); return len(l) == 1 && l[0].ID == 2 })
	checkFailure(t, p, exitError, []string{"dead-letters", "replay", "1"}, "there is no dead letter 1", "insights dead-letters list")
	p.ok(t, "dead-letters", "remove", "2")

	body, err := json.Marshal(unit)
	if err != nil {
		t.Fatal(err)
	}
	publish(schemas.SubjectDead(schemas.StreamUnits), header("Insights-Stream", schemas.StreamUnits, "Insights-Subject", subject, "Insights-Reason", "bad luck"), string(body))
	var shown struct {
		schemas.DeadLetter
		Body schemas.Unit `json:"body"`
	}
	if p.json(t, &shown, "dead-letters", "show", "3"); shown.Body.Unit != unit.Unit || shown.Reason != "bad luck" {
		t.Errorf("show -o json: %+v", shown)
	}
	var replayed []schemas.Replay
	if p.json(t, &replayed, "dead-letters", "replay", "--all"); len(replayed) != 1 || replayed[0].ScanState != schemas.ScanSucceeded {
		t.Errorf("replay --all: %+v", replayed)
	}
	eventually(t, time.Minute, "handled", func() bool {
		s, err := js.Stream(t.Context(), schemas.StreamUnits)
		return err == nil && s.CachedInfo().State.Msgs == 0
	})
	var after struct {
		Scan schemas.Scan `json:"scan"`
	}
	p.json(t, &after, "scan", "show", unit.Scan)
	if len(letters()) != 0 || after.Scan.State != schemas.ScanSucceeded || !after.Scan.EndedAt.Equal(first.Scan.EndedAt) {
		t.Errorf("afterwards: %+v, %+v", letters(), after.Scan)
	}
}

func deadTestJetStream(t *testing.T, url string) jetstream.JetStream {
	t.Helper()
	nc, err := nats.Connect(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nc.Close)
	js, err := jetstream.New(nc)
	if err != nil {
		t.Fatal(err)
	}
	return js
}
