package apply_test

import (
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Everything that is wrong with a file is told at once, with where it stands.
func TestEveryProblemAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.publish("base", "1", "2")
	ok(t, w.packs.Remove(t.Context(), "base", "1"))
	_, err := w.service.AddAccount(t.Context(), schemas.Account{Name: "prod"})
	ok(t, err)
	before := w.revisions()
	for name, c := range map[string]struct{ text, want string }{
		"what cannot be read": {`
acounts: []
accounts:
  - name: prod
    region: eu-west-1
    regions: eu-west-1
    labels: {team: 12, who: [a]}
    externalId: 7
    schedule: {cron: "@daily", jitter: 3}
    createdAt: 2026-01-01T00:00:00Z
    maxShare: half
  - roleArn: [x]
  - dev
groups:
  - name: production
    accounts: {prod: true}
    packs:
      - pack: base
        config: [1]
      - version: 1
        config: {encrypt: 3}
    foo: 1
  - name:
`, `a.yaml:2: the file has no key "acounts"; did you mean "accounts"?
a.yaml:5: an account has no key "region"; did you mean "regions"?
a.yaml:6: regions must be a list, not the text "eu-west-1"
a.yaml:7: labels.team must be a text (quote it: "12"), not 12
a.yaml:7: labels.who must be a text, not a list
a.yaml:8: externalId must be a text (quote it: "7"), not 7
a.yaml:9: a schedule has no key "jitter"; did you mean "jitterSeconds"?
a.yaml:10: createdAt is set by the scanner; leave it out
a.yaml:11: maxShare must be a number, not the text "half"
a.yaml:12: roleArn must be a text, not a list
a.yaml:12: an account needs the key "name"
a.yaml:13: an account must be an object, not the text "dev"
a.yaml:16: accounts must be a list, not an object
a.yaml:19: config must be an object, not a list
a.yaml:20: version must be a text (quote it: "1"), not 1
a.yaml:20: a pack of a group needs the key "pack"
a.yaml:21: config.encrypt must be an enforcement level or an object, not 3
a.yaml:22: a group has no key "foo"; there are: accounts, name, packs, selector
a.yaml:23: a group needs the key "name"`},
		"no YAML":      {"accounts: [\n", "a.yaml:1: "},
		"a tab":        {"accounts:\n\t- name: x\n", "a.yaml:2: "},
		"not UTF-8":    {"accounts:\n  - name: x\n    labels: {a: \"\xff\"}\n", "a.yaml:3: is not UTF-8"},
		"a key twice":  {"groups: []\ngroups: []\n", `a.yaml:2: mapping key "groups" already defined at [1:1]`},
		"a list":       {"- name: prod\n", "a.yaml:1: the file must be an object, not a list"},
		"nothing":      {"# nothing\n", "a.yaml: has neither accounts, groups, waivers nor frameworks"},
		"other things": {"nats: {url: x}\n", `a.yaml:1: the file has no key "nats"; there are: accounts, frameworks, groups, waivers`},
		"no anchor":    {"accounts: *all\n", "a.yaml:1: there is no anchor &all before *all"},
		"a ring":       {"groups:\n  - &g {name: a, packs: [{pack: base, config: &c {all: {x: *c}}}]}\n", "a.yaml:2: config"},
		"what is twice": {
			"accounts:\n  - name: a\n  - name: a\ngroups:\n  - name: g\n    accounts: [a, a]\n    packs: [{pack: base}, {pack: base}]\n  - name: g\n",
			"a.yaml:3: account \"a\" is there twice, first at a.yaml:2\na.yaml:6: account \"a\" is there twice, first at a.yaml:6\n" +
				"a.yaml:7: pack \"base\" is there twice, first at a.yaml:7\na.yaml:8: group \"g\" is there twice, first at a.yaml:5",
		},
		"no share": {"accounts:\n  - name: a\n    maxShare: 0\n    tailShare: 0.0\n", "a.yaml:3: account \"a\": maxShare: 0 must be over 0, and 1 at most\na.yaml:4: account \"a\": tailShare: 0 must be over 0, and 1 at most"},
		"what there is not": {`
accounts:
  - name: -x
    regions:
      - eu-west-1
      - middle-earth
    roleArn: reader
    schedule: {jitterSeconds: -1, cron: often}
  - name: prod
    id: aws-222222222222
  - name: other
    id: aws-3
groups:
  - name: default-accounts-policy-group
    accounts: [prod]
  - name: a..b
  - name: production
    accounts:
      - prodd
      - nobody at all
    packs:
      - pack: bas
      - pack: base
        version: "1"
  - name: third
    packs:
      - pack: base
        config:
          encrypt: {days: many}
  - name: fourth
    packs:
      - pack: base
        config: {encrypd: disabled}
`, `a.yaml:3: account "-x": name: "-x" must match ^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$
a.yaml:5: account "-x": regions[1]: "middle-earth" is not a region
a.yaml:7: account "-x": roleArn: "reader" is not an ARN
a.yaml:8: account "-x": schedule.jitterSeconds: must not be negative
a.yaml:8: account "-x": schedule.cron: schedule "often": expected 5 fields; use five fields
a.yaml:10: account "prod" is registered as aws-111111111111 and cannot become aws-222222222222; use another name, or remove it first
a.yaml:12: account "other": id: "aws-3" must be PARTITION-ACCOUNT, for example aws-123456789012
a.yaml:15: group default-accounts-policy-group holds every account; leave its accounts out
a.yaml:16: group name "a..b" must not begin or end with a dot or have two in a row
a.yaml:19: group "production": there is no account "prodd"; did you mean "prod"?
a.yaml:20: group "production": there is no account "nobody at all"; there are: -x, prod, other
a.yaml:22: group "production": there is no pack "bas"; did you mean "base"?
a.yaml:24: group "production": pack base has no version "1"; there are: 2
a.yaml:29: group "third": pack base: policy pack configuration is invalid: encrypt: days: got string, want integer
a.yaml:33: group "fourth": pack base: pack base 2 has no policy encrypd (policies: encrypt)`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.plan(c.text, false)
			if err == nil || schemas.CodeOf(err) != schemas.CodeInvalid {
				t.Fatalf("got error %v", err)
			}
			if !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("got\n%v\nwant\n%s", err, c.want)
			}
			t.Log(err)
		})
	}
	w.unchanged(before)
}

