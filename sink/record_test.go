package sink

import (
	"strings"
	"testing"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// The last scan of a report is the one of everything that started last, whole,
// however often and in whatever order scans were recorded.
func TestTheLastScanIsWhole(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	whole := scanOf(sc.id, sc.scan, sc.at(9))
	whole.Changes, whole.Progress = schemas.Changes{Opened: 1, Fixed: 2, Reopened: 3}, schemas.Progress{UnitsTotal: 4, Resources: 5}
	whole.Rereads = map[string]schemas.Reread{"global/s3": {Count: 1, After: 7}}
	whole.Account, whole.RequestedBy = sc.name, `o'\"connor`
	other := scanOf("aws-210987654321", "210987654321-9", sc.at(99))
	// Recorded again after a crash, it ended later: that is what is told of it.
	crashed := whole
	crashed.EndedAt, crashed.Progress = whole.EndedAt.Add(-time.Second), schemas.Progress{}
	limited := scanOf(sc.id, "limited", sc.at(20)) // says nothing of the rest of the account
	limited.Limit.Services = []string{"s3"}
	cancelled := scanOf(sc.id, "cancelled", sc.at(21)) // nor does this one
	cancelled.State = schemas.ScanCancelled
	for _, scan := range []schemas.Scan{cancelled, limited, crashed, whole, scanOf(sc.id, "older", sc.at(3)), whole, crashed, other, scanOf(sc.id, "oldest", sc.at(1))} {
		if err := sc.s.RecordScan(t.Context(), scan); err != nil {
			t.Fatal(err)
		}
	}
	sameText(t, "last scan", reportOf(t, sc.s, schemas.ReportQuery{Accounts: []string{string(sc.id)}}).LastScan, whole)
	if r := reportOf(t, sc.s, schemas.ReportQuery{Accounts: []string{string(other.AccountID)}}); r.LastScan == nil || r.LastScan.ID != other.ID || r.Resources != 0 || r.Score != -1 {
		t.Errorf("an account of which nothing but a scan is known: %+v", r)
	}
}

// A published version is recorded again at every start; a local pack changes
// under one version, and its newest recording is what reports say.
func TestTheNewestRecordingOfAPolicyWins(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "local", Policies: []string{"a"}}, {Pack: "q", Version: "local", Policies: []string{"a"}}}
	sc.judge(sceneKey(bucketType, "b"))
	record := func(pack, title string, minute uint64) {
		t.Helper()
		m := schemas.PackManifest{PackRef: schemas.PackRef{Name: pack, Version: "local"}, PublishedAt: sc.at(minute), Policies: []schemas.Policy{{Name: "a", DisplayName: title}}}
		for range 2 {
			if err := sc.s.RecordPolicies(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
	}
	record("p", "second's", 2)
	record("p", "first's", 1)
	record("q", "first's", 1)
	record("q", "second's", 2)
	for _, p := range reportOf(t, sc.s, schemas.ReportQuery{}).Packs {
		if got := p.Policies[0].Title; got != "second's" {
			t.Errorf("title of %s: %q", p.Pack, got)
		}
	}
	if err := sc.s.RecordPolicies(t.Context(), schemas.PackManifest{PackRef: schemas.PackRef{Name: "empty", Version: "1"}}); err != nil {
		t.Errorf("a pack without policies: %v", err)
	}
}

// The log keeps every change: also two of one moment, and those of a process
// whose revisions began again.
func TestEveryChangeOfTheConfigurationIsLogged(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	at := time.Now().UTC().Truncate(time.Microsecond)
	want := []configRow{
		{Kind: "group", Key: "g", Revision: 1, Actor: "it's me", At: at, Document: `{"name":"g'\\"}`},
		{Kind: "group", Key: "g", Revision: 2, Actor: "it's me", At: at, Document: ""},
		{Kind: "group", Key: "g", Revision: 1, Actor: "local", At: at.Add(time.Second), Document: "\x00"},
		{Kind: "token", Key: "g", Revision: 1, Actor: "local", At: at, Document: "{}"},
	}
	for range 2 {
		for _, r := range want {
			if err := s.LogConfig(t.Context(), r.Kind, r.Key, r.Revision, r.Actor, r.At, []byte(r.Document)); err != nil {
				t.Fatal(err)
			}
		}
	}
	var got []configRow
	err := s.query(t.Context(), "read the log", "SELECT "+columnsOf(new(configRow))+" FROM @db.config_log FINAL ORDER BY kind, at, revision", nil, func(r driver.Rows) error {
		var row configRow
		defer func() { got = append(got, row) }()
		return r.ScanStruct(&row)
	})
	if err != nil {
		t.Fatal(err)
	}
	sameText(t, "log", got, want)
}

// The program refuses a database that a newer one made, and says so; what is
// there stays as it is.
func TestANewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	have, want, err := s.Version(t.Context())
	if err != nil || have != want {
		t.Fatalf("version %d, want %d: %v", have, want, err)
	}
	if err := s.exec(t.Context(), "pretend", "INSERT INTO @db.schema_migrations SELECT ?, 'of the future', now()", uint32(want+1)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		err := s.Migrate(t.Context())
		if schemas.CodeOf(err) != schemas.CodeConflict || err == nil || !strings.Contains(err.Error(), "newer version") {
			t.Errorf("error %v", err)
		}
	}
	if have, _, err := s.Version(t.Context()); err != nil || have != want+1 {
		t.Errorf("version %d, %v", have, err)
	}
}

// A database that a crash left half migrated, or that was never migrated, is
// brought to the present version; one that is not there has version 0.
func TestMigrateGoesOnWhereItStopped(t *testing.T) {
	t.Parallel()
	s := newStore(t, "")
	_, want, _ := s.Version(t.Context())
	for _, breakIt := range []string{"TRUNCATE TABLE @db.schema_migrations", "DROP TABLE @db.seen", "DROP TABLE @db.schema_migrations"} {
		if err := s.exec(t.Context(), "break", breakIt); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(breakIt, "seen") {
			// Only a version that is not noted is repeated.
			if err := s.exec(t.Context(), "break", "TRUNCATE TABLE @db.schema_migrations"); err != nil {
				t.Fatal(err)
			}
		}
		if have, _, err := s.Version(t.Context()); err != nil || have != 0 {
			t.Errorf("%s: version %d, %v", breakIt, have, err)
		}
		if err := s.Migrate(t.Context()); err != nil {
			t.Errorf("%s: %v", breakIt, err)
		}
		if have, _, err := s.Version(t.Context()); err != nil || have != want {
			t.Errorf("%s: migrated to %d, %v", breakIt, have, err)
		}
	}
	if _, err := s.Known(t.Context(), schemas.KnownRequest{AccountID: histories[0], Keys: everyKey()}); err != nil {
		t.Error(err)
	}
	nowhere := *s
	nowhere.db = s.db + "_nowhere"
	if have, _, err := nowhere.Version(t.Context()); err != nil || have != 0 {
		t.Errorf("no database: version %d, %v", have, err)
	}
	_, err := nowhere.Report(t.Context(), schemas.ReportQuery{}, schemas.Record{})
	if schemas.CodeOf(err) != schemas.CodeConflict || err == nil || !strings.Contains(err.Error(), "insights migrate") {
		t.Errorf("a report without a database: %v", err)
	}
}
