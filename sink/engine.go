package sink

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// engineConnections is how many statements run at once in the embedded engine.
const engineConnections = 4

// engineWait is how long the driver waits for one of its connections to the embedded
// engine. By itself it gives up after half a minute, which a few long reports are enough
// for, and what the sink writes would be refused too. Who asks says when to give up.
const engineWait = 24 * time.Hour

// engine is the embedded ClickHouse of this process.
type engine struct {
	lib  *chdb
	dir  string
	free chan *uintptr
	refs int
}

// One path per process: the library refuses a second one.
var (
	engineMu   sync.Mutex
	theEngine  *engine
	errOtherAt = "the embedded ClickHouse engine of this process is open on %s already"
)

// openEngine opens the engine on dir or returns the one that is open on it.
func openEngine(lib, dir string) (*engine, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "data directory: %w", err)
	}
	engineMu.Lock()
	defer engineMu.Unlock()
	if theEngine != nil {
		if theEngine.dir != dir {
			return nil, schemas.Errorf(schemas.CodeConflict, errOtherAt, theEngine.dir)
		}
		theEngine.refs++
		return theEngine, nil
	}
	if lib, err = FindLibrary(lib); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "inserts"), 0o700); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "make the data directory: %w", err)
	}
	saved := saveSignals()
	defer saved.restore()
	e, err := startEngine(lib, dir)
	if err != nil {
		return nil, err
	}
	removeLeftovers(dir) // the engine has its lock: nobody else inserts
	theEngine = e
	return e, nil
}

func startEngine(lib, dir string) (*engine, error) {
	c, err := loadChdb(lib)
	if err != nil {
		return nil, err
	}
	e := &engine{lib: c, dir: dir, free: make(chan *uintptr, engineConnections), refs: 1}
	for range engineConnections {
		conn, err := c.open(dir, "--max_query_size=1000000000")
		if err != nil {
			e.shut()
			return nil, err
		}
		e.free <- conn
	}
	return e, nil
}

// removeLeftovers deletes insert files of a process that was killed.
func removeLeftovers(dir string) {
	files, _ := filepath.Glob(filepath.Join(dir, "inserts", "*"))
	for _, f := range files {
		_ = os.Remove(f)
	}
}

func (e *engine) shut() {
	for range len(e.free) {
		e.lib.close(<-e.free)
	}
}

// close closes the engine with its last user. It waits for running statements.
func (e *engine) close() {
	engineMu.Lock()
	defer engineMu.Unlock()
	if e.refs--; e.refs > 0 {
		return
	}
	for range engineConnections {
		e.lib.close(<-e.free)
	}
	theEngine = nil
}

// run sends one statement over a free connection. A statement cannot be
// stopped: when ctx ends, run returns and the statement ends by itself.
func (e *engine) run(ctx context.Context, sql []byte, done func()) ([]byte, error) {
	var conn *uintptr
	select {
	case conn = <-e.free:
	case <-ctx.Done():
		done()
		return nil, ctx.Err()
	}
	type reply struct {
		out []byte
		err error
	}
	c := make(chan reply, 1)
	go func() {
		out, err := e.lib.run(conn, sql)
		e.free <- conn
		done()
		c <- reply{out, err}
	}()
	select {
	case r := <-c:
		return r.out, r.err
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), context.Cause(ctx))
	}
}
