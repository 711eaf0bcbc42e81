package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Config is everything a process is told. Later sources win: defaults,
// insights.yaml, INSIGHTS_* environment, flags.
type Config struct {
	DataDir      string
	Roles        []string
	Listen       string
	API          APIConfig
	AdminAddr    string // metrics, probes and profiles of serve; "" or "off" for none
	DrainTimeout time.Duration
	Log          LogConfig
	NATS         NATSConfig
	ClickHouse   ClickHouseConfig
	Secrets      SecretsConfig
	Workers      WorkersConfig
	Sandbox      string // how packs are contained: a sandbox.Mode
	Packs        PacksConfig
	Retention    schemas.Retention
}

// APIConfig bounds what callers of the HTTP API may ask.
type APIConfig struct {
	RequestsPerMinute int // of each token; 0: no bound
}

// LogConfig says how much is logged, and in which form.
type LogConfig struct {
	Level  string // debug, info, warn, error
	Format string // console or json
}

// NATSConfig is empty for the embedded server.
type NATSConfig struct {
	URL       string
	CredsFile string
	User      string
	Password  string // by INSIGHTS_NATS_PASSWORD or nats.passwordFile only
	CA        string
	Cert      string
	Key       string
	Replicas  int
	AckWait   time.Duration
	LeaseTTL  time.Duration
}

// ClickHouseConfig is empty for the embedded engine.
type ClickHouseConfig struct {
	DSN      string
	Password string // by INSIGHTS_CLICKHOUSE_PASSWORD or clickhouse.passwordFile only
	Database string
	Library  string
}

// SecretsConfig says where the key ring lies that seals secret values.
type SecretsConfig struct{ KeyFile string }

// WorkersConfig bounds what one process does at once.
type WorkersConfig struct {
	Discovery  int // units at once
	Evaluator  int // batches at once
	MaxEngines int // loaded packs kept warm
	// MaxEngineMemory is what the processes of packs kept warm may hold together.
	MaxEngineMemory byteSize
}

// PacksConfig says what packs may do.
type PacksConfig struct {
	Builtins []string // of Rego, that are not for every pack
	Memory   byteSize // of the processes of one pack in a programming language
}

// adminOff is the adminAddr of a process that shows nothing of itself.
const adminOff = "off"

// minHistory is the least that can be kept of the past: the ends of units are part
// of it, and a scan is complete when they are all there.
const minHistory schemas.Days = 7

// minPackMemory is the least that is of use to a pack in a programming language.
const minPackMemory byteSize = 256 << 20

// allRoles a process can take.
var allRoles = []string{"control", "sink", "discovery", "evaluator"}

func defaultConfig() Config {
	return Config{
		DataDir:      ".insights",
		Roles:        slices.Clone(allRoles),
		AdminAddr:    "127.0.0.1:9480",
		DrainTimeout: 30 * time.Second,
		API:          APIConfig{RequestsPerMinute: 6000},
		Log:          LogConfig{Level: "info", Format: "console"},
		NATS:         NATSConfig{Replicas: 1, AckWait: 30 * time.Second, LeaseTTL: 15 * time.Second},
		ClickHouse:   ClickHouseConfig{Database: "insights"},
		Workers:      WorkersConfig{Discovery: 4, Evaluator: 4, MaxEngines: 64, MaxEngineMemory: 4 << 30},
		Sandbox:      string(sandbox.BestEffort),
		Packs:        PacksConfig{Memory: 4 << 30},
		Retention:    schemas.Retention{Removed: 90},
	}
}

// setting is one thing that can be configured. Its path in the file gives its
// environment variable: nats.credsFile is INSIGHTS_NATS_CREDS_FILE.
type setting struct {
	path  string
	usage string
	// to is where the value goes: *string, *int, *[]string, *time.Duration,
	// *byteSize or *schemas.Days.
	to func(*Config) any
	// secret values may come from the environment or from a file named by
	// path+"File", never from the configuration file itself.
	secret bool
}

