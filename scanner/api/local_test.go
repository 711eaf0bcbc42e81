package api_test

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// writes are the methods that change something, with what the log of changes
// then holds. A new method must be entered here or in reads.
var writes = map[string]struct {
	kind, key, doc string
	resolves       bool // packs have to be resolved anew
}{
	"AddAccount":          {"account", string(prod), `"id":"aws-123456789012"`, false}, // done by Accounts
	"UpdateAccount":       {"account", string(prod), `"id":"aws-123456789012"`, false}, // done by Accounts
	"SyncOrganization":    {"organization", "x", `"joined":["new"]`, false},            // done by Accounts
	"RemoveAccount":       {"account", string(prod), "null", false},
	"PurgeAccount":        {"account", string(prod), `"change":"purged"`, false},
	"StartScan":           {"scan", "scan-1", `"change":"started","limit":"ec2 in global"`, false},
	"CancelScan":          {"scan", "x", `"change":"cancelled"`, false},
	"PublishPack":         {"pack", "base/1", `"publishedBy":"ci"`, true},
	"CreateGroup":         {"group", "x", `"name":"x"`, false}, // an empty group changes nothing
	"DeleteGroup":         {"group", "x", "null", true},
	"AddGroupAccount":     {"group", "x", `"name":"x"`, true},
	"RemoveGroupAccount":  {"group", "x", `"name":"x"`, true},
	"SelectGroupAccounts": {"group", "x", `"name":"x"`, true},
	"EnrolPack":           {"group", "x", `"name":"x"`, true},
	"WithdrawPack":        {"group", "x", `"name":"x"`, true},
	"RemovePack":          {"pack", "x/x", `"change":"removed"`, true},
	"CreateToken":         {"token", "x", `"createdBy":"ci"`, false},
	"RevokeToken":         {"token", "x", "null", false},
	"ReplayDeadLetter":    {"dead-letter", "1", `"change":"replayed"`, false},
	"AddWebhook":          {"webhook", "x", `"url":"http://x",`, false},
	"RemoveWebhook":       {"webhook", "x", "null", false},
	"RemoveDeadLetter":    {"dead-letter", "1", "null", false},
	"AddWaiver":           {"waiver", "x", `"requester":"ci"`, false},
	"UpdateWaiver":        {"waiver", "x", `"name":"x"`, false},
	"RemoveWaiver":        {"waiver", "x", `"removed":true`, false},
	"UpdateViolation":     {"triage", "0123456789ab", `"by":"ci"`, false},
	"PutFramework":        {"framework", "x", `"addedBy":"ci"`, false},
	"RemoveFramework":     {"framework", "x", "null", false},
}

var reads = []string{
	"ListAccounts", "GetAccount", "CheckAccount", "EffectivePacks", "ExplainPacks", "AccountGroups", "GetScan", "ListScans", "ListPacks", "GetPack", "PackVersions", "PullPack", "ValidateConfig", "PreviewPack", "ListGroups", "GetGroup", "ListTokens",
	"ListDeadLetters", "GetDeadLetter", "Report", "Violations", "Resources", "Events", "Retention", "ListWebhooks", "TestWebhook",
	"GetViolation", "ListWaivers", "GetWaiver", "ListFrameworks", "FrameworkFiles", "GetFramework", "FrameworkReport", "Trend", "Diff",
}

