package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// An interrupted scan goes on while it is young: what it has read it does not read
// again, and a scan is of one time.
const resumable = 24 * time.Hour

// How long the record of a scan may take to appear whose process ended between
// claiming the account and writing it.
const recordAppears = 2 * time.Second

// startScan starts a scan. Where the stores are this process's alone, one that is not
// over was interrupted, and nobody else would end it: it goes on if it reads what is
// asked for, else it is cancelled and another one begins. Which of these, it says.
func (a *app) startScan(ctx context.Context, s api.Service, account string, limit schemas.ScanLimit) (schemas.Scan, error) {
	scan, err := s.StartScan(ctx, account, limit)
	if err == nil || schemas.CodeOf(err) != schemas.CodeConflict || !a.alone() {
		return scan, err
	}
	old, found, listErr := unfinished(ctx, s, account)
	if listErr != nil || !found {
		return scan, err
	}
	began := fmt.Sprintf("Scan %s of %s, which began %s, was interrupted", old.ID, old.Account, timeText(old.StartedAt))
	if resumes(old, limit, time.Now()) {
		fmt.Fprintln(a.err, began+": it goes on.")
		return old, nil
	}
	fmt.Fprintln(a.err, began+" and is of something else or old: it is cancelled, and another one begins.")
	if _, err := s.CancelScan(ctx, old.ID); err != nil && schemas.CodeOf(err) != schemas.CodeConflict {
		return old, err
	}
	if _, err := a.watch(ctx, s, old, a.progress(false)); err != nil {
		return old, err
	}
	return s.StartScan(ctx, account, limit)
}

// alone tells whether nothing else works on the stores while this process does.
func (a *app) alone() bool {
	if a.server != "" {
		return false
	}
	cfg, err := a.config()
	return err == nil && cfg.NATS.URL == ""
}

// unfinished is the scan of an account that is not over.
func unfinished(ctx context.Context, s api.Service, account string) (schemas.Scan, bool, error) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for until := time.Now().Add(recordAppears); ; {
		list, err := s.ListScans(ctx, account, 1)
		if err != nil {
			return schemas.Scan{}, false, err
		}
		if len(list) > 0 && !list[0].State.Ended() {
			return list[0], true, nil
		}
		if time.Now().After(until) {
			return schemas.Scan{}, false, nil
		}
		select {
		case <-ctx.Done():
			return schemas.Scan{}, false, context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// resumes tells whether a scan that was interrupted gives what is asked for now.
func resumes(old schemas.Scan, limit schemas.ScanLimit, now time.Time) bool {
	same := func(a, b []string) bool {
		return slices.Equal(slices.Compact(slices.Sorted(slices.Values(a))), slices.Compact(slices.Sorted(slices.Values(b))))
	}
	return old.State == schemas.ScanRunning && now.Sub(old.StartedAt) < resumable &&
		same(old.Limit.Services, limit.Services) && same(old.Limit.Regions, limit.Regions) && same(old.Limit.Resources, limit.Resources)
}
