package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func noEnv(string) string { return "" }

func writeConfig(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "insights.yaml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestConfigLaterSourcesWin(t *testing.T) {
	t.Parallel()
	file := writeConfig(t, "dataDir: /file\nlog: {level: warn}\nnats: {ackWait: 5s}\nworkers: {discovery: 9, maxEngineMemory: 1.5GiB}\nretention: {history: 30d, removed: 5d}\n")
	env := func(k string) string {
		return map[string]string{"INSIGHTS_LOG_LEVEL": "error", "INSIGHTS_DATA_DIR": "/env", "INSIGHTS_RETENTION_REMOVED": "forever", "INSIGHTS_PACKS_MEMORY": "700MiB"}[k]
	}
	c, err := loadConfig(file, env, map[string]string{"dataDir": "/flag"})
	if err != nil {
		t.Fatal(err)
	}
	if c.DataDir != "/flag" || c.Log.Level != "error" || c.NATS.AckWait != 5*time.Second || c.Workers.Discovery != 9 ||
		c.Workers.MaxEngineMemory != 3<<29 || c.Packs.Memory != 700<<20 || c.Packs.Memory.String() != "700MiB" || c.Workers.MaxEngineMemory.String() != "1536MiB" ||
		c.Retention != (schemas.Retention{History: 30, Removed: schemas.Forever}) {
		t.Errorf("%+v", c)
	}
}

func TestConfigNamesEveryProblemWithItsPath(t *testing.T) {
	t.Parallel()
	file := writeConfig(t, `
dataDri: x
listen: here
roles: [control, sinks]
nats: {password: hunter2, replicas: two}
clickhouse: {dsn: "clickhouse://u:p@h:9000/db"}
log: {level: loud}
retention: {history: 6d, removed: 90}
packs: {builtins: [http.send, http.get], memory: 4}
workers: {maxEngineMemory: 100MiB}
`)
	_, err := loadConfig(file, noEnv, nil)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{
		"dataDri: unknown setting", `listen: "here" is not HOST:PORT`, `roles[1]: "sinks"`, "nats.password: secrets do not belong",
		"nats.replicas: wants a whole number", "clickhouse.dsn: must not hold the password", `log.level: "loud"`,
		"control and sink go together", `packs.builtins[1]: "http.get" is not one of http.send,`, "retention.history: must be at least 7d",
		`packs.memory: wants a memory size such as 4GiB, has 4`, "workers.maxEngineMemory: must be at least 256MiB", "retention.removed: wants a number of days such as 90d, or forever, has 90",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Error("the error repeats a secret")
	}
}

func TestConfigSecretFromFile(t *testing.T) {
	t.Parallel()
	secret := writeConfig(t, "s3cret\n")
	file := writeConfig(t, "clickhouse: {dsn: 'clickhouse://u@h:9000/db', passwordFile: "+secret+"}\n")
	c, err := loadConfig(file, noEnv, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.clickhouseDSN(); got != "clickhouse://u:s3cret@h:9000/db" {
		t.Error(got)
	}
}