// simple is every call with arguments that Local accepts: every name is "x".
func simple() []called {
	list := allCalls()
	for _, c := range list {
		for i, a := range c.args {
			switch a.Interface().(type) {
			case string:
				c.args[i] = reflect.ValueOf("x")
				if strings.HasSuffix(c.name, "Violation") {
					c.args[i] = reflect.ValueOf("0123456789ab") // of a finding
				}
			case schemas.Webhook:
				c.args[i] = reflect.ValueOf(schemas.Webhook{Name: "x", URL: "http://user:word@x/secret?in=it"})
			case []string:
				c.args[i] = reflect.ValueOf([]string{"eu-west-1"})
			case schemas.ScanLimit:
				c.args[i] = reflect.ValueOf(schemas.ScanLimit{Services: []string{"ec2"}, Regions: []string{"global"}})
			case int:
				c.args[i] = reflect.ValueOf(1)
			case schemas.ReportQuery, schemas.ViolationQuery, schemas.ResourceQuery, schemas.TrendQuery:
				c.args[i] = reflect.Zero(a.Type())
			case schemas.FrameworkQuery:
				c.args[i] = reflect.ValueOf(schemas.FrameworkQuery{Framework: "x"})
			case schemas.Framework:
				c.args[i] = reflect.ValueOf(schemas.Framework{Name: "x"})
			case schemas.TriageChange:
				c.args[i] = reflect.ValueOf(schemas.TriageChange{Status: new(schemas.TriageIgnored)})
			}
		}
	}
	return list
}

func TestEveryWriteIsRecordedWithItsToken(t *testing.T) {
	t.Parallel()
	w := newWorld()
	tokens := api.NewTokens(w.table, w.clock.Now)
	s := newServer(t, func(c *api.ServerConfig) { c.Service, c.Tokens = w.local(), tokens })
	secret, _, err := tokens.Create(t.Context(), "ci", api.ScopeAdmin, 0, "test")
	ok(t, err)
	last := uint64(0)
	for _, c := range simple() {
		w.reset()
		_, err := c.on(t.Context(), s.client(t, secret))
		ok(t, err)
		want, isWrite := writes[c.name]
		if isWrite == slices.Contains(reads, c.name) {
			t.Fatalf("%s must stand among the writes or the reads", c.name)
		}
		if !isWrite {
			if len(w.records) > 0 || w.resolved > 0 {
				t.Errorf("%s recorded %+v, resolved %d times", c.name, w.records, w.resolved)
			}
			continue
		}
		if len(w.records) != 1 {
			t.Errorf("%s recorded %+v", c.name, w.records)
			continue
		}
		r := w.records[0]
		if r.kind != want.kind || r.key != want.key || r.by != "ci" || !strings.Contains(r.doc, want.doc) || !r.at.Equal(w.clock.Now()) || r.rev <= last {
			t.Errorf("%s recorded %+v after %d, want %+v", c.name, r, last, want)
		}
		if (w.resolved == 1) != want.resolves || w.resolved > 1 {
			t.Errorf("%s resolved %d times", c.name, w.resolved)
		}
		if strings.Contains(r.doc, "hash") || strings.Contains(r.doc, "hunter22") || !strings.Contains(w.log.String(), `"key":"`+want.key+`"`) {
			t.Errorf("%s: document %s, log %s", c.name, r.doc, w.log)
		}
		last = r.rev
	}
	if len(writes)+len(reads) != reflect.TypeFor[api.Service]().NumMethod() {
		t.Error("the tables name methods that there are not")
	}
}

