package sink

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// jointRows bounds one insert of several writers; a single writer's rows are never cut.
const jointRows = 50_000

// part is what one writer has to insert into a table.
type part struct {
	columns string
	rows    int
	append  func(driver.Batch) error
	done    chan error // gets how it ended, once
}

// joint inserts into one table for all writers: what comes while an insert runs is
// inserted together by the next one. Every insert has costs of its own in the store,
// and leaves a file there to be merged, however few its rows are; so the busier the
// store is, the larger inserts get, and a single writer waits for nobody.
type joint struct {
	mu      sync.Mutex
	waiting []*part
	running bool

	// types are of the columns, once known; for whoever runs. The driver would ask for
	// them before every insert over HTTP.
	types []clickhouse.ColumnNameAndType
}

// jointOf is the table's joint insert.
func (s *Store) jointOf(table string) *joint {
	j, ok := s.joints.Load(table)
	if !ok {
		j, _ = s.joints.LoadOrStore(table, new(joint))
	}
	return j.(*joint)
}

// insert writes rows, perhaps in one statement with those of others. It returns when
// they are written. When ctx ends before, they may be written all the same.
func insert[T any](ctx context.Context, s *Store, table string, rows []T) error {
	if len(rows) == 0 {
		return nil
	}
	p := &part{columns: columnsOf(&rows[0]), rows: len(rows), done: make(chan error, 1), append: func(b driver.Batch) error {
		for i := range rows {
			if err := b.AppendStruct(&rows[i]); err != nil {
				return schemas.Errorf(schemas.CodeInvalid, "insert into %s: %w", table, err)
			}
		}
		return nil
	}}
	j := s.jointOf(table)
	if j.add(p) {
		go j.run(context.WithoutCancel(ctx), s, table)
	}
	select {
	case err := <-p.done:
		return err
	case <-ctx.Done():
		return schemas.Errorf(schemas.CodeCancelled, "insert into %s: %w", table, context.Cause(ctx))
	}
}

// add puts p into the row of those that wait; true when nobody works it off.
func (j *joint) add(p *part) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting = append(j.waiting, p)
	idle := !j.running
	j.running = true
	return idle
}

// take is what is inserted next, in the order it came; none when nothing waits.
func (j *joint) take() []*part {
	j.mu.Lock()
	defer j.mu.Unlock()
	n, rows := 0, 0
	for n < len(j.waiting) && (n == 0 || rows+j.waiting[n].rows <= jointRows) {
		rows += j.waiting[n].rows
		n++
	}
	taken := slices.Clone(j.waiting[:n])
	j.waiting = slices.Delete(j.waiting, 0, n)
	j.running = n > 0
	return taken
}

// run inserts until nothing waits.
func (j *joint) run(ctx context.Context, s *Store, table string) {
	for parts := j.take(); len(parts) > 0; parts = j.take() {
		err := j.send(ctx, s, table, parts)
		for _, p := range parts {
			own := err
			if len(parts) > 1 && schemas.CodeOf(err) == schemas.CodeInvalid {
				own = j.send(ctx, s, table, []*part{p}) // the fault is that of one
			}
			p.done <- own
		}
	}
}

// send inserts parts as one block.
func (j *joint) send(ctx context.Context, s *Store, table string, parts []*part) (err error) {
	what, start := "insert into "+table, time.Now()
	if j.types == nil {
		if j.types, err = s.columnTypes(ctx, table, parts[0].columns); err != nil {
			return err
		}
	}
	defer func() {
		if err != nil {
			j.types = nil // they may be others by now
		}
	}()
	ctx = clickhouse.Context(ctx, clickhouse.WithColumnNamesAndTypes(j.types))
	b, err := s.conn.PrepareBatch(ctx, s.sql("INSERT INTO @db."+table+" ("+parts[0].columns+")"))
	if err != nil {
		return s.fail(what, err)
	}
	rows := 0
	for _, p := range parts {
		if err := p.append(b); err != nil {
			_ = b.Abort()
			return err
		}
		rows += p.rows
	}
	if err := b.Send(); err != nil {
		return s.fail(what, err)
	}
	if s.inserted != nil {
		s.inserted(table, rows, time.Since(start))
	}
	return nil
}

// columnTypes are the types of columns of a table, in their order.
func (s *Store) columnTypes(ctx context.Context, table, columns string) ([]clickhouse.ColumnNameAndType, error) {
	types := map[string]string{}
	err := s.query(ctx, "read the columns of "+table, "SELECT name, type FROM system.columns WHERE database = ? AND table = ?", []any{s.db, table}, func(r driver.Rows) error {
		var name, typ string
		err := r.Scan(&name, &typ)
		types[name] = typ
		return err
	})
	if err != nil {
		return nil, err
	}
	var list []clickhouse.ColumnNameAndType
	for name := range strings.SplitSeq(columns, ", ") {
		if types[name] == "" {
			return nil, schemas.Errorf(schemas.CodeConflict, "database %s lacks column %s of table %s", s.db, name, table).WithHint("Run 'insights migrate'.")
		}
		list = append(list, clickhouse.ColumnNameAndType{Name: name, Type: types[name]})
	}
	return list, nil
}
