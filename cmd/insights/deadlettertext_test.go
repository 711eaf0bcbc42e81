package main

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What was replayed is told in the words of what it is.
func TestReplayText(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]schemas.Replay{
		"dead letter 7 (webhook chat). It is sent again; what its receiver is known to have taken is not sent twice.": {DeadLetter: schemas.DeadLetter{ID: 7, Kind: schemas.KindWebhook, Subject: schemas.SubjectWebhook("chat")}},
		"dead letter 8 (rejudge batch 3). It changes nothing that is newer.":                                          {DeadLetter: schemas.DeadLetter{ID: 8, Kind: schemas.KindRejudge, Number: 3}},
	} {
		if got := replayText(r); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