// What comes late is judged and counted by nobody unless control hears of it.
func TestControlHearsOfAReplay(t *testing.T) {
	t.Parallel()
	w := newWorld()
	if _, err := w.local().ReplayDeadLetter(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if want := "replayed " + string(prod); !slices.Contains(w.asked, want) {
		t.Errorf("asked %q, want %q among it", w.asked, want)
	}
	w = newWorld()
	w.err = schemas.Errorf(schemas.CodeConflict, "away")
	if _, err := w.local().ReplayDeadLetter(t.Context(), 1); err == nil || len(w.asked) != 1 {
		t.Errorf("a replay that failed: %v, asked %q", err, w.asked)
	}
}

func TestWhatFailedIsNotRecorded(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.err = schemas.Errorf(schemas.CodeConflict, "in use").WithHint("wait")
	w.table.err = w.err
	for _, c := range simple() {
		if c.name == "Retention" {
			continue // it is a setting: nobody is asked
		}
		_, err := c.on(t.Context(), w.local())
		wantCode(t, err, schemas.CodeConflict)
		if len(w.records) > 0 || w.resolved > 0 {
			t.Errorf("%s recorded %+v, resolved %d times", c.name, w.records, w.resolved)
		}
	}
}

// Who sends a change and hangs up must be on record like everybody else.
func TestLeavingDoesNotEscapeTheRecord(t *testing.T) {
	t.Parallel()
	for _, c := range simple() {
		if _, ok := writes[c.name]; !ok {
			continue
		}
		w := newWorld()
		ctx, leave := context.WithCancel(api.WithActor(t.Context(), "ci"))
		w.during, w.table.m["x"] = leave, api.Token{Name: "x"}
		if c.name == "CreateToken" {
			w.table.m = map[string]api.Token{}
		}
		_, _ = c.on(ctx, w.local())
		leave()
		if len(w.records) != 1 || w.records[0].dead || w.records[0].by != "ci" || w.dead {
			t.Errorf("%s recorded %+v, resolved with a dead context: %t", c.name, w.records, w.dead)
		}
	}
}

func TestRecordsThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.logErr = errors.New("disk is full")
	_, err := w.local().CreateGroup(api.WithActor(t.Context(), "ci"), "g")
	ok(t, err)
	if log := w.log.String(); !strings.Contains(log, "disk is full") || !strings.Contains(log, `"by":"ci"`) {
		t.Errorf("log %s", log)
	}
	// Without a recorder the program's log is the record.
	w = newWorld()
	_, err = w.local(func(p *api.Parts) { p.Recorder = nil }).CreateGroup(t.Context(), "g")
	ok(t, err)
	if log := w.log.String(); !strings.Contains(log, `"by":"local"`) || !strings.Contains(log, `"kind":"group"`) {
		t.Errorf("log %s", log)
	}
}

// Revisions only grow: within one moment, with a clock set back, after a restart.
func TestRevisionsOfRecordsGrow(t *testing.T) {
	t.Parallel()
	w := newWorld()
	l := w.local()
	write := func() {
		t.Helper()
		_, err := l.CreateGroup(t.Context(), "g")
		ok(t, err)
	}
	write()
	write()
	w.clock.add(-time.Hour)
	write()
	w.clock.add(2 * time.Hour)
	l = w.local()
	write()
	for i := 1; i < len(w.records); i++ {
		if w.records[i].rev <= w.records[i-1].rev {
			t.Errorf("revision %d after %d", w.records[i].rev, w.records[i-1].rev)
		}
	}
}

func TestChangeThatIsNotInEffectYet(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.resolve = schemas.Errorf(schemas.CodeUnavailable, "no answer").WithHint("try again")
	for _, c := range simple() {
		if !writes[c.name].resolves {
			continue
		}
		w.reset()
		_, err := c.on(t.Context(), w.local())
		wantCode(t, err, schemas.CodeUnavailable, "the change is stored, but not in effect yet: no answer", "try again")
		if len(w.records) != 1 {
			t.Errorf("%s recorded %+v", c.name, w.records)
		}
	}
}

func TestEventsOf(t *testing.T) {
	t.Parallel()
	w := newWorld()
	for args, want := range map[[2]string]string{
		{"prod", ""}: "events " + string(prod) + " ", {"", "s"}: "events " + string(prod) + " s", {"prod", "s"}: "events " + string(prod) + " s",
		// The id of an account that was removed still finds what was kept of it.
		{"aws-999999999999", "s"}: "events aws-999999999999 s",
	} {
		w.reset()
		_, err := w.local().Events(t.Context(), schemas.EventQuery{Account: args[0], Scan: args[1]})
		ok(t, err)
		if got := w.asked[len(w.asked)-1]; got != want {
			t.Errorf("%v asked for %q, want %q", args, got, want)
		}
	}
	_, err := w.local().Events(t.Context(), schemas.EventQuery{})
	wantCode(t, err, schemas.CodeInvalid, "name an account or a scan")
	_, err = w.local().Events(t.Context(), schemas.EventQuery{Account: "nobody"})
	wantCode(t, err, schemas.CodeNotFound)
}

