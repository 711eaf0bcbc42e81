package api

import (
	"encoding/json"
	"fmt"
	"strconv"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A report of 1,000 accounts, each with two packs of 96 policies, by frameworks of
// the size of CIS AWS Foundations and of NIST SP 800-53.
func BenchmarkFrameworkReport(b *testing.B) {
	for _, controls := range []int{60, 300} {
		f := benchFramework(controls)
		r := benchReport(b, f, 1000)
		b.Run(strconv.Itoa(controls), func(b *testing.B) {
			for b.Loop() {
				byFramework(f, r)
			}
		})
	}
}

const benchPolicies = 96

func benchPolicy(n int) string { return fmt.Sprintf("policy-%02d", n%benchPolicies) }

// benchFramework has controls that up to ten policies check, five on average: one pack
// maps its policies itself, a mapping file those of the other.
func benchFramework(controls int) schemas.Framework {
	f := schemas.Framework{Name: "CIS AWS Foundations Benchmark", Version: "3.0.0"}
	for i := range controls {
		c := schemas.FrameworkControl{ID: fmt.Sprintf("%d.%d", 1+i/20, 1+i%20), Section: fmt.Sprintf("Section %d", 1+i/20)}
		for n := range i % 11 {
			c.Policies = append(c.Policies, fmt.Sprintf("pack-%d/%s", n%2, benchPolicy(i+n)))
		}
		f.Controls = append(f.Controls, c)
	}
	return f
}

// benchReport has texts of their own for every account, as what is read from a store has.
func benchReport(b *testing.B, f schemas.Framework, accounts int) (r schemas.Report) {
	b.Helper()
	one := schemas.AccountReport{LastScan: &schemas.Scan{}, Packs: []schemas.PackReport{{Pack: "pack-0"}, {Pack: "pack-1"}}}
	for n := range 2 * benchPolicies {
		pack := &one.Packs[n/benchPolicies]
		p := policyOf(benchPolicy(n), schemas.Counts{Passed: uint64(n % 7), Failed: uint64(n % 3 / 2), NotApplicable: 3})
		for _, c := range f.Controls {
			if pack.Pack == "pack-0" && c.Checks(pack.Pack, p.Policy) {
				p.Controls = append(p.Controls, schemas.Control{Framework: f.Name, Version: f.Version, ID: c.ID})
			}
		}
		pack.Policies = append(pack.Policies, p)
	}
	doc, err := json.Marshal(one)
	if err != nil {
		b.Fatal(err)
	}
	r.Accounts = make([]schemas.AccountReport, accounts)
	for i := range r.Accounts {
		if err := json.Unmarshal(doc, &r.Accounts[i]); err != nil {
			b.Fatal(err)
		}
	}
	return r
}
