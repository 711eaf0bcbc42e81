package api_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const prod = schemas.AccountID("aws-123456789012")

// recorded is one entry of the log of changes.
type recorded struct {
	kind, key, by, doc string
	rev                uint64
	at                 time.Time
	dead               bool // the context had ended
}

// world is what Local is made of: every part says yes to everything, unless err
// is set, and notes what it was asked.
type world struct {
	mu       sync.Mutex
	err      error  // of every part
	during   func() // runs while a part is at work
	asked    []string
	records  []recorded
	logErr   error // of the recorder
	resolved int
	dead     bool // a resolution was asked for with a context that had ended
	resolve  error

	registered []schemas.Account
	stored     schemas.Report // what the store answers
	kept       schemas.Kept
	nothing    bool                   // lists of the store are empty
	packs      []schemas.PackManifest // that were published
	clock      *clock
	log        *log
	table      *table
}

func newWorld() *world {
	return &world{clock: newClock(), log: &log{}, table: &table{m: map[string]api.Token{}}}
}

func (w *world) local(change ...func(*api.Parts)) *api.Local {
	p := api.Parts{
		Accounts: fakeAccounts{w}, Packs: fakePacks{w}, Groups: fakeGroups{w}, Resolver: fakeResolver{w}, Store: fakeStore{w}, Recorder: fakeRecorder{w}, Dead: fakeDead{w}, Webhooks: fakeWebhooks{w},
		Waivers: fakeWaivers{w}, Triage: fakeTriage{w}, Mappings: fakeMappings{w},
		Replayed: func(a schemas.AccountID) { _ = w.ask("replayed " + string(a)) },
		Tokens:   api.NewTokens(w.table, w.clock.Now),
		Probe: func(_ context.Context, a schemas.Account, regions []string) ([]schemas.Permission, error) {
			return []schemas.Permission{{Action: "iam:GetUser", Region: strings.Join(regions, ","), Reason: a.Name}}, nil
		},
		Effective: func(_ context.Context, a schemas.AccountID) (schemas.Effective, error) {
			return schemas.Effective{AccountID: a, Revision: 7}, w.ask("effective " + string(a))
		},
		Preview: func(context.Context, schemas.PreviewRequest) (schemas.Preview, error) {
			return schemas.Preview{}, w.ask("preview")
		},
		StartScan: func(_ context.Context, account, by string, limit schemas.ScanLimit) (schemas.Scan, error) {
			return schemas.Scan{ID: "scan-1", AccountID: prod, Account: account, RequestedBy: by, Limit: limit}, w.ask("start " + account)
		},
		CancelScan: func(_ context.Context, scan string) error { return w.ask("cancel " + scan) },
		GetScan: func(_ context.Context, scan string) (schemas.Scan, error) {
			return schemas.Scan{ID: scan, AccountID: prod}, w.ask("scan " + scan)
		},
		ListScans: func(context.Context, string, int) ([]schemas.Scan, error) { return nil, w.ask("scans") },
		Log:       zerolog.New(w.log), Now: w.clock.Now,
	}
	for _, f := range change {
		f(&p)
	}
	return api.NewLocal(p)
}

func (w *world) ask(what string) error {
	w.mu.Lock()
	w.asked = append(w.asked, what)
	during, err := w.during, w.err
	w.mu.Unlock()
	if during != nil {
		during()
	}
	return err
}

// reset forgets what was asked and recorded.
func (w *world) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.records, w.resolved = nil, nil, 0
}

type fakeAccounts struct{ *world }

func (w fakeAccounts) Add(_ context.Context, a schemas.Account) (schemas.Account, error) {
	a.ID = prod
	return a, w.ask("add")
}

func (w fakeAccounts) Update(_ context.Context, name string, a schemas.Account) (schemas.Account, error) {
	a.ID = prod
	return a, w.ask("update " + name)
}

func (w fakeAccounts) Sync(_ context.Context, name string) (schemas.OrganizationChanges, error) {
	return schemas.OrganizationChanges{Account: name, Joined: []string{"new"}}, w.ask("sync " + name)
}

