package awsfake_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/discovery/mototest"
)

// botocore, which nobody here wrote, asks every operation for all its pages, for
// what is not there and under every fault. Its models say what an answer may hold
// (testdata/shapes.py); here nothing else is allowed.
func TestBotocoreReadsEveryAnswer(t *testing.T) {
	t.Parallel()
	fake := awsfake.New(awsfake.Population{
		AccountID: "123456789012", Regions: []string{"us-east-1", "eu-west-1"},
		Instances: 5, Volumes: 1, SecurityGroups: 5, Subnets: 5, VPCs: 5, Snapshots: 5, Images: 5, Buckets: 5, Users: 5, Roles: 5, Policies: 5, Tail: 5, TailTypes: 5,
		More: map[string]int{"*": 5},
	})
	srv := httptest.NewServer(fake)
	t.Cleanup(srv.Close)
	operations, err := json.Marshal(awsfake.Operations())
	if err != nil {
		t.Fatal(err)
	}
	cmd := mototest.Python(t, filepath.Join("testdata", "walk.py"), srv.URL)
	cmd.Stdin = bytes.NewReader(operations)
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, complaint.Bytes())
	}
	checked := 0
	for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
		var line struct {
			Operation, Case, Problem string
			Checked                  int
		}
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			t.Fatalf("%v: %s", err, lines.Bytes())
		}
		if checked = line.Checked; line.Problem != "" {
			t.Errorf("%s %s: %s", line.Operation, line.Case, line.Problem)
		}
	}
	if checked < 11*len(awsfake.Operations()) {
		t.Errorf("%d answers were looked at", checked)
	}
	t.Logf("%d answers of %d operations", checked, len(awsfake.Operations()))
}
