package main

import (
	"fmt"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// BenchmarkGroupChange is the time from the change of a group to the view that
// evaluators have of the last account that it touches: of 1,000 accounts that the
// starter pack applies to, one, or all. The log is synced at every write, as in use.
func BenchmarkGroupChange(b *testing.B) {
	const accounts = 1000
	s := newStarters(b)
	ctx := b.Context()
	s.must(s.installStarter(ctx))
	for i := range accounts {
		id := schemas.NewAccountID("aws", fmt.Sprintf("%012d", i+1))
		_, err := s.tables.accounts.Create(ctx, string(id), schemas.Account{ID: id, Name: fmt.Sprintf("account-%d", i), Provider: "aws"})
		s.must(err)
	}
	_, err := s.parts.groups.Create(ctx, "one")
	s.must(err)
	_, err = s.parts.groups.AddAccount(ctx, "one", "account-7")
	s.must(err)
	s.must(s.parts.resolver.All(ctx))

	view, seen := newEffectives(), make(chan struct{}, accounts+1)
	go func() {
		_ = s.tables.effective.Watch(ctx, func(key string, v *schemas.Effective, rev uint64) {
			view.set(key, v, rev)
			select {
			case <-view.ready:
				seen <- struct{}{}
			default: // the first view
			}
		}, view.synced)
	}()
	<-view.ready
	for group, touched := range map[string]int{"one": 1, schemas.DefaultAccountsGroup: accounts + 1} {
		b.Run(fmt.Sprintf("touches=%d", touched), func(b *testing.B) {
			level := 0
			for b.Loop() {
				level++
				e := schemas.Enrolment{Pack: "aws_foundations", Config: map[string]map[string]any{"all": {"enforcementLevel": []string{"advisory", "mandatory"}[level%2]}}}
				start := time.Now()
				_, err := s.parts.groups.Enrol(ctx, group, e)
				s.must(err)
				s.must(s.parts.resolver.All(ctx))
				for range touched {
					<-seen
				}
				b.ReportMetric(float64(time.Since(start).Milliseconds()), "ms/change")
			}
			if len(seen) > 0 {
				b.Errorf("%d accounts more were touched", len(seen))
			}
		})
	}
}