var settings = []setting{
	{path: "dataDir", usage: "directory of the embedded stores", to: func(c *Config) any { return &c.DataDir }},
	{path: "roles", usage: "what this process does: control, sink, discovery, evaluator", to: func(c *Config) any { return &c.Roles }},
	{path: "listen", usage: "address of the HTTP API, for example 127.0.0.1:8080", to: func(c *Config) any { return &c.Listen }},
	{path: "api.requestsPerMinute", usage: "how much each token may ask of the HTTP API of a process; 0: no bound", to: func(c *Config) any { return &c.API.RequestsPerMinute }},
	{path: "adminAddr", usage: "address of metrics, probes and profiles, without authentication; or off", to: func(c *Config) any { return &c.AdminAddr }},
	{path: "drainTimeout", usage: "how long serve may finish what is in hand when it is stopped", to: func(c *Config) any { return &c.DrainTimeout }},
	{path: "log.level", usage: "debug, info, warn or error", to: func(c *Config) any { return &c.Log.Level }},
	{path: "log.format", usage: "console or json", to: func(c *Config) any { return &c.Log.Format }},
	{path: "nats.url", usage: "NATS servers; empty runs one in this process", to: func(c *Config) any { return &c.NATS.URL }},
	{path: "nats.credsFile", usage: "NATS credentials file", to: func(c *Config) any { return &c.NATS.CredsFile }},
	{path: "nats.user", usage: "NATS user", to: func(c *Config) any { return &c.NATS.User }},
	{path: "nats.password", usage: "NATS password", to: func(c *Config) any { return &c.NATS.Password }, secret: true},
	{path: "nats.ca", usage: "CA certificates of the NATS servers", to: func(c *Config) any { return &c.NATS.CA }},
	{path: "nats.cert", usage: "client certificate for NATS", to: func(c *Config) any { return &c.NATS.Cert }},
	{path: "nats.key", usage: "key file of nats.cert", to: func(c *Config) any { return &c.NATS.Key }},
	{path: "nats.replicas", usage: "replicas of streams and buckets on a cluster", to: func(c *Config) any { return &c.NATS.Replicas }},
	{path: "nats.ackWait", usage: "how long a silent worker keeps its message", to: func(c *Config) any { return &c.NATS.AckWait }},
	{path: "nats.leaseTtl", usage: "how long work stays with a process that died", to: func(c *Config) any { return &c.NATS.LeaseTTL }},
	{path: "clickhouse.dsn", usage: "clickhouse:// or https:// DSN; empty runs the engine in this process", to: func(c *Config) any { return &c.ClickHouse.DSN }},
	{path: "clickhouse.password", usage: "password for clickhouse.dsn", to: func(c *Config) any { return &c.ClickHouse.Password }, secret: true},
	{path: "clickhouse.database", usage: "database", to: func(c *Config) any { return &c.ClickHouse.Database }},
	{path: "clickhouse.library", usage: "path of the engine library libchdb.so", to: func(c *Config) any { return &c.ClickHouse.Library }},
	{path: "secrets.keyFile", usage: "key ring that seals secret values; default DATADIR/keyring.json", to: func(c *Config) any { return &c.Secrets.KeyFile }},
	{path: "workers.discovery", usage: "units read at once", to: func(c *Config) any { return &c.Workers.Discovery }},
	{path: "workers.evaluator", usage: "batches judged at once", to: func(c *Config) any { return &c.Workers.Evaluator }},
	{path: "workers.maxEngines", usage: "loaded packs kept warm", to: func(c *Config) any { return &c.Workers.MaxEngines }},
	{path: "workers.maxEngineMemory", usage: "memory that the processes of packs kept warm may hold together, such as 4GiB", to: func(c *Config) any { return &c.Workers.MaxEngineMemory }},
	{path: "sandbox", usage: "how packs in programming languages are contained: required (or they do not run), best-effort, off", to: func(c *Config) any { return &c.Sandbox }},
	{path: "packs.builtins", usage: "Rego builtins that packs may use although they reach outside, such as http.send; default: none", to: func(c *Config) any { return &c.Packs.Builtins }},
	{path: "packs.memory", usage: "memory that a pack in a programming language may use, such as 4GiB", to: func(c *Config) any { return &c.Packs.Memory }},
	{path: "retention.history", usage: "how long resource versions, violation events and scans are kept, such as 400d, or forever; default: versions 400d, the others forever", to: func(c *Config) any { return &c.Retention.History }},
	{path: "retention.removed", usage: "how long what was found in a removed account is kept, such as 90d, or forever", to: func(c *Config) any { return &c.Retention.Removed }},
}

// env is the setting's environment variable.
func (s setting) env() string {
	var b strings.Builder
	b.WriteString("INSIGHTS_")
	for _, r := range s.path {
		switch {
		case r == '.':
			b.WriteByte('_')
		case unicode.IsUpper(r):
			b.WriteByte('_')
			b.WriteRune(r)
		default:
			b.WriteRune(unicode.ToUpper(r))
		}
	}
	return b.String()
}

// set parses a value given as text.
func (s setting) set(c *Config, text string) error {
	switch to := s.to(c).(type) {
	case *string:
		*to = text
	case *[]string:
		*to = splitList(text)
	case *int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		*to = n
	case *time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%q is not a duration such as 30s", text)
		}
		*to = d
	case *byteSize:
		n, err := parseByteSize(text)
		if err != nil {
			return err
		}
		*to = n
	case *schemas.Days:
		d, err := schemas.ParseDays(text)
		if err != nil {
			return err
		}
		*to = d
	}
	return nil
}

