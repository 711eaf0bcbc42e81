package apply_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const file = `
accounts:
  - name: prod
    roleArn: arn:aws:iam::111111111111:role/reader
    externalId: "7"
    maxShare: 0.25
    regions: [eu-west-1, us-east-1]
    schedule: {cron: "@daily", jitterSeconds: 60}
    labels: {team: a}
  - name: dev
    roleArn: arn:aws:iam::222222222222:role/reader
groups:
  - name: default-accounts-policy-group
    packs:
      - pack: base
  - name: production
    accounts: [prod]
    packs:
      - pack: extra
        version: "1.0"
        config:
          all: mandatory
          encrypt: {days: 60}
`

func TestApplyFromNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("extra", "1.0", "2.0")
	equal(t, w.apply(file), `create account prod externalId=<nil>->7 labels.team=<nil>->a maxShare=<nil>->0.25 name=<nil>->prod provider=<nil>->aws regions=<nil>->[eu-west-1 us-east-1] roleArn=<nil>->arn:aws:iam::111111111111:role/reader schedule.cron=<nil>->@daily schedule.jitterSeconds=<nil>->60
create account dev name=<nil>->dev provider=<nil>->aws roleArn=<nil>->arn:aws:iam::222222222222:role/reader
create pack base in group default-accounts-policy-group version=<nil>->latest
create group production
create account prod in group production
create pack extra in group production config.all.enforcementLevel=<nil>->mandatory config.encrypt.days=<nil>->60 version=<nil>->1.0
`)
	a, err := w.service.GetAccount(t.Context(), "prod")
	ok(t, err)
	if a.ID != prod || *a.MaxShare != 0.25 || a.ExternalID != "7" || a.Schedule.JitterSeconds != 60 || a.Labels["team"] != "a" || len(a.Regions) != 2 {
		t.Errorf("account %+v", a)
	}
	g, err := w.service.GetGroup(t.Context(), "production")
	ok(t, err)
	if len(g.Accounts) != 1 || g.Accounts[0].Account() != prod || g.Packs[0].Version != "1.0" || g.Packs[0].Config["encrypt"]["days"] != 60.0 {
		t.Errorf("group %+v", g)
	}
}

// What is as the file says is not written again: not even the time of an
// enrolment moves, by which versions of packs are chosen.
func TestApplyAgainWritesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("extra", "1.0")
	w.apply(file)
	before := w.revisions()
	for _, text := range []string{
		file, w.export(),
		strings.Replace(file, "accounts: [prod]", "accounts: [aws-111111111111]", 1),                   // by id
		strings.Replace(file, "{days: 60}", "{days: 60.0}", 1),                                         // the same number
		strings.Replace(file, "- name: dev", "- name: dev\n    id: aws-222222222222\n    regions:", 1), // what it is, and nothing
		"groups: []\naccounts: []\n",
	} {
		p, err := w.plan(text, false)
		ok(t, err)
		if !p.Empty() {
			t.Errorf("%s changes\n%s", text, shown(p))
		}
		ok(t, p.Run(t.Context(), w.service, func(*apply.Change) {}))
		w.unchanged(before)
	}
	if p, err := w.plan(w.export(), true); err != nil || !p.Empty() {
		t.Errorf("pruned by its own export: %v\n%s", err, shown(p))
	}
}

func TestApplyChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("extra", "1.0", "2.0")
	w.apply(file)
	for _, c := range []struct{ name, text, want string }{
		{"settings", `
accounts:
  - name: prod
    roleArn: arn:aws:iam::111111111111:role/other
    regions: [eu-west-1]
    labels: {team: b, stage: live}
`, `change account prod externalId=7-><nil> labels.stage=<nil>->live labels.team=a->b maxShare=0.25-><nil> regions=[eu-west-1 us-east-1]->[eu-west-1] roleArn=arn:aws:iam::111111111111:role/reader->arn:aws:iam::111111111111:role/other schedule.cron=@daily-><nil> schedule.jitterSeconds=60-><nil>
`},
		{"a name", `
accounts:
  - {name: live, id: aws-111111111111, roleArn: "arn:aws:iam::111111111111:role/other", regions: [eu-west-1], labels: {team: b, stage: live}}
groups:
  - {name: production, accounts: [live, dev]}
`, `change account prod name=prod->live
create account dev in group production
`},
		{"an enrolment", `
groups:
  - name: production
    packs: [{pack: extra, config: {encrypt: {days: 90}}}, {pack: base}]
`, `change pack extra in group production config.all.enforcementLevel=mandatory-><nil> config.encrypt.days=60->90 version=1.0->latest
create pack base in group production version=<nil>->latest
`},
	} {
		equal(t, w.apply(c.text), c.want)
		equal(t, w.apply(c.text), "")
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("extra", "1.0")
	w.apply(file)
	// Lists that a file does not have are not touched.
	for text, want := range map[string]string{
		"accounts:\ngroups:\n  - name: production\n":        "",
		"groups:\n  - name: production\n    accounts: []\n": "delete account prod in group production\n",
		"groups:\n  - name: production\n    packs: []\n":    "delete pack extra in group production\n",
		"groups: []\n": "delete group production\n",
		"groups:\n  - name: default-accounts-policy-group\n    packs: []\n":              "delete group production\ndelete pack base in group default-accounts-policy-group\n",
		"accounts: [{name: dev, roleArn: \"arn:aws:iam::222222222222:role/reader\"}]\n":  "delete account prod\n",
		"accounts: []\ngroups:\n  - name: production\n    accounts: []\n    packs: []\n": "delete pack extra in group production\ndelete account prod in group production\ndelete account prod\ndelete account dev\n",
	} {
		p, err := w.plan(text, true)
		ok(t, err)
		equal(t, shown(p), want)
		kept, err := w.plan(text, false)
		ok(t, err)
		if !kept.Empty() || len(kept.Kept) != len(p.Changes) {
			t.Errorf("without pruning, %s changes\n%sand keeps %v", text, shown(kept), kept.Kept)
		}
	}
	equal(t, w.apply("accounts: []\ngroups: []\n", true), "delete group production\ndelete account prod\ndelete account dev\n")
	st, err := apply.Read(t.Context(), w.service)
	ok(t, err)
	if len(st.Accounts) != 0 || len(st.Groups) != 1 || len(st.Groups[0].Packs) != 1 {
		t.Errorf("left %+v", st)
	}
}

// What was exported gives the same in another installation with the same packs.
func TestExportElsewhere(t *testing.T) {
	t.Parallel()
	from, to := newWorld(t), newWorld(t)
	for _, w := range []*world{from, to} {
		w.publish("base", "1")
		w.publish("extra", "1.0")
	}
	from.apply(strings.Replace(file, "labels: {team: a}", `labels: {yes: "no", number: "0012", null: "null", text: "a: 'b' #c\n\"d\" é\U0001F600 *x", empty: "", date: "2026-01-01", float: "1e3"}`, 1))
	to.apply(from.export())
	equal(t, to.export(), from.export())
	for _, w := range []*world{from, to} {
		a, err := w.service.GetAccount(t.Context(), "prod")
		ok(t, err)
		if want := "a: 'b' #c\n\"d\" é\U0001F600 *x"; len(a.Labels) != 7 || a.Labels["text"] != want || a.Labels["yes"] != "no" || a.Labels["number"] != "0012" || a.Labels["float"] != "1e3" || a.Labels["null"] != "null" {
			t.Errorf("labels %q", a.Labels)
		}
		e, err := w.service.GetGroup(t.Context(), "production")
		ok(t, err)
		if len(e.Packs) != 1 || e.Packs[0].Config["encrypt"]["days"] != 60.0 {
			t.Errorf("group %+v", e)
		}
	}
}

// Credentials show whose they are only when they are used. Every account is
// tried, and no group changes when one of them fails.
func TestWrongCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1")
	w.publish("extra", "1.0")
	text := strings.Replace(file, role("111111111111"), role(""), 1)
	p, err := w.plan(text, false)
	ok(t, err)
	done := 0
	err = p.Run(t.Context(), w.service, func(*apply.Change) { done++ })
	if err == nil || schemas.CodeOf(err) != schemas.CodeDenied || !strings.Contains(err.Error(), "account prod: role arn:aws:iam:::role/reader may not be assumed") {
		t.Fatalf("got error %v", err)
	}
	if done != 1 || !p.Changes[1].Done || p.Changes[0].Done {
		t.Errorf("%d done", done)
	}
	groups, err := w.service.ListGroups(t.Context())
	ok(t, err)
	if len(groups) != 1 || len(groups[0].Packs) != 0 {
		t.Errorf("groups %+v", groups)
	}
	if got := w.apply(file); !strings.HasPrefix(got, "create account prod ") || strings.Contains(got, "account dev\n") {
		t.Errorf("afterwards\n%s", got)
	}
	// The credentials of another account do not make an account another one.
	p, err = w.plan("accounts: [{name: prod, roleArn: \""+role("333333333333")+"\"}]\n", false)
	ok(t, err)
	err = p.Run(t.Context(), w.service, func(*apply.Change) {})
	if err == nil || schemas.CodeOf(err) != schemas.CodeConflict || !strings.Contains(err.Error(), "belong to aws-333333333333") {
		t.Fatalf("got error %v", err)
	}
}