// A filter that nothing can match must not look like an account without violations.
func TestFiltersAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld()
	l := w.local()
	type (
		sev   = []schemas.Severity
		state = []schemas.ViolationState
	)
	for name, c := range map[string]struct {
		accounts []string
		severity sev
		state    state
		code     schemas.Code
		text     string
	}{
		"nothing":             {},
		"known":               {accounts: []string{"prod", "aws-999999999999"}, severity: sev{"critical", ""}, state: state{"open", "fixed"}},
		"no such account":     {accounts: []string{"prod", "nobody"}, code: schemas.CodeNotFound, text: `"nobody"`},
		"an account left out": {accounts: []string{""}, code: schemas.CodeNotFound, text: `""`},
		"no such severity":    {severity: sev{"hihg"}, code: schemas.CodeInvalid, text: `severity: "hihg" must be critical`},
		"half a word":         {severity: sev{"unspecifiedhigh"}, code: schemas.CodeInvalid, text: "severity:"},
		"no such state":       {state: state{"closed"}, code: schemas.CodeInvalid, text: `state: "closed" must be open or fixed`},
		"a state left out":    {state: state{""}, code: schemas.CodeInvalid, text: "state:"},
	} {
		t.Run(name, func(t *testing.T) {
			check := func(err error, applies bool) {
				t.Helper()
				if c.code == "" || !applies {
					ok(t, err)
					return
				}
				wantCode(t, err, c.code, c.text)
			}
			for _, service := range []api.Service{l, newServer(t, func(cfg *api.ServerConfig) { cfg.Service = l }).client(t, "")} {
				_, err := service.Violations(t.Context(), schemas.ViolationQuery{Accounts: c.accounts, Severity: c.severity, State: c.state})
				check(err, true)
				_, err = service.Report(t.Context(), schemas.ReportQuery{Accounts: c.accounts, Severity: c.severity})
				check(err, c.accounts != nil || c.severity != nil)
				_, err = service.Resources(t.Context(), schemas.ResourceQuery{Accounts: c.accounts})
				check(err, c.accounts != nil)
			}
		})
	}
}

// The store knows the name an account had when it was scanned last; which
// account a name means now, and how it is called now, the registry knows.
func TestReportsGoByWhatIsRegistered(t *testing.T) {
	t.Parallel()
	const renamed, added = schemas.AccountID("aws-111111111111"), schemas.AccountID("aws-222222222222")
	w := newWorld()
	w.registered = []schemas.Account{{ID: renamed, Name: "legacy"}, {ID: added, Name: "prod"}}
	w.stored.Accounts = []schemas.AccountReport{{AccountID: renamed, Account: "prod"}, {AccountID: "aws-999999999999", Account: "removed"}}
	l := w.local()
	named := []string{"prod", "legacy", string(added), "aws-999999999999"}
	const ids = string(added + " " + renamed + " aws-999999999999")

	r, err := l.Report(t.Context(), schemas.ReportQuery{Accounts: named})
	ok(t, err)
	var got []string
	for _, a := range r.Accounts {
		got = append(got, string(a.AccountID)+" "+a.Account)
	}
	if want := []string{string(renamed) + " legacy", string(added) + " prod", "aws-999999999999 removed"}; !slices.Equal(got, want) {
		t.Errorf("reports of %q, want %q", got, want)
	}
	v, err := l.Violations(t.Context(), schemas.ViolationQuery{Accounts: named})
	ok(t, err)
	s, err := l.Resources(t.Context(), schemas.ResourceQuery{Accounts: named})
	ok(t, err)
	if urn := (schemas.Key{}).URN("legacy"); s.Resources[0].URN != urn {
		t.Errorf("URN %q, want %q as waivers have it", s.Resources[0].URN, urn)
	}
	if v.Violations[0].Account != "legacy" || v.Violations[1].Account != "removed" || s.Resources[0].Account != "legacy" || s.Resources[1].Account != "removed" {
		t.Errorf("violations %+v, resources %+v", v.Violations, s.Resources)
	}
	for _, what := range []string{"report", "violations", "resources"} {
		if want := what + " of " + ids; !slices.Contains(w.asked, want) {
			t.Errorf("%q was not asked: %q", want, w.asked)
		}
	}
}

