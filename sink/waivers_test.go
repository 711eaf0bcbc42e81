package sink

import (
	"slices"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// selectors of every kind, and such as cover nothing.
var selectors = map[string]schemas.WaiverSelector{
	"account":       {Accounts: []schemas.Member{schemas.NewMember(histories[0], "")}},
	"child":         {Accounts: []schemas.Member{schemas.NewMember(histories[0], "us-east-1"), schemas.NewMember(histories[1], "eu-west-1")}},
	"pack":          {Packs: []string{"pack-1"}},
	"packs":         {Packs: []string{"pack-?"}},
	"policies":      {Policies: []string{"policy-1", "*-3"}},
	"type":          {Types: []string{"aws:s3/*"}},
	"urn":           {URNs: []string{"urn:insights:" + nowCalled(histories[1]) + "/us-east-1::aws::*"}},
	"hostile urns":  {URNs: []string{"*::%_$5|", "*::o'0", `*::b\1"`, "*::ü??`"}},
	"all of them":   {Accounts: []schemas.Member{schemas.NewMember(histories[0], "")}, Packs: []string{"pack-0"}, Types: []string{bucketType}},
	"nothing":       {Packs: []string{"' OR 1=1 --", "%", "_"}},
	"an old name":   {URNs: []string{"urn:insights:acct-*"}},
	"tags":          {Tags: map[string]string{"team": "data", "as": "*"}},
	"a tag":         {Tags: map[string]string{"team": "*"}},
	"another's tag": {Tags: map[string]string{"team": "a"}},
}

// Every selector covers exactly what it says; what is covered stays in the list,
// named, and is told apart by the filter and in the report.
func askWaivers(t *testing.T, w *world) {
	a, b := histories[0], histories[1]
	names := map[schemas.AccountID]string{a: nowCalled(a), b: nowCalled(b)}
	hits := 0
	for name, s := range selectors {
		waiver := schemas.Waiver{Name: `it's "it"`, WaiverTerms: schemas.WaiverTerms{Selector: s, ExpiresAt: w.h.now.Add(time.Hour)}}
		rec := schemas.Record{Waivers: []schemas.Waiver{waiver}, Names: names}
		ids := map[schemas.WaivedFilter][]string{}
		for _, filter := range []schemas.WaivedFilter{"", schemas.WaivedOnly, schemas.WaivedNone} {
			page, err := w.s.Violations(t.Context(), schemas.ViolationQuery{Waived: filter, Limit: maxLimit, Sort: "resource"}, rec)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			for _, v := range page.Violations {
				ids[filter] = append(ids[filter], v.Finding)
				if now := nowCalled(v.AccountID); v.Account != now || v.URN != v.Key.URN(now) {
					t.Errorf("%s of account %s, which is called %s now", v.URN, v.Account, now)
				}
				want := w.m.covered(s, w.m.violations[v.Finding])
				if (v.Waiver == waiver.Name) != want || want && !v.WaivedUntil.Equal(waiver.ExpiresAt) || !want && v.Waiver != "" {
					t.Errorf("%s: %s is waived by %q, want %t", name, v.URN, v.Waiver, want)
				}
			}
		}
		hits += len(ids[schemas.WaivedOnly])
		if both := slices.Concat(ids[schemas.WaivedOnly], ids[schemas.WaivedNone]); len(both) != len(ids[""]) {
			t.Errorf("%s: %d with, %d without, %d in all", name, len(ids[schemas.WaivedOnly]), len(ids[schemas.WaivedNone]), len(ids[""]))
		}
		r, err := w.s.Report(t.Context(), schemas.ReportQuery{}, rec)
		if err != nil {
			t.Fatal(err)
		}
		counted, waived := uint64(0), uint64(0)
		for _, acc := range r.Accounts {
			counted += acc.Counts.Waived
			for _, n := range acc.Waived {
				waived += n
			}
			plain := w.report(acc.AccountID, schemas.ReportQuery{})
			if acc.Score != plain.Score || acc.Scores.Resources.Strict != plain.Scores.Resources.Strict || acc.Scores.Policies.Strict != plain.Scores.Policies.Strict {
				t.Errorf("%s: waivers change strict scores: %+v, without %+v", name, acc.Scores, plain.Scores)
			}
		}
		if waived != uint64(len(ids[schemas.WaivedOnly])) || counted > waived {
			t.Errorf("%s: the report counts %d waived violations and %d results, the list has %d", name, waived, counted, len(ids[schemas.WaivedOnly]))
		}
	}
	if hits < 50 {
		t.Errorf("all waivers cover %d violations", hits)
	}
}

// Of several waivers the one that ends last is named; tags are those of the
// resource; what is waived wholly leaves nothing against the score.
func TestWaivers(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}}
	sc.says = func(k schemas.Key, _, _ string) schemas.PolicyResult {
		if k.ID == "bad" {
			return failed(schemas.SeverityHigh, "no")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	bad, good := sceneKey(bucketType, "bad"), sceneKey(bucketType, "good")
	b := sc.see(bad, good)
	b.Resources[0].Properties = map[string]any{"tags": map[string]any{"team": "data", "env": "test"}}
	b.Resources[0].Hash = "tagged"
	sc.seq++
	b.Seq = sc.seq
	sc.write(schemas.Message{Snapshot: b}, schemas.Message{Verdicts: sc.answer(b)})
	waiver := func(name string, days int, s schemas.WaiverSelector) schemas.Waiver {
		return schemas.Waiver{Name: name, WaiverTerms: schemas.WaiverTerms{Selector: s, ExpiresAt: sc.start.AddDate(0, 0, days)}}
	}
	one := schemas.Record{Waivers: []schemas.Waiver{
		waiver("short", 1, schemas.WaiverSelector{Policies: []string{"a"}}), waiver("long", 2, schemas.WaiverSelector{Policies: []string{"?"}, Tags: map[string]string{"team": "data", "env": "*"}}),
		waiver("other", 3, schemas.WaiverSelector{Tags: map[string]string{"team": "web"}}),
	}}
	page, err := sc.s.Violations(t.Context(), schemas.ViolationQuery{}, one)
	if err != nil || len(page.Violations) != 2 || page.Violations[0].Waiver != "long" || page.Violations[1].Waiver != "long" {
		t.Fatalf("%+v, %v", page, err)
	}
	r, err := sc.s.Report(t.Context(), schemas.ReportQuery{}, one)
	if err != nil {
		t.Fatal(err)
	}
	s := r.Accounts[0].Scores
	for name, c := range map[string]struct {
		got             schemas.Score
		strict, waivers schemas.Share
	}{
		"results":   {s.Results, schemas.NewShare(2, 4), schemas.NewShare(2, 2)},
		"policies":  {s.Policies, schemas.NewShare(0, 2), schemas.NewShare(2, 2)},
		"resources": {s.Resources, schemas.NewShare(1, 2), schemas.NewShare(1, 1)},
		"hub":       {s.SecurityHub, schemas.NewShare(0, 2), schemas.NewShare(2, 2)},
	} {
		if c.got.Strict != c.strict || *c.got.WithWaivers != c.waivers {
			t.Errorf("%s: %+v %+v, want %+v %+v", name, c.got.Strict, *c.got.WithWaivers, c.strict, c.waivers)
		}
	}
	one.Waivers = one.Waivers[:1]
	if r, err = sc.s.Report(t.Context(), schemas.ReportQuery{}, one); err != nil || *r.Accounts[0].Scores.Resources.WithWaivers != schemas.NewShare(1, 2) {
		t.Errorf("half waived is not compliant: %+v, %v", r.Accounts[0].Scores.Resources.WithWaivers, err)
	}
}

// What became unknown, or is waived wholly, raises no score with waivers.
func TestWaivedAndUnknown(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	sc.packs = []schemas.JudgedPack{{Pack: "p", Version: "1", Policies: []string{"a", "b"}}}
	known := true
	sc.says = func(k schemas.Key, _, policy string) schemas.PolicyResult {
		switch {
		case k.ID == "waived" && policy == "a" && !known:
			return schemas.PolicyResult{Outcome: schemas.Unknown}
		case k.ID == "waived", k.ID == "bad" && policy == "a":
			return failed(schemas.SeverityHigh, "no")
		}
		return schemas.PolicyResult{Outcome: schemas.Passed}
	}
	keys := []schemas.Key{sceneKey(bucketType, "bad"), sceneKey(bucketType, "good"), sceneKey(bucketType, "waived")}
	sc.judge(keys...)
	known = false
	sc.content[keys[2]] = "denied"
	sc.judge(keys...)
	terms := schemas.WaiverTerms{Selector: schemas.WaiverSelector{URNs: []string{"*::waived"}, Policies: []string{"a"}}, ExpiresAt: sc.start.AddDate(0, 0, 9)}
	rec := schemas.Record{Waivers: []schemas.Waiver{{Name: "w", WaiverTerms: terms}}}
	r, err := sc.s.Report(t.Context(), schemas.ReportQuery{}, rec)
	if err != nil {
		t.Fatal(err)
	}
	// a: bad failed, good passed, waived unknown. b: waived failed, two passed. The
	// violation of a on the waived one is open and covered, and hides no failure.
	s := r.Accounts[0].Scores
	if s.Results.Strict != schemas.NewShare(3, 6) || *s.Results.WithWaivers != schemas.NewShare(3, 6) {
		t.Errorf("results %+v %+v", s.Results.Strict, *s.Results.WithWaivers)
	}
	if s.Resources.Strict != schemas.NewShare(1, 3) || *s.Resources.WithWaivers != schemas.NewShare(1, 3) {
		t.Errorf("resources %+v %+v", s.Resources.Strict, *s.Resources.WithWaivers)
	}
	if r.Accounts[0].Waived[schemas.SeverityHigh] != 1 {
		t.Errorf("%+v: the violation is open, and waived", r.Accounts[0].Waived)
	}
}