func (w fakeAccounts) List(context.Context) ([]schemas.Account, error) {
	return w.registered, w.ask("list")
}

func (w fakeAccounts) Remove(_ context.Context, name string) error { return w.ask("remove " + name) }

func (w fakeAccounts) Get(_ context.Context, name string) (schemas.Account, error) {
	if name == "" || name == "nobody" || name == "aws-999999999999" {
		return schemas.Account{}, schemas.Errorf(schemas.CodeNotFound, "there is no account %q", name)
	}
	for _, a := range w.registered {
		if a.Name == name {
			return a, w.ask("account " + name)
		}
	}
	return schemas.Account{ID: prod, Name: name, Provider: "aws"}, w.ask("account " + name)
}

type fakePacks struct{ *world }

func (w fakePacks) Publish(_ context.Context, _ []byte, by string) (schemas.PackManifest, error) {
	return schemas.PackManifest{PackRef: schemas.PackRef{Name: "base", Version: "1"}, PublishedBy: by}, w.ask("publish")
}

func (w fakePacks) List(context.Context) ([]schemas.PackManifest, error) {
	return w.packs, w.ask("packs")
}

func (w fakePacks) Show(context.Context, string, string) (schemas.PackManifest, error) {
	return schemas.PackManifest{}, w.ask("pack")
}

func (w fakePacks) Versions(_ context.Context, name string) ([]schemas.PackManifest, error) {
	if name == "nope" {
		return nil, schemas.Errorf(schemas.CodeNotFound, "there is no pack %q", name)
	}
	return nil, w.ask("versions")
}

func (w fakePacks) Pull(context.Context, string, string) (schemas.PackManifest, []byte, error) {
	return schemas.PackManifest{}, []byte("archive"), w.ask("pull")
}

func (w fakePacks) Remove(_ context.Context, name, version string) error {
	return w.ask("remove " + name + " " + version)
}

func (w fakePacks) ValidateConfig(context.Context, string, string, map[string]map[string]any) (map[string]schemas.PolicyConfig, error) {
	return nil, w.ask("validate")
}

type fakeGroups struct{ *world }

func (w fakeGroups) one(name, what string) (schemas.Group, error) {
	return schemas.Group{Name: name}, w.ask(what + " " + name)
}

func (w fakeGroups) Create(_ context.Context, n string) (schemas.Group, error) {
	return w.one(n, "create")
}

func (w fakeGroups) Delete(_ context.Context, n string) (schemas.Group, error) {
	return w.one(n, "delete")
}

func (w fakeGroups) Get(_ context.Context, n string) (schemas.Group, error) { return w.one(n, "group") }

func (w fakeGroups) List(context.Context) ([]schemas.Group, error) { return nil, w.ask("groups") }

func (w fakeGroups) AddAccount(_ context.Context, n, _ string) (schemas.Group, error) {
	return w.one(n, "add account")
}

func (w fakeGroups) RemoveAccount(_ context.Context, n, _ string) (schemas.Group, error) {
	return w.one(n, "remove account")
}

func (w fakeGroups) Select(_ context.Context, n, selector string) (schemas.Group, error) {
	return w.one(n, "select "+selector)
}

func (w fakeGroups) Enrol(_ context.Context, n string, _ schemas.Enrolment) (schemas.Group, error) {
	return w.one(n, "enrol")
}

func (w fakeGroups) Withdraw(_ context.Context, n, _ string) (schemas.Group, error) {
	return w.one(n, "withdraw")
}

type fakeResolver struct{ *world }

func (w fakeResolver) All(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.resolved++
	w.dead = w.dead || ctx.Err() != nil
	return w.resolve
}

func (w fakeResolver) Explain(_ context.Context, a schemas.Account) (schemas.Explanation, error) {
	return schemas.Explanation{AccountID: a.ID}, w.ask("explain " + a.Name)
}

