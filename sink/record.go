package sink

import (
	"context"
	"encoding/json"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

type scanRow struct {
	AccountID string    `ch:"account_id"`
	Scan      string    `ch:"scan"`
	Account   string    `ch:"account"`
	State     string    `ch:"state"`
	StartedAt time.Time `ch:"started_at"`
	EndedAt   time.Time `ch:"ended_at"`
	Document  string    `ch:"document"`
}

// RecordScan keeps a scan that has ended.
func (s *Store) RecordScan(ctx context.Context, scan schemas.Scan) error {
	doc, err := json.Marshal(scan)
	if err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "encode scan %s: %w", scan.ID, err)
	}
	err = insert(ctx, s, "scans", []scanRow{{
		AccountID: string(scan.AccountID), Scan: scan.ID, Account: scan.Account, State: string(scan.State),
		StartedAt: stored(scan.StartedAt), EndedAt: stored(scan.EndedAt), Document: string(doc),
	}})
	if err != nil {
		return err
	}
	return s.mark(ctx, scan.AccountID)
}

type policyRow struct {
	Pack     string    `ch:"pack"`
	Version  string    `ch:"version"`
	Policy   string    `ch:"policy"`
	At       time.Time `ch:"at"`
	Document string    `ch:"document"`
}

// RecordPolicies keeps what a pack says of its policies, for reports.
func (s *Store) RecordPolicies(ctx context.Context, m schemas.PackManifest) error {
	rows := make([]policyRow, len(m.Policies))
	for i, p := range m.Policies {
		doc, err := json.Marshal(p)
		if err != nil {
			return schemas.Errorf(schemas.CodeInvalid, "encode policy %s: %w", p.Name, err)
		}
		rows[i] = policyRow{Pack: m.Name, Version: m.Version, Policy: p.Name, At: stored(m.PublishedAt), Document: string(doc)}
	}
	if err := insert(ctx, s, "policies", rows); err != nil {
		return err
	}
	return s.mark(ctx, everyAccount)
}

type configRow struct {
	Kind     string    `ch:"kind"`
	Key      string    `ch:"key"`
	Revision uint64    `ch:"revision"`
	Actor    string    `ch:"actor"`
	At       time.Time `ch:"at"`
	Document string    `ch:"document"`
}

// LogConfig mirrors one change of the configuration.
func (s *Store) LogConfig(ctx context.Context, kind, key string, rev uint64, by string, at time.Time, doc []byte) error {
	return insert(ctx, s, "config_log", []configRow{{Kind: kind, Key: key, Revision: rev, Actor: by, At: stored(at), Document: string(doc)}})
}
