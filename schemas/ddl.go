package schemas

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed ddl/*.sql
var ddl embed.FS

// Migration is one numbered step of the database schema.
type Migration struct {
	Version    int
	Name       string
	Statements []string // "@db." stands for the database
}

// Migrations returns every step in order. Files are named NNNN_name.sql.
func Migrations() ([]Migration, error) {
	files, err := fs.Glob(ddl, "ddl/*.sql") // sorted
	if err != nil {
		return nil, Errorf(CodeInternal, "list migrations: %w", err)
	}
	var out []Migration
	for _, f := range files {
		text, err := ddl.ReadFile(f)
		if err != nil {
			return nil, Errorf(CodeInternal, "read migration: %w", err)
		}
		name := strings.TrimSuffix(strings.TrimPrefix(f, "ddl/"), ".sql")
		number, _, _ := strings.Cut(name, "_")
		v, err := strconv.Atoi(number)
		if err != nil || v != len(out)+1 {
			return nil, Errorf(CodeInternal, "migration %s: number %s, expected %04d", f, number, len(out)+1)
		}
		out = append(out, Migration{Version: v, Name: name, Statements: statements(string(text))})
	}
	return out, nil
}

// statements splits a file at semicolons that end a line, without comments.
func statements(text string) []string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "--") {
			fmt.Fprint(&b, line)
		}
	}
	var out []string
	for s := range strings.SplitSeq(b.String(), ";\n") {
		if s = strings.TrimSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