// What was found in an account is deleted only when nobody scans it any more.
func TestPurgeSparesRegisteredAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.registered = []schemas.Account{{ID: prod, Name: "prod"}}
	l := w.local()
	wantCode(t, l.PurgeAccount(t.Context(), prod), schemas.CodeConflict, "insights account remove prod --purge")
	wantCode(t, l.PurgeAccount(t.Context(), "prod"), schemas.CodeInvalid, "no account id")
	if len(w.records) > 0 || slices.Contains(w.asked, "purge "+string(prod)) {
		t.Errorf("asked for %v", w.asked)
	}
	ok(t, l.PurgeAccount(t.Context(), "aws-999999999999"))
}

// A question without accounts is about those that are registered, and a name about
// the account that has it now: both reach the store as ids.
func TestQuestionsAreAboutRegisteredAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld()
	l := w.local()
	ask := func(named ...string) string {
		t.Helper()
		w.reset()
		_, err := l.Report(t.Context(), schemas.ReportQuery{Accounts: named})
		ok(t, err)
		_, err = l.Violations(t.Context(), schemas.ViolationQuery{Accounts: named})
		ok(t, err)
		_, err = l.Resources(t.Context(), schemas.ResourceQuery{Accounts: named})
		ok(t, err)
		var asked []string
		for _, a := range w.asked {
			if strings.HasPrefix(a, "report") || strings.HasPrefix(a, "violations") || strings.HasPrefix(a, "resources") {
				asked = append(asked, a)
			}
		}
		return strings.Join(asked, ", ")
	}
	if got := ask(); got != "report of -, violations of -, resources of -" { // no account has this name
		t.Errorf("without any account: %s", got)
	}
	w.registered = []schemas.Account{{ID: prod, Name: "prod"}, {ID: "aws-210987654321", Name: "dev"}}
	for named, ids := range map[string]string{"": string(prod) + " aws-210987654321", "prod": string(prod), "aws-999999999999": "aws-999999999999"} {
		want := strings.NewReplacer("@", ids).Replace("report of @, violations of @, resources of @")
		if got := ask(strings.Fields(named)...); got != want {
			t.Errorf("about %q: %s, want %s", named, got, want)
		}
	}
}

// Nothing is known of a time that is yet to come; clocks may differ by a little.
func TestATimeToComeIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.stored.Accounts = []schemas.AccountReport{{AccountID: prod}}
	s := newServer(t, func(c *api.ServerConfig) { c.Service = w.local() })
	for _, path := range []string{"report", "violations", "frameworks/x/report", "export/violations", "export/report"} {
		for later, want := range map[time.Duration]int{time.Second: http.StatusOK, time.Hour: http.StatusBadRequest} {
			asOf := w.clock.Now().Add(later).UTC().Format(time.RFC3339)
			a := s.ask(t, "GET", "/v1/"+path+"?asOf="+asOf, "")
			if a.status != want || want == http.StatusBadRequest && a.problem(t).Detail != "asOf: "+asOf+" is yet to come" {
				t.Errorf("%s %s later: %d %s", path, later, a.status, a.body)
			}
		}
	}
}

// Of several wrong filters each is told, with what there is.
func TestEveryWrongFilterIsTold(t *testing.T) {
	t.Parallel()
	_, err := newWorld().local().Violations(t.Context(), schemas.ViolationQuery{
		Severity: []schemas.Severity{"hihg"}, Cause: []schemas.FixCause{"magic"}, Status: []schemas.TriageStatus{"done"}, Priority: []schemas.Priority{"p9"}, Waived: "yes", Sort: "size",
	})
	wantCode(t, err, schemas.CodeInvalid, `severity: "hihg"`, `cause: "magic" must be resource_changed, resource_gone, policy_changed, pack_withdrawn or out_of_scope`,
		`status: "done" must be new, in_progress, resolved or ignored`, `priority: "p9" must be p0, p1, p2, p3 or p4`, `waived: "yes"`,
		`sort: "size" must be severity, account, policy, resource, firstSeen or key`)
}