func (w fakeResolver) Memberships(_ context.Context, a schemas.Account) ([]schemas.Membership, error) {
	return []schemas.Membership{{Group: "of " + a.Name}}, w.ask("memberships " + a.Name)
}

func (w fakeResolver) Enforced(context.Context, []schemas.Account) (map[schemas.AccountID]map[string]int, error) {
	return nil, w.ask("enforced")
}

type fakeWaivers struct{ *world }

func (w fakeWaivers) Add(_ context.Context, name string, _ schemas.WaiverTerms, by string) (schemas.Waiver, error) {
	return schemas.Waiver{Name: name, WaiverTerms: schemas.WaiverTerms{Requester: by}, Changes: w.changes()}, w.ask("add waiver " + name)
}

func (w fakeWaivers) List(context.Context, bool) ([]schemas.Waiver, error) {
	return nil, w.ask("waivers")
}

func (w fakeWaivers) Get(_ context.Context, name string) (schemas.Waiver, error) {
	return schemas.Waiver{Name: name}, w.ask("waiver " + name)
}

func (w fakeWaivers) Update(_ context.Context, name string, _ schemas.WaiverTerms, _ string) (schemas.Waiver, bool, error) {
	return schemas.Waiver{Name: name, Changes: w.changes()}, true, w.ask("update waiver " + name)
}

func (w fakeWaivers) Remove(_ context.Context, name, _ string) (schemas.Waiver, error) {
	return schemas.Waiver{Name: name, Removed: true, Changes: w.changes()}, w.ask("remove waiver " + name)
}

// changes of a waiver end now.
func (w fakeWaivers) changes() []schemas.WaiverChange {
	return []schemas.WaiverChange{{At: w.clock.Now().AddDate(-1, 0, 0)}, {At: w.clock.Now()}}
}

type fakeTriage struct{ *world }

func (w fakeTriage) Get(_ context.Context, a schemas.AccountID, finding string) (schemas.TriageRecord, error) {
	return schemas.TriageRecord{Finding: finding, AccountID: a}, w.ask("triage " + finding)
}

func (w fakeTriage) Change(_ context.Context, a schemas.AccountID, finding string, _ schemas.TriageChange, by string) (schemas.TriageRecord, bool, error) {
	err := w.ask("change triage " + finding)
	return schemas.TriageRecord{Finding: finding, AccountID: a, Changes: []schemas.Triage{{Status: schemas.TriageIgnored, By: by}}}, err == nil, err
}

func (w fakeTriage) Forget(_ context.Context, a schemas.AccountID) error {
	return w.ask("forget triage of " + string(a))
}

type fakeMappings struct{ *world }

func (w fakeMappings) Put(_ context.Context, f schemas.Framework, by string) (schemas.Framework, error) {
	f.AddedBy = by
	return f, w.ask("put framework " + f.Name)
}

func (w fakeMappings) List(context.Context) ([]schemas.Framework, error) {
	return []schemas.Framework{{Name: "x", Controls: []schemas.FrameworkControl{{ID: "1", Policies: []string{"p/q"}}}}}, w.ask("frameworks")
}

func (w fakeMappings) Remove(_ context.Context, f schemas.Framework) error {
	return w.ask("remove framework " + f.Name)
}

type fakeStore struct{ *world }

func (w fakeStore) Report(_ context.Context, q schemas.ReportQuery, _ schemas.Record) (schemas.Report, error) {
	r := schemas.Report{Accounts: slices.Clone(w.stored.Accounts)}
	for i, a := range r.Accounts {
		r.Accounts[i].Packs = slices.DeleteFunc(slices.Clone(a.Packs), func(p schemas.PackReport) bool { return q.Pack != "" && p.Pack != q.Pack })
	}
	return r, w.ask("report of " + strings.Join(q.Accounts, " "))
}

// listed are the accounts that lists have an entry of.
func (w fakeStore) listed() []schemas.AccountReport {
	if w.nothing {
		return nil
	}
	return w.stored.Accounts
}

