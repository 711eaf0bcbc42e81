package apply_test

import (
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const waiverFile = `
accounts:
  - name: prod
    roleArn: arn:aws:iam::111111111111:role/reader
waivers:
  - name: legacy-buckets
    selector:
      accounts: [prod/eu-west-1]
      policies: [s3_*]
      tags: {team: data}
    reason: replaced in spring
    approver: carol
    ticket: SEC-7
    expiresAt: 2099-01-31
frameworks:
  - name: ACME Baseline
    version: "2026"
    controls:
      - {id: A-1, title: Buckets are private, section: Storage, policies: [base/encrypt]}
      - {id: A-2, manual: true}
`

func TestWaiversAndFrameworksAsCode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	equal(t, w.apply(waiverFile), `create account prod name=<nil>->prod provider=<nil>->aws roleArn=<nil>->arn:aws:iam::111111111111:role/reader
create framework ACME Baseline@2026 controls.A-1.id=<nil>->A-1 controls.A-1.policies=<nil>->[base/encrypt] controls.A-1.section=<nil>->Storage controls.A-1.title=<nil>->Buckets are private controls.A-2.id=<nil>->A-2 controls.A-2.manual=<nil>->true name=<nil>->ACME Baseline version=<nil>->2026
create waiver legacy-buckets approver=<nil>->carol expiresAt=<nil>->2099-01-31T00:00:00Z reason=<nil>->replaced in spring selector.accounts=<nil>->[prod/eu-west-1] selector.policies=<nil>->[s3_*] selector.tags.team=<nil>->data ticket=<nil>->SEC-7
`)
	v, err := w.service.GetWaiver(t.Context(), "legacy-buckets")
	ok(t, err)
	if v.Selector.Accounts[0] != schemas.NewMember(prod, "eu-west-1") || v.Requester != "local" || v.StartsAt.IsZero() || len(v.Changes) != 1 {
		t.Errorf("waiver %+v", v)
	}
	// Applied again, and its own export: nothing is written.
	before := w.revisions()
	equal(t, w.apply(waiverFile), "")
	equal(t, w.apply(w.export(), true), "")
	w.unchanged(before)

	equal(t, w.apply(strings.NewReplacer("2099-01-31", "2098-01-31T12:00:00Z", "[base/encrypt]", "[base/*]", "ticket: SEC-7", "").Replace(waiverFile)),
		`change framework ACME Baseline@2026 controls.A-1.policies=[base/encrypt]->[base/*]
change waiver legacy-buckets expiresAt=2099-01-31T00:00:00Z->2098-01-31T12:00:00Z ticket=SEC-7-><nil>
`)
	p, err := w.plan("waivers: []\nframeworks: []\n", false)
	ok(t, err)
	if !p.Empty() || len(p.Kept) != 2 {
		t.Errorf("without pruning: %s, kept %v", shown(p), p.Kept)
	}
	equal(t, w.apply("waivers: []\nframeworks: []\n", true), "delete waiver legacy-buckets\ndelete framework ACME Baseline@2026\n")
	v, err = w.service.GetWaiver(t.Context(), "legacy-buckets")
	ok(t, err)
	if !v.Removed || len(v.Changes) != 3 || v.State(time.Now()) != schemas.WaiverGone {
		t.Errorf("after removal %+v", v)
	}
	// The name may be taken again; the record goes on.
	w.apply(waiverFile)
	v, err = w.service.GetWaiver(t.Context(), "legacy-buckets")
	ok(t, err)
	if v.Removed || len(v.Changes) != 4 {
		t.Errorf("added again %+v", v)
	}
}

// A waiver that has ended may stay in the file; one that would end before it begins may not.
func TestWaiversThatHaveEnded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	file := func(terms string) string {
		return "waivers:\n- {name: w, selector: {packs: [p]}, reason: r, " + terms + "}\n"
	}
	w.apply(file("expiresAt: 2099-01-31"))
	_, err := w.plan(file("expiresAt: 2020-01-31"), false)
	if want := `a.yaml:2: waiver "w": expiresAt: is not after startsAt`; schemas.CodeOf(err) != schemas.CodeInvalid || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	ended := file("startsAt: 2020-01-01, expiresAt: 2020-01-31")
	if w.apply(ended) == "" {
		t.Error("nothing changed")
	}
	equal(t, w.apply(ended), "")
}

func TestWaiverProblems(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for text, want := range map[string]string{
		"waivers: [{name: w, selector: {packs: [p]}, reason: r}]":                                              `a.yaml:1: a waiver needs the key "expiresAt"`,
		"waivers: [{name: w, selector: {packs: [p]}, reason: r, expiresAt: soon}]":                             `a.yaml:1: expiresAt must be a day or a moment such as 2027-01-31`,
		"waivers: [{name: w, selector: {}, reason: r, expiresAt: 2027-01-31}]":                                 `a.yaml:1: waiver "w": selector: is empty`,
		"waivers: [{name: w, selector: {accounts: [nobody]}, reason: r, expiresAt: 2027-01-31}]":               `a.yaml:1: waiver "w": there is no account "nobody"`,
		"waivers: [{name: w, selector: {types: [bucket]}, reason: r, expiresAt: 2027-01-31}]":                  `a.yaml:1: waiver "w": selector.types: "bucket" is no type token`,
		"waivers:\n- {name: w, selector: {packs: [p]}, reason: r, expiresAt: 2020-01-31}":                      `a.yaml:2: waiver "w": expiresAt: 2020-01-31T00:00:00Z is past`,
		"frameworks: [{name: f, controls: [{id: a, policies: [x]}]}]":                                          `a.yaml:1: framework "f": control a: "x" is not PACK/POLICY`,
		"frameworks: [{name: f, controls: [{id: a}, {id: a}]}]":                                                `a.yaml:1: framework "f": control a: is there twice`,
		"waivers:\n- &w {name: w, selector: {packs: [p]}, reason: r, expiresAt: 2027-01-31}\n- *w\n":           `a.yaml:3: waiver "w" is there twice, first at a.yaml:2`,
		"waivers: [{name: w, selector: {packs: [p]}, reason: r, expiresAt: 2027-01-31, startsAt: 2028-01-31}]": `a.yaml:1: waiver "w": expiresAt: is not after startsAt`,
	} {
		_, err := w.plan(text, false)
		if err == nil || schemas.CodeOf(err) != schemas.CodeInvalid || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
	if _, err := apply.ParseFramework(apply.File{Name: "f.yaml", Data: []byte("name: f\ncontrols:\n  - id: 1\n")}); err == nil || err.Error() != `f.yaml:3: id must be a text (quote it: "1"), not 1` {
		t.Errorf("got %v", err)
	}
	f, err := apply.ParseFramework(apply.File{Name: "f.yaml", Data: []byte("name: f\ncontrols:\n  - id: \"1\"\n    policies: [a/b]\n")})
	ok(t, err)
	if f.Name != "f" || !f.Controls[0].Checks("a", "b") || f.Controls[0].Checks("a", "c") {
		t.Errorf("framework %+v", f)
	}
}