// A misspelt name in a filter must not look like compliance, in no list, report or export.
// What was removed or is judged only locally may still be asked about.
func TestNamesThatThereAreNot(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.nothing = true
	w.registered = []schemas.Account{{ID: prod, Name: "prod"}}
	policy := func(name string) []schemas.Policy { return []schemas.Policy{{Name: name}} }
	w.packs = []schemas.PackManifest{
		{PackRef: schemas.PackRef{Name: "base", Version: "2"}, Policies: policy("encrypt"), Removed: true},
		{PackRef: schemas.PackRef{Name: "other", Version: "1"}, Policies: policy("log")},
	}
	w.stored.Accounts = []schemas.AccountReport{{AccountID: prod, Account: "prod", Packs: []schemas.PackReport{
		{Pack: "tried@local", Local: true, Policies: []schemas.PolicyReport{{Policy: "tried"}}},
	}}}
	s := newServer(t, func(c *api.ServerConfig) {
		c.Service = w.local(func(p *api.Parts) {
			p.GetScan = func(_ context.Context, scan string) (schemas.Scan, error) {
				if scan == "nope" {
					return schemas.Scan{}, schemas.Errorf(schemas.CodeNotFound, "there is no scan %q", scan)
				}
				return schemas.Scan{ID: scan}, nil
			}
		})
	})
	const noPack, noRegion, lists, all = `there is no pack "nope"`, `nothing was scanned in a region "eu-wset-1"`, "violations export/violations", "violations export/violations resources export/resources"
	for _, c := range []struct{ paths, filter, want, hint string }{
		{lists, "pack=nope", noPack, ""},
		{lists, "pack=gone@local", `nothing of a local pack "gone@local"`, "insights evaluate --policy-pack"},
		{lists, "policy=nope", `there is no policy "nope"`, "insights pack show PACK"},
		{lists, "policy=log&pack=base", `pack base has no policy "log"`, "insights pack show base"},
		{lists, "policy=log&pack=tried@local", `pack tried@local has no policy "log"`, "insights report --all --pack tried@local"},
		{lists, "scan=nope", `there is no scan "nope"`, ""},
		{all, "region=eu-wset-1", noRegion, "regions: global, us-east-1"},
		{"trend", "pack=nope", noPack, ""},
		{"trend", "pack=tried@local", "has no history", ""},
		{lists + " report export/report", "pack=tried@local&asOf=2026-01-01T00:00:00Z", "has no history", ""},
		{lists, "", "", ""},
		{lists + " trend report export/report", "pack=base", "", ""},
		{lists, "pack=base&policy=encrypt", "", ""},
		{lists, "pack=tried@local&policy=tried", "", ""},
		{lists, "policy=tried&scan=x", "", ""},
		{all, "region=us-east-1", "", ""},
		{all, "region=us-east-1&account=prod", "", ""},
	} {
		for path := range strings.FieldsSeq(c.paths) {
			a := s.ask(t, "GET", "/v1/"+path+"?"+c.filter, "")
			if c.want == "" {
				if a.status != http.StatusOK {
					t.Errorf("%s?%s: %d %s", path, c.filter, a.status, a.body)
				}
				continue
			}
			if p := a.problem(t); a.status == http.StatusOK || a.status != p.Code.HTTPStatus() || !strings.Contains(p.Detail, c.want) || !strings.Contains(p.Hint, c.hint) {
				t.Errorf("%s?%s: %d %s", path, c.filter, a.status, a.body)
			}
		}
	}
	// Reports of a pack by which nothing is judged.
	w.stored.Accounts = nil
	for path, status := range map[string]int{"report?pack=nope": 404, "export/report?pack=nope": 404, "report?pack=tried@local": 404, "report?pack=base": 200, "report": 200} {
		if a := s.ask(t, "GET", "/v1/"+path, ""); a.status != status {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}

// What was open before anything was scanned is not known, whatever has been scanned since.
func TestATimeBeforeTheFirstScanIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.nothing = true
	w.registered = []schemas.Account{{ID: prod, Name: "prod"}, {ID: "aws-210987654321", Name: "dev"}}
	s := newServer(t, func(c *api.ServerConfig) { c.Service = w.local() })
	const asOf = "2026-01-01T00:00:00Z"
	for name, c := range map[string]struct {
		stored []schemas.AccountReport // as of then
		known  bool
	}{
		"nothing stored": {nil, false},
		"only later":     {[]schemas.AccountReport{{AccountID: prod}}, false},
		"one account":    {[]schemas.AccountReport{{AccountID: prod}, {AccountID: "aws-210987654321", LastScan: &schemas.Scan{}}}, true},
		"a part of one":  {[]schemas.AccountReport{{AccountID: prod, Resources: 1}}, true},
	} {
		w.stored.Accounts = c.stored
		for _, path := range []string{"violations", "export/violations"} {
			a := s.ask(t, "GET", "/v1/"+path+"?asOf="+asOf, "")
			if c.known {
				if a.status != http.StatusOK {
					t.Errorf("%s, %s: %d %s", name, path, a.status, a.body)
				}
				continue
			}
			if p := a.problem(t); a.status != http.StatusBadRequest || !strings.Contains(p.Detail, "asOf: nothing had been scanned until "+asOf) || p.Hint == "" {
				t.Errorf("%s, %s: %d %s", name, path, a.status, a.body)
			}
		}
		if a := s.ask(t, "GET", "/v1/violations", ""); a.status != http.StatusOK {
			t.Errorf("%s, now: %d %s", name, a.status, a.body)
		}
	}
}

// What is asked about a time before what is kept is refused, not answered wrong, and
// before anything of an export is sent.
func TestATimeBeforeWhatIsKeptIsRefused(t *testing.T) {
	t.Parallel()
	w, now := newWorld(), time.Now().UTC()
	w.stored.Accounts = []schemas.AccountReport{{AccountID: prod}}
	w.kept = schemas.Kept{Events: now.AddDate(0, 0, -30), Versions: now.AddDate(0, 0, -10)}
	ago := func(days string) time.Time {
		n, err := strconv.Atoi(days)
		ok(t, err)
		return now.AddDate(0, 0, -n)
	}
	s := newServer(t, func(c *api.ServerConfig) {
		c.Service = w.local(func(p *api.Parts) {
			p.GetScan = func(_ context.Context, scan string) (schemas.Scan, error) {
				return schemas.Scan{ID: scan, Account: "prod", AccountID: prod, State: schemas.ScanSucceeded, EndedAt: ago(scan)}, nil
			}
		})
	})
	for path, kept := range map[string]bool{
		"report?asOf=31": false, "report?asOf=29": true, "violations?asOf=31": false, "violations?asOf=29": true,
		"export/violations?asOf=31": false, "export/violations?asOf=29": true, "export/report?asOf=31": false,
		"scans/9/diff/8": true, "scans/11/diff/8": false, "scans/8/diff/11": false, "scans/31/diff/8": false,
	} {
		if before, days, asOf := strings.Cut(path, "asOf="); asOf {
			path = before + "asOf=" + ago(days).Format(time.RFC3339)
		}
		a := s.ask(t, "GET", "/v1/"+path, "")
		if kept {
			if a.status != http.StatusOK {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
			continue
		}
		p := a.problem(t)
		if a.status != http.StatusBadRequest || p.Code != schemas.CodeInvalid || !strings.Contains(p.Detail, "is not kept any more") || !strings.Contains(p.Hint, "retention.history") {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
}