func (w fakeStore) Regions(_ context.Context, accounts []string) ([]string, error) {
	return []string{"us-east-1", schemas.GlobalRegion}, w.ask("regions of " + strings.Join(accounts, " "))
}

func (w fakeStore) Violations(_ context.Context, q schemas.ViolationQuery, rec schemas.Record) (p schemas.ViolationPage, err error) {
	for _, a := range w.listed() {
		p.Violations = append(p.Violations, schemas.Violation{AccountID: a.AccountID, Account: cmp.Or(rec.Names[a.AccountID], a.Account)})
	}
	return p, w.ask("violations of " + strings.Join(q.Accounts, " "))
}

func (w fakeStore) Resources(_ context.Context, q schemas.ResourceQuery) (p schemas.ResourcePage, err error) {
	for _, a := range w.listed() {
		p.Resources = append(p.Resources, schemas.StoredResource{AccountID: a.AccountID, Account: a.Account})
	}
	return p, w.ask("resources of " + strings.Join(q.Accounts, " "))
}

func (w fakeStore) Kept(context.Context) (schemas.Kept, error) { return w.kept, nil }

func (w fakeStore) EventPage(_ context.Context, a schemas.AccountID, q schemas.EventQuery) (schemas.EventPage, error) {
	return schemas.EventPage{}, w.ask("events " + string(a) + " " + q.Scan)
}

func (w fakeStore) PurgeAccount(_ context.Context, a schemas.AccountID) error {
	return w.ask("purge " + string(a))
}

func (w fakeStore) Trend(_ context.Context, q schemas.TrendQuery, policies []string, _ time.Time) (schemas.Trend, error) {
	return schemas.Trend{}, w.ask("trend of " + strings.Join(append(q.Accounts, policies...), " "))
}

func (w fakeStore) Diff(_ context.Context, from, to schemas.Scan, _ schemas.DiffQuery) (schemas.Diff, error) {
	return schemas.Diff{}, w.ask("diff " + from.ID + " " + to.ID)
}

func (w fakeStore) Violation(_ context.Context, finding string, _ schemas.Record) (schemas.ViolationDetail, error) {
	return schemas.ViolationDetail{Violation: schemas.Violation{Finding: finding, AccountID: prod}}, w.ask("violation " + finding)
}

type fakeRecorder struct{ *world }

func (w fakeRecorder) LogConfig(ctx context.Context, kind, key string, rev uint64, by string, at time.Time, doc []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.records = append(w.records, recorded{kind, key, by, string(doc), rev, at, ctx.Err() != nil})
	return w.logErr
}

type fakeDead struct{ *world }

func (w fakeDead) ListDead(context.Context, int) ([]schemas.DeadLetter, error) {
	return nil, w.ask("dead letters")
}

func (w fakeDead) GetDead(context.Context, uint64) (schemas.DeadMessage, error) {
	return schemas.DeadMessage{}, w.ask("dead letter")
}

func (w fakeDead) ReplayDead(_ context.Context, id uint64) (schemas.DeadLetter, error) {
	return schemas.DeadLetter{ID: id, AccountID: "aws-123456789012", Scan: "123456789012-7"}, w.ask("replay")
}

func (w fakeDead) RemoveDead(context.Context, uint64) error { return w.ask("remove dead letter") }

type fakeWebhooks struct{ *world }

func (w fakeWebhooks) Add(_ context.Context, h schemas.Webhook, by string) (schemas.Webhook, error) {
	h.CreatedBy, h.Secret = by, "whsec_hunter22"
	return h, w.ask("add webhook")
}

func (w fakeWebhooks) List(context.Context) ([]schemas.WebhookStatus, error) {
	return nil, w.ask("webhooks")
}

func (w fakeWebhooks) Test(context.Context, string) (schemas.WebhookTest, error) {
	return schemas.WebhookTest{}, w.ask("test webhook")
}

func (w fakeWebhooks) Remove(_ context.Context, name string) error {
	return w.ask("remove webhook " + name)
}