func splitList(text string) []string {
	var list []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			list = append(list, part)
		}
	}
	return list
}

// loadConfig reads a configuration: file (empty: insights.yaml if it exists),
// environment, then flag values by setting path. It returns every problem at once.
func loadConfig(file string, env func(string) string, flags map[string]string) (Config, error) {
	c := defaultConfig()
	var p schemas.Problems
	c.readFile(file, &p)
	for _, s := range settings {
		if v := env(s.env()); v != "" {
			if err := s.set(&c, v); err != nil {
				p.Check(false, s.env(), "%v", err)
			}
		}
		if v, ok := flags[s.path]; ok {
			if err := s.set(&c, v); err != nil {
				p.Check(false, s.path, "%v", err)
			}
		}
	}
	c.check(&p)
	return c, p.Err()
}

func (c *Config) readFile(file string, p *schemas.Problems) {
	named := file != ""
	if !named {
		file = "insights.yaml"
	}
	raw, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) && !named {
		return
	}
	if err != nil {
		p.Check(false, file, "%v", err)
		return
	}
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		p.Check(false, file, "%v", err)
		return
	}
	for _, key := range appliedKeys {
		delete(doc, key) // they may stand in the same file
	}
	flat := map[string]any{}
	flatten("", doc, flat)
	for _, path := range slices.Sorted(maps.Keys(flat)) {
		c.setFromFile(path, flat[path], p)
	}
}

func (c *Config) setFromFile(path string, value any, p *schemas.Problems) {
	for _, s := range settings {
		switch {
		case s.secret && path == s.path:
			p.Check(false, path, "secrets do not belong in this file; use %s or %sFile", s.env(), path)
			return
		case s.secret && path == s.path+"File":
			raw, err := os.ReadFile(fmt.Sprint(value))
			if err != nil {
				p.Check(false, path, "%v", err)
				return
			}
			*s.to(c).(*string) = strings.TrimSpace(string(raw))
			return
		case path == s.path:
			text, err := s.text(c, value)
			if err == nil {
				err = s.set(c, text)
			}
			if err != nil {
				p.Check(false, path, "%v", err)
			}
			return
		}
	}
	p.Check(false, path, "unknown setting")
}

// text turns a YAML value into the text form, refusing the wrong kind.
func (s setting) text(c *Config, value any) (string, error) {
	_, wantList := s.to(c).(*[]string)
	_, wantInt := s.to(c).(*int)
	switch v := value.(type) {
	case []any:
		if wantList {
			parts := make([]string, len(v))
			for i, e := range v {
				parts[i] = fmt.Sprint(e)
			}
			return strings.Join(parts, ","), nil
		}
	case string:
		if !wantInt {
			return v, nil
		}
	case uint64, int64:
		if wantInt {
			return fmt.Sprint(v), nil
		}
	}
	return "", fmt.Errorf("wants a %s, has %v", s.kind(c), value)
}

func (s setting) kind(c *Config) string {
	switch s.to(c).(type) {
	case *[]string:
		return "list"
	case *int:
		return "whole number"
	case *time.Duration:
		return "duration such as 30s"
	case *byteSize:
		return "memory size such as 4GiB"
	case *schemas.Days:
		return "number of days such as 90d, or forever"
	default:
		return "text"
	}
}

func flatten(prefix string, doc map[string]any, into map[string]any) {
	for k, v := range doc {
		if m, ok := v.(map[string]any); ok {
			flatten(prefix+k+".", m, into)
			continue
		}
		into[prefix+k] = v
	}
}

