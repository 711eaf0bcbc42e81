package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// organization runs a phase of testdata/organization.py and gives the accounts'
// numbers by name.
func (m *moto) organization(t testing.TB, phase string) map[string]string {
	t.Helper()
	script, err := filepath.Abs("testdata/organization.py")
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Python(t, script, m.url, phase).CombinedOutput()
	if err != nil {
		t.Fatalf("organization.py %s: %v\n%s", phase, err, out)
	}
	numbers := map[string]string{}
	if err := json.Unmarshal(out, &numbers); err != nil {
		t.Fatalf("organization.py %s: %v\n%s", phase, err, out)
	}
	return numbers
}

// accounts are the registered ones by name.
func (p program) accounts(t testing.TB) map[string]schemas.Account {
	t.Helper()
	var list []schemas.Account
	p.json(t, &list, "account", "list")
	out := map[string]schemas.Account{}
	for _, a := range list {
		out[a.Name] = a
	}
	return out
}

// An organization of 29 accounts in moto, by the command line: filters, names,
// labels, a group that selects by them, scans of members, joining and leaving.
func TestOrganization(t *testing.T) {
	t.Parallel()
	m := startMoto(t)
	numbers := m.organization(t, "create")
	p := newProgram(t)
	p.ok(t, "group", "create", "production")
	p.ok(t, "group", "select", "production", "env=prod,insights/ou=Prod")

	add := []string{"account", "add", "main", "--endpoint", m.url, "--service", "sqs", "--region", "us-east-1", "--organization"}
	checkFailure(t, p, exitUsage, add, "--organization needs --member-role ROLE")
	checkFailure(t, p, exitUsage, slices.Concat(add, []string{"--member-role", "insights-reader", "--ou", "Worklods"}), `no organizational unit "Worklods"`, "Workloads (ou-")
	if list := p.accounts(t); len(list) != 0 {
		t.Errorf("registered all the same: %v", list)
	}
	add = append(add, "--member-role", "insights-reader", "--member-external-id", "7f3a", "--session-policy", "SecurityAudit",
		"--ou", "Workloads", "--schedule", "@daily", "--exclude-account", numbers["more-07"])
	if out := p.ok(t, add...); !strings.Contains(out, "27 accounts; 27 joined") {
		t.Errorf("account add: %s", out)
	}
	list := p.accounts(t)
	if len(list) != 28 {
		t.Errorf("%d accounts, want main and 27 members", len(list))
	}
	shop := list["Shop"]
	if shop.RoleARN != "arn:aws:iam::"+numbers["Shop"]+":role/insights-reader" || shop.ExternalID != "7f3a" ||
		shop.ID != schemas.NewAccountID("aws", numbers["Shop"]) || shop.Schedule.Cron != "@daily" || !slices.Equal(shop.SessionPolicies, []string{"SecurityAudit"}) ||
		shop.Found == nil || shop.Found.By != list["main"].ID || shop.Found.OU != "Workloads/Prod" {
		t.Errorf("Shop: %+v %+v", shop, shop.Found)
	}
	for k, v := range map[string]string{"env": "prod", "team": "Web-Shop", "insights/ou": "Prod", "insights/ou-path": "Workloads.Prod", "insights/organization": "main"} {
		if shop.Labels[k] != v {
			t.Errorf("label %s is %q, want %q", k, shop.Labels[k], v)
		}
	}
	if _, ok := list["Sandbox"]; ok {
		t.Error("Sandbox is in none of the units")
	}
	groups := func(account string) string { return p.ok(t, "account", "groups", account) }
	if !strings.Contains(groups("Shop"), "production") || strings.Contains(groups("Shop-test"), "production") {
		t.Errorf("groups of Shop: %s\nof Shop-test: %s", groups("Shop"), groups("Shop-test"))
	}

	// A member is scanned by its own role, and keeps what people changed of it.
	p.ok(t, "scan", "start", "Data-Lake")
	p.ok(t, "account", "update", "Shop", "--name", "webshop", "--label", "owner=ann")
	checkFailure(t, p, exitError, []string{"account", "update", "webshop", "--region", "eu-west-1"}, "only its name and labels", "account update main --exclude-account")
	if _, errs, code := p.run(t, "account", "remove", "webshop", "--yes"); code != exitError || !strings.Contains(errs, "--exclude-account "+numbers["Shop"]) {
		t.Errorf("account remove: exit %d\n%s", code, errs)
	}

	numbers = m.organization(t, "change")
	var c schemas.OrganizationChanges
	p.json(t, &c, "account", "sync", "main")
	if !slices.Equal(c.Joined, []string{"Newcomer"}) || !slices.Equal(c.Left, []string{"Data-Lake"}) || !slices.Equal(c.Changed, []string{"webshop"}) || c.Total != 27 {
		t.Errorf("%+v", c)
	}
	list = p.accounts(t)
	if a := list["webshop"]; a.Labels["owner"] != "ann" || a.Labels["insights/ou"] != "Test" || a.Found.OU != "Workloads/Test" {
		t.Errorf("webshop: %+v", a)
	}
	if strings.Contains(groups("webshop"), "production") {
		t.Error("webshop moved out of Prod and is in production still")
	}
	lake := list["Data-Lake"]
	if !lake.Found.Left() || lake.Schedule.Cron != "" {
		t.Errorf("Data-Lake: %+v %+v", lake, lake.Found)
	}
	checkFailure(t, p, exitError, []string{"scan", "start", "Data-Lake"}, "is not scanned since", "suspended or closed")
	var page schemas.ResourcePage
	if p.json(t, &page, "resources", "--account", "Data-Lake"); !slices.ContainsFunc(page.Resources, func(r schemas.StoredResource) bool {
		return strings.HasSuffix(r.ID, numbers["Data Lake"]+"/of-data-lake")
	}) {
		t.Errorf("what was found in Data-Lake is not kept: %+v", page.Resources)
	}
	// Nothing changed, nothing is said to have.
	if p.json(t, &c, "account", "sync", "main"); len(c.Joined)+len(c.Left)+len(c.Changed) > 0 {
		t.Errorf("again: %+v", c)
	}
	// A file says the same, and leaves what was found alone.
	write(t, filepath.Join(p.dir, "insights-accounts.yaml"), "accounts:\n  - name: main\n    endpoint: "+m.url+"\n    services: [sqs]\n    regions: [us-east-1]\n    sessionPolicies: [SecurityAudit]\n"+
		"    schedule: {cron: \"@daily\"}\n    organization: {role: insights-reader, externalId: 7f3a, ous: [Workloads], exclude: [\""+numbers["more-07"]+"\"]}\n")
	if out := p.ok(t, "apply", "-f", "insights-accounts.yaml", "--prune"); !strings.Contains(out, "Nothing to do") {
		t.Errorf("apply: %s", out)
	}
	// What it changes of the organization is looked at at once.
	file := filepath.Join(p.dir, "insights-accounts.yaml")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write(t, file, strings.Replace(string(text), numbers["more-07"], numbers["more-08"], 1))
	if out := p.ok(t, "apply", "-f", file); !strings.Contains(out, "27 accounts; 1 joined, 0 changed, 1 left") ||
		!strings.Contains(out, "Joined: more-07") || !strings.Contains(out, "Left: more-08") {
		t.Errorf("apply of another exclusion: %s", out)
	}

	// A unit that the organization does not have is refused; one without accounts is not.
	checkFailure(t, p, exitUsage, []string{"account", "update", "main", "--ou", "Workloads,Wokrloads/Prod"}, `no organizational unit "Wokrloads/Prod"`, "Workloads/Prod (ou-")
	if out := p.ok(t, "account", "update", "main", "--ou", "Workloads,Workloads/Empty"); !strings.Contains(out, "27 accounts; 0 joined, 0 changed, 0 left") ||
		!strings.Contains(out, "no account is in the organizational unit Workloads/Empty") {
		t.Errorf("account update: %s", out)
	}
	if out := p.ok(t, "account", "show", "main"); !strings.Contains(out, "no account is in the organizational unit Workloads/Empty") {
		t.Errorf("account show: %s", out)
	}
	// What left can be removed; the organization can be let go of.
	p.ok(t, "account", "remove", "Data-Lake", "--yes")
	p.ok(t, "account", "update", "main", "--organization=false", "--session-policy=")
	p.ok(t, "account", "update", "webshop", "--region", "eu-west-1")

	// An organization that cannot be listed changes nothing.
	p.ok(t, "account", "update", "main", "--organization", "--member-role", "insights-reader")
	before := len(p.accounts(t))
	m.stop(t)
	if _, errs, code := p.run(t, "account", "sync", "main"); code == exitOK || !strings.Contains(errs, "error:") {
		t.Errorf("sync without AWS: exit %d\n%s", code, errs)
	}
	if after := p.accounts(t); len(after) != before || slices.ContainsFunc(slices.Collect(maps.Values(after)), func(a schemas.Account) bool { return a.Found.Left() }) {
		t.Errorf("%d accounts before, %d after", before, len(after))
	}
}
