package sink

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Options say where the store is.
type Options struct {
	// DSN of a ClickHouse server: clickhouse://user:password@host:9000?secure=true
	// or http(s)://…; empty means the embedded engine on DataDir.
	DSN      string
	DataDir  string
	Lib      string // path of the engine library; empty searches, see FindLibrary
	Database string // default "insights"
	Log      zerolog.Logger
	// Inserted is told of every insert that succeeded; may be nil.
	Inserted func(table string, rows int, took time.Duration)
	// Announce is told of violations that are about to be opened, fixed and reopened,
	// and may be told of the same ones again; nothing is stored while it fails. May be nil.
	Announce func(ctx context.Context, changes []schemas.ViolationChange) error
}

// Store is the database. It is safe for concurrent use; see Write for its rule.
type Store struct {
	conn   driver.Conn
	engine *engine // nil with a server
	db     string
	log    zerolog.Logger
	joints *sync.Map // table -> *joint

	counting *counting

	inserted func(table string, rows int, took time.Duration)
	announce func(ctx context.Context, changes []schemas.ViolationChange) error
}

// oldest is the oldest ClickHouse whose SQL we use.
var oldest = [2]int{24, 8}

var databasePattern = regexp.MustCompile(`^[a-zA-Z_][a-zA-Z0-9_]{0,62}$`)

// Open connects. Errors tell a missing engine library, a server that does not
// answer, one that refuses the credentials, and one that is too old apart.
func Open(ctx context.Context, o Options) (*Store, error) {
	if o.Database == "" {
		o.Database = "insights"
	}
	if !databasePattern.MatchString(o.Database) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "clickhouse.database: %q must match %s", o.Database, databasePattern)
	}
	s := &Store{db: o.Database, log: o.Log, joints: new(sync.Map), counting: new(counting), inserted: o.Inserted, announce: o.Announce}
	opts, err := s.driverOptions(o)
	if err != nil {
		return nil, err
	}
	if s.conn, err = clickhouse.Open(opts); err != nil {
		_ = s.Close()
		return nil, schemas.Errorf(schemas.CodeInvalid, "clickhouse.dsn: %w", err)
	}
	if err := s.checkVersion(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// maxStatement is how long a statement may be, in bytes: bound values stand in its
// text, and lists of names and waivers soon fill the 256 KiB that ClickHouse allows.
const maxStatement = 1_000_000_000

func (s *Store) driverOptions(o Options) (*clickhouse.Options, error) {
	if o.DSN != "" {
		opts, err := clickhouse.ParseDSN(o.DSN)
		if err != nil {
			return nil, schemas.Errorf(schemas.CodeInvalid, "clickhouse.dsn: %w", err).
				WithHint("For example clickhouse://user@host:9440?secure=true or https://user@host:8443.")
		}
		if opts.Settings == nil {
			opts.Settings = clickhouse.Settings{}
		}
		if _, set := opts.Settings["max_query_size"]; !set {
			opts.Settings["max_query_size"] = maxStatement
		}
		opts.Auth.Database = "" // names are qualified, and the database may not exist yet
		return opts, nil
	}
	e, err := openEngine(o.Lib, o.DataDir)
	if err != nil {
		return nil, err
	}
	s.engine = e
	return &clickhouse.Options{
		Protocol: clickhouse.HTTP, Addr: []string{"embedded:0"}, MaxOpenConns: 2 * engineConnections,
		DialTimeout:   engineWait,
		TransportFunc: func(*http.Transport) (http.RoundTripper, error) { return &transport{e}, nil },
	}, nil
}

// Close frees the connections; the embedded engine closes with its last store.
func (s *Store) Close() error {
	var err error
	if s.conn != nil {
		err = s.conn.Close()
	}
	if s.engine != nil {
		s.engine.close()
		s.engine = nil
	}
	return err
}

// EngineVersion is the version of ClickHouse, such as "26.5.1.1".
func (s *Store) EngineVersion(ctx context.Context) (string, error) {
	var v string
	if err := s.conn.QueryRow(ctx, "SELECT version()").Scan(&v); err != nil {
		return "", s.fail("ask ClickHouse for its version", err)
	}
	return v, nil
}

func (s *Store) checkVersion(ctx context.Context) error {
	v, err := s.EngineVersion(ctx)
	if err != nil {
		return err
	}
	if olderThan(v, oldest) {
		return schemas.Errorf(schemas.CodeConflict, "ClickHouse %s is too old", v).
			WithHint("Version %d.%d or newer is needed.", oldest[0], oldest[1])
	}
	return nil
}

func olderThan(version string, limit [2]int) bool {
	parts := strings.SplitN(version, ".", 3)
	for i := range limit {
		if i >= len(parts) {
			return true
		}
		n, err := strconv.Atoi(parts[i])
		if err != nil || n != limit[i] {
			return err != nil || n < limit[i]
		}
	}
	return false
}

// sql puts the database's name into a statement.
func (s *Store) sql(statement string) string { return strings.ReplaceAll(statement, "@db.", s.db+".") }

// query runs a query and calls scan for every row.
func (s *Store) query(ctx context.Context, what, statement string, args []any, scan func(driver.Rows) error) error {
	rows, err := s.conn.Query(ctx, s.sql(statement), args...)
	if err != nil {
		return s.fail(what, err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows); err != nil {
			return s.fail(what, err)
		}
	}
	if err := rows.Err(); err != nil {
		return s.fail(what, err)
	}
	return nil
}

func (s *Store) exec(ctx context.Context, what, statement string, args ...any) error {
	if err := s.conn.Exec(ctx, s.sql(statement), args...); err != nil {
		return s.fail(what, err)
	}
	return nil
}

// fail says what went wrong and, for what an operator can mend, how. Everything
// else is unavailable: a later try may find the store well.
func (s *Store) fail(what string, err error) error {
	if e, ok := errors.AsType[*schemas.Error](err); ok {
		return e
	}
	// Servers and the engine end the text of an error with its name; the native
	// protocol gives the number: src/Common/ErrorCodes.cpp.
	code, text := int32(0), err.Error()
	if e, ok := errors.AsType[*clickhouse.Exception](err); ok {
		code = e.Code
	}
	is := func(number int32, name string) bool { return code == number || strings.Contains(text, "("+name+")") }
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return schemas.Errorf(schemas.CodeCancelled, "%s: %w", what, err)
	case is(81, "UNKNOWN_DATABASE"), is(60, "UNKNOWN_TABLE"):
		return schemas.Errorf(schemas.CodeConflict, "%s: database %s lacks its tables", what, s.db).WithHint("Run 'insights migrate'.")
	case is(516, "AUTHENTICATION_FAILED"), is(497, "ACCESS_DENIED"):
		return schemas.Errorf(schemas.CodeDenied, "%s: %w", what, err).WithHint("Check user and password of clickhouse.dsn.")
	case err == clickhouse.ErrAcquireConnTimeout: //nolint:errorlint // wrapped, it is the cause of a server that does not answer
		return schemas.Errorf(schemas.CodeUnavailable, "%s: all connections to ClickHouse are busy", what).
			WithHint("Try again later, or allow more with max_open_conns=N in clickhouse.dsn.")
	case s.engine == nil:
		return schemas.Errorf(schemas.CodeUnavailable, "%s: %w", what, err).WithHint("Check clickhouse.dsn and that the server answers.")
	default:
		return schemas.Errorf(schemas.CodeUnavailable, "%s: %w", what, err)
	}
}
