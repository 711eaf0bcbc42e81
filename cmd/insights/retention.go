package main

import (
	"context"
	"errors"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/schedule"
	"github.com/insights-scanner/insights-scanner/schemas"
	"github.com/insights-scanner/insights-scanner/sink"
)

// retentionActor is who deletes by age, in the log of the configuration.
const retentionActor = "retention"

// How often it is looked at what is old enough, and how soon again when that
// could not be done.
const (
	retentionEvery = 24 * time.Hour
	retentionRetry = time.Hour
)

// retention deletes what is older than the configuration keeps. Any number of
// processes may do so: everything it does can be repeated.
type retention struct {
	keep    schemas.Retention
	store   *sink.Store
	service interface {
		ListAccounts(ctx context.Context) ([]schemas.Account, error)
		PurgeAccount(ctx context.Context, account schemas.AccountID) error
	}
	clock schedule.Clock
	log   zerolog.Logger
}

func (n *node) retention(clock schedule.Clock) *retention {
	return &retention{keep: n.cfg.Retention, store: n.store, service: n.service, clock: clock, log: n.log}
}

// run does what is due at once and then every day, until ctx ends.
func (r *retention) run(ctx context.Context) error {
	ctx = api.WithActor(ctx, retentionActor)
	for ctx.Err() == nil {
		wait := retentionEvery
		if err := r.round(ctx); err != nil && ctx.Err() == nil {
			r.log.Warn().Err(err).Msg("delete what is older than the configuration keeps; will try again in an hour")
			wait = retentionRetry
		}
		select {
		case <-ctx.Done():
		case <-r.clock.After(wait):
		}
	}
	return nil
}

func (r *retention) round(ctx context.Context) error {
	return errors.Join(r.store.KeepHistory(ctx, r.keep.History, r.clock.Now()), r.removed(ctx))
}

// removed deletes what was found in accounts that were removed long ago.
func (r *retention) removed(ctx context.Context) error {
	if r.keep.Removed == schemas.Forever {
		return nil
	}
	left, err := r.store.Left(ctx)
	if err != nil {
		return err
	}
	accounts, err := r.service.ListAccounts(ctx)
	if err != nil {
		return err // who is registered is not known, so nothing may be deleted
	}
	registered := map[schemas.AccountID]bool{}
	for _, a := range accounts {
		registered[a.ID] = true
	}
	var problems []error
	for _, l := range left {
		if !registered[l.Account] {
			problems = append(problems, r.letGo(ctx, l))
		}
	}
	return errors.Join(problems...)
}

// letGo deletes what is left of an account that is not registered, if it is time.
func (r *retention) letGo(ctx context.Context, l sink.Left) error {
	now := r.clock.Now().UTC()
	if l.Since.IsZero() {
		// The log missed the removal, or the list of accounts was restored from a
		// time before the account was added: its days begin now.
		return r.store.LogConfig(ctx, "account", string(l.Account), uint64(now.UnixNano()), retentionActor, now, []byte(`{"change":"found removed"}`))
	}
	if now.Before(l.Since.AddDate(0, 0, int(r.keep.Removed))) {
		return nil
	}
	// It refuses to when the account was added meanwhile.
	if err := r.service.PurgeAccount(ctx, l.Account); err != nil {
		return err
	}
	r.log.Info().Str("accountId", string(l.Account)).Time("removed", l.Since).Msg("deleted what was found in a removed account: older than retention.removed")
	return nil
}