func (c *Config) check(p *schemas.Problems) {
	for i, r := range c.Roles {
		p.Check(slices.Contains(allRoles, r), fmt.Sprintf("roles[%d]", i), "%q is not one of %s", r, strings.Join(allRoles, ", "))
	}
	p.Check(len(c.Roles) > 0, "roles", "names no role")
	p.Check(slices.Contains(c.Roles, "control") == slices.Contains(c.Roles, "sink"), "roles", "control and sink go together: one process reads and writes the store")
	p.Check(len(c.Roles) == len(allRoles) || c.NATS.URL != "", "nats.url", "is needed when a process has only some of the roles")
	p.Check(slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level", "%q is not debug, info, warn or error", c.Log.Level)
	p.Check(slices.Contains([]string{"console", "json"}, c.Log.Format), "log.format", "%q is not console or json", c.Log.Format)
	p.Check(c.Workers.Discovery > 0, "workers.discovery", "must be positive")
	p.Check(c.Workers.Evaluator > 0, "workers.evaluator", "must be positive")
	p.Check(c.Workers.MaxEngines > 0, "workers.maxEngines", "must be positive")
	p.Check(c.Workers.MaxEngineMemory >= minPackMemory, "workers.maxEngineMemory", "must be at least %s", minPackMemory)
	p.Check(c.Packs.Memory >= minPackMemory, "packs.memory", "must be at least %s: with less, Node.js and Python do not start", minPackMemory)
	p.Check(slices.Contains(sandbox.Modes, sandbox.Mode(c.Sandbox)), "sandbox", "%q is not one of required, best-effort, off", c.Sandbox)
	for i, b := range c.Packs.Builtins {
		p.Check(slices.Contains(rego.Builtins(), b), fmt.Sprintf("packs.builtins[%d]", i), "%q is not one of %s", b, strings.Join(rego.Builtins(), ", "))
	}
	p.Check(c.API.RequestsPerMinute >= 0, "api.requestsPerMinute", "must not be negative")
	p.Check(c.NATS.Replicas > 0, "nats.replicas", "must be positive")
	p.Check(c.NATS.AckWait >= time.Second, "nats.ackWait", "must be at least 1s")
	p.Check(c.NATS.LeaseTTL >= time.Second, "nats.leaseTtl", "must be at least 1s")
	p.Check(c.DrainTimeout >= 0, "drainTimeout", "must not be negative")
	p.Check(c.Retention.History <= 0 || c.Retention.History >= minHistory, "retention.history", "must be at least %s: a scan that runs needs what it has stored", minHistory)
	p.Check(c.Retention.Removed != 0, "retention.removed", "needs a number of days such as 90d, or forever")
	if c.AdminAddr != "" && c.AdminAddr != adminOff {
		// ":9480" would be every address of the machine: that has to be said.
		host, port, err := net.SplitHostPort(c.AdminAddr)
		p.Check(err == nil && host != "" && port != "", "adminAddr", "%q is not HOST:PORT or off; 0.0.0.0:PORT is every address of this machine", c.AdminAddr)
	}
	if c.Listen != "" {
		_, port, err := net.SplitHostPort(c.Listen)
		p.Check(err == nil && port != "", "listen", "%q is not HOST:PORT, for example 127.0.0.1:8080", c.Listen)
	}
	p.Check((c.NATS.Cert == "") == (c.NATS.Key == ""), "nats.cert", "needs nats.key, and the other way round")
	if c.ClickHouse.DSN == "" {
		return
	}
	u, err := url.Parse(c.ClickHouse.DSN)
	p.Check(err == nil, "clickhouse.dsn", "is not a URL")
	if err == nil && u.User != nil {
		_, has := u.User.Password()
		p.Check(!has, "clickhouse.dsn", "must not hold the password; use INSIGHTS_CLICKHOUSE_PASSWORD or clickhouse.passwordFile")
	}
}

// clickhouseDSN is the DSN with the password in it, for the driver only.
func (c Config) clickhouseDSN() string {
	u, err := url.Parse(c.ClickHouse.DSN)
	if err != nil || c.ClickHouse.Password == "" {
		return c.ClickHouse.DSN
	}
	u.User = url.UserPassword(u.User.Username(), c.ClickHouse.Password)
	return u.String()
}

// keyFile is where the key ring lies.
func (c Config) keyFile() string {
	if c.Secrets.KeyFile != "" {
		return c.Secrets.KeyFile
	}
	return filepath.Join(c.DataDir, "keyring.json")
}

// natsDir and clickhouseDir are where the embedded stores lie.
func (c Config) natsDir() string       { return filepath.Join(c.DataDir, "nats") }
func (c Config) clickhouseDir() string { return filepath.Join(c.DataDir, "clickhouse") }

// embeds tells whether the process keeps a store in its data directory.
func (c Config) embeds() bool { return c.NATS.URL == "" || c.has("control") && c.ClickHouse.DSN == "" }

// runsPacks tells whether the process runs packs: control does when they are
// published.
func (c Config) runsPacks() bool { return c.has("evaluator") || c.has("control") }

// packLimits are those of packs in programming languages.
func (c Config) packLimits() sandbox.Limits { return sandbox.Limits{Memory: int64(c.Packs.Memory)} }

// has tells whether the process takes a role.
func (c Config) has(role string) bool { return slices.Contains(c.Roles, role) }

// value is the setting's value for people; of a secret only whether it is set.
func (s setting) value(c *Config) any {
	switch to := s.to(c).(type) {
	case *[]string:
		return strings.Join(*to, ",")
	case *int:
		return *to
	case *time.Duration:
		return to.String()
	case *byteSize:
		return to.String()
	case *schemas.Days:
		return to.String()
	case *string:
		if s.secret && *to != "" {
			return "(set)"
		}
		return *to
	}
	return nil
}
