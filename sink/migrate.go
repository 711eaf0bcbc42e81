package sink

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Migrate brings the database to this program's schema. Every statement can be
// repeated, so two processes may do it at once and a crash does no harm.
func (s *Store) Migrate(ctx context.Context) error {
	steps, err := schemas.Migrations()
	if err != nil {
		return err
	}
	for _, statement := range []string{
		"CREATE DATABASE IF NOT EXISTS " + s.db,
		"CREATE TABLE IF NOT EXISTS @db.schema_migrations (version UInt32, name String, at DateTime) ENGINE = ReplacingMergeTree ORDER BY version",
	} {
		if err := s.exec(ctx, "prepare the database", statement); err != nil {
			return err
		}
	}
	have, want, err := s.Version(ctx)
	if err != nil {
		return err
	}
	if have > want {
		return schemas.Errorf(schemas.CodeConflict, "database %s has schema version %d, this program knows %d", s.db, have, want).
			WithHint("It was made by a newer version: use that one.")
	}
	for _, m := range steps[have:] {
		for _, statement := range m.Statements {
			if err := s.exec(ctx, "migration "+m.Name, statement); err != nil {
				return err
			}
		}
		if err := s.exec(ctx, "migration "+m.Name, "INSERT INTO @db.schema_migrations SELECT ?, ?, now()", uint32(m.Version), m.Name); err != nil {
			return err
		}
		s.log.Info().Str("migration", m.Name).Msg("database migrated")
	}
	return nil
}

// Version is the schema version the database has (0: none) and the one this
// program wants.
func (s *Store) Version(ctx context.Context) (have, want int, err error) {
	steps, err := schemas.Migrations()
	if err != nil {
		return 0, 0, err
	}
	var exists uint64
	err = s.query(ctx, "look for tables", "SELECT count() FROM system.tables WHERE database = ? AND name = 'schema_migrations'", []any{s.db},
		func(r driver.Rows) error { return r.Scan(&exists) })
	if err != nil || exists == 0 {
		return 0, len(steps), err
	}
	var v uint32
	err = s.query(ctx, "read the schema version", "SELECT max(version) FROM @db.schema_migrations", nil, func(r driver.Rows) error { return r.Scan(&v) })
	return int(v), len(steps), err
}
