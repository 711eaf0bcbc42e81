package sink

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// chdb is the part of libchdb's C API that is used: https://github.com/chdb-io/chdb,
// programs/local/chdb.h. Queries carry their length, so binary data may be in them.
type chdb struct {
	connect func(argc int32, argv **byte) *uintptr
	query   func(conn uintptr, q unsafe.Pointer, n uintptr, format unsafe.Pointer, formatLen uintptr) uintptr
	errText func(result uintptr) string
	buffer  func(result uintptr) unsafe.Pointer
	length  func(result uintptr) uintptr
	destroy func(result uintptr)
	close   func(conn *uintptr)
}

// The library stays loaded for the life of the process; it cannot be unloaded.
var (
	loadOnce sync.Once
	loaded   chdb
	errLoad  error
)

// loadChdb loads the library at path, once. Later calls return the same one.
func loadChdb(path string) (*chdb, error) {
	loadOnce.Do(func() {
		handle, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			errLoad = schemas.Errorf(schemas.CodeUnavailable, "load the ClickHouse engine %s: %w", path, err).WithHint("%s", libraryHint)
			return
		}
		for name, fn := range map[string]any{
			"chdb_connect": &loaded.connect, "chdb_query_n": &loaded.query, "chdb_result_error": &loaded.errText,
			"chdb_result_buffer": &loaded.buffer, "chdb_result_length": &loaded.length,
			"chdb_destroy_query_result": &loaded.destroy, "chdb_close_conn": &loaded.close,
		} {
			symbol, err := purego.Dlsym(handle, name)
			if err != nil {
				errLoad = schemas.Errorf(schemas.CodeUnavailable, "the ClickHouse engine %s: %w", path, err).WithHint("%s", libraryHint)
				return
			}
			purego.RegisterFunc(fn, symbol)
		}
	})
	return &loaded, errLoad
}

// open makes a connection. Each is independent: queries on two run in parallel.
func (c *chdb) open(dir string, options ...string) (*uintptr, error) {
	args := append([]string{"clickhouse", "--path=" + dir}, options...)
	argv := make([]*byte, len(args)+1)
	for i, a := range args {
		b := append([]byte(a), 0)
		argv[i] = &b[0]
	}
	conn := c.connect(int32(len(args)), &argv[0])
	runtime.KeepAlive(argv)
	if conn == nil || *conn == 0 {
		return nil, schemas.Errorf(schemas.CodeUnavailable, "start the ClickHouse engine: it refused its data directory %s", dir).
			WithHint("See the engine's messages above; the directory may be damaged, of a newer engine, or in use.")
	}
	return conn, nil
}

var native = []byte("Native")

// run sends one statement and returns the result in the Native format.
func (c *chdb) run(conn *uintptr, sql []byte) ([]byte, error) {
	r := c.query(*conn, unsafe.Pointer(unsafe.SliceData(sql)), uintptr(len(sql)), unsafe.Pointer(&native[0]), uintptr(len(native)))
	runtime.KeepAlive(sql)
	if r == 0 {
		return nil, errors.New("the engine gave no result")
	}
	defer c.destroy(r)
	if text := c.errText(r); text != "" {
		return nil, errors.New(text)
	}
	n := c.length(r)
	if n == 0 {
		return nil, nil
	}
	return bytes.Clone(unsafe.Slice((*byte)(c.buffer(r)), n)), nil
}

const libraryHint = "Run 'make setup', or name the file libchdb.so of the npm package @chdb/lib-<platform> in INSIGHTS_CHDB_LIB; or use a ClickHouse server: clickhouse.dsn."

// FindLibrary is the path of the engine library: given by name, else beside the
// program, else in .tools/chdb of the working directory or one above it.
// CodeUnavailable with the remedy when there is none.
func FindLibrary(given string) (string, error) {
	if given == "" {
		given = os.Getenv("INSIGHTS_CHDB_LIB")
	}
	if given != "" {
		if _, err := os.Stat(given); err != nil {
			return "", schemas.Errorf(schemas.CodeUnavailable, "the ClickHouse engine library: %w", err).WithHint("%s", libraryHint)
		}
		return given, nil
	}
	for _, candidate := range libraryCandidates() {
		if _, err := os.Stat(candidate); err == nil {
			return candidate, nil
		}
	}
	return "", schemas.Errorf(schemas.CodeUnavailable, "the ClickHouse engine library %s was not found", libraryName).WithHint("%s", libraryHint)
}