// Several files are one; keys that others read are left to them.
func TestSeveralFiles(t *testing.T) {
	t.Parallel()
	files := []apply.File{
		{Name: "a.yaml", Data: []byte("nats: {url: x}\naccounts: &all [{name: prod}]\n---\ngroups: [{name: g, accounts: [prod]}]\n")},
		{Name: "b.json", Data: []byte(`{"accounts": [{"name": "dev", "labels": {"a": "é"}}]}`)},
	}
	others := func(key string) bool { return key == "nats" }
	d, err := apply.Parse(files, others)
	ok(t, err)
	p, err := apply.Compare(d, apply.State{}, rules(), false)
	ok(t, err)
	equal(t, shown(p), `create account prod name=<nil>->prod provider=<nil>->aws
create account dev labels.a=<nil>->é name=<nil>->dev provider=<nil>->aws
create group g
create account prod in group g
`)
	_, err = apply.Parse(append(files, apply.File{Name: "c.yaml", Data: []byte("accounts:\n  - name: prod\n")}), others)
	if err == nil || err.Error() != `c.yaml:2: account "prod" is there twice, first at a.yaml:2` {
		t.Errorf("got error %v", err)
	}
}

// Settings that many accounts share are written once.
// Some editors put a byte order mark before everything.
func TestByteOrderMark(t *testing.T) {
	t.Parallel()
	if _, err := newWorld(t).plan("\ufeffaccounts: []\n", false); err != nil {
		t.Error(err)
	}
}

func TestAnchors(t *testing.T) {
	t.Parallel()
	d, err := apply.Parse([]apply.File{{Name: "a.yaml", Data: []byte(`
accounts:
  - &common
    name: prod
    regions: &regions [eu-west-1]
    labels: {team: a}
  - <<: *common
    name: dev
    labels: {team: b}
  - {name: test, regions: *regions}
`)}}, nil)
	ok(t, err)
	p, err := apply.Compare(d, apply.State{}, rules(), false)
	ok(t, err)
	equal(t, shown(p), `create account prod labels.team=<nil>->a name=<nil>->prod provider=<nil>->aws regions=<nil>->[eu-west-1]
create account dev labels.team=<nil>->b name=<nil>->dev provider=<nil>->aws regions=<nil>->[eu-west-1]
create account test name=<nil>->test provider=<nil>->aws regions=<nil>->[eu-west-1]
`)
}
