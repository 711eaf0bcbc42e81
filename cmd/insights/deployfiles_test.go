package main

import (
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// dockerLines are the instructions of a Dockerfile, a line each.
func dockerLines(t *testing.T, file string) (list [][2]string) {
	t.Helper()
	for line := range strings.Lines(strings.ReplaceAll(readText(t, file), "\\\n", " ")) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, rest, _ := strings.Cut(line, " ")
		list = append(list, [2]string{name, strings.TrimSpace(rest)})
	}
	return list
}

func readText(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// The image cannot be built here; what its file refers to can be looked at.
func TestDockerfileRefersToWhatThereIs(t *testing.T) {
	const root = "../../"
	stages, last, goVersion := map[string]bool{}, map[string]string{}, ""
	for _, in := range dockerLines(t, root+"deploy/docker/Dockerfile") {
		name, rest := in[0], in[1]
		switch name {
		case "FROM":
			image, stage, _ := strings.Cut(rest, " AS ")
			stages[stage] = true
			clear(last)
			if v, ok := strings.CutPrefix(image, "golang:"); ok {
				goVersion, _, _ = strings.Cut(v, "-")
			}
		case "COPY":
			words := slices.DeleteFunc(strings.Fields(rest), func(w string) bool { return strings.HasPrefix(w, "--chown") })
			if stage, ok := strings.CutPrefix(words[0], "--from="); ok {
				if !stages[stage] {
					t.Errorf("COPY %s: there is no stage %s", rest, stage)
				}
			} else {
				for _, source := range words[:len(words)-1] {
					if _, err := os.Stat(root + source); err != nil {
						t.Errorf("COPY %s: %v", rest, err)
					}
				}
			}
			last["COPY "+words[len(words)-1]] = words[len(words)-2]
		case "RUN", "ARG", "WORKDIR", "ENV", "VOLUME", "USER", "HEALTHCHECK", "ENTRYPOINT", "CMD":
			last[name] = rest
		default:
			t.Errorf("unknown instruction %s", name)
		}
	}
	if !strings.Contains(readText(t, root+"go.mod"), "\ngo "+goVersion+".") {
		t.Errorf("built with Go %s", goVersion)
	}
	if last["USER"] != "65532:65532" || last["ENTRYPOINT"] != `["/usr/local/bin/insights"]` || last["ENV"] != "INSIGHTS_DATA_DIR="+last["VOLUME"] || last["COPY "+last["VOLUME"]] == "" {
		t.Errorf("the last stage is %v", last)
	}
	engine := last["COPY /usr/local/lib/libchdb.so"] // ../lib of the program, where it looks
	pkg := regexp.MustCompile(`node_modules/(@chdb/[a-z0-9-]+)/libchdb\.so$`).FindStringSubmatch(engine)
	if pkg == nil || !strings.Contains(readText(t, root+".ci/chdb/package-lock.json"), `"node_modules/`+pkg[1]+`"`) {
		t.Errorf("the engine comes from %q", engine)
	}
	parses(t, "CMD", jsonWords(t, last["CMD"]))
	_, health, _ := strings.Cut(last["HEALTHCHECK"], " CMD ")
	if words := jsonWords(t, health); words[0] == "/usr/local/bin/insights" {
		parses(t, "HEALTHCHECK", words[1:])
	} else {
		t.Errorf("HEALTHCHECK %s", last["HEALTHCHECK"])
	}
}

func jsonWords(t *testing.T, text string) (words []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &words); err != nil || len(words) == 0 {
		t.Fatalf("%q: %v", text, err)
	}
	return words
}

// Every package that the program is built from must reach the image's build.
func TestImageContextHoldsTheProgram(t *testing.T) {
	const root = "../../"
	allowed := map[string]bool{}
	for line := range strings.Lines(readText(t, root+"deploy/docker/Dockerfile.dockerignore")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "!"); ok {
			allowed[name] = true
			if _, err := os.Stat(root + name); err != nil {
				t.Error(err)
			}
		}
	}
	for pkg := range importTable {
		if _, err := os.Stat(root + pkg); err != nil || strings.HasPrefix(pkg, ".") {
			continue
		}
		first, _, _ := strings.Cut(pkg, "/")
		if !allowed[first] && !allowed[pkg] {
			t.Errorf("%s is not in the build's context", pkg)
		}
	}
}

// unit is the [Service] section of a systemd unit; keys may repeat.
func serviceOf(t *testing.T, file string) map[string][]string {
	t.Helper()
	out, section := map[string][]string{}, ""
	for line := range strings.Lines(readText(t, file)) {
		line = strings.TrimSpace(line)
		switch k, v, pair := strings.Cut(line, "="); {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = line
		case !pair:
			t.Errorf("%s: %q", file, line)
		case section == "[Service]":
			out[k] = append(out[k], v)
		}
	}
	return out
}

func TestSystemdUnits(t *testing.T) {
	const dir = "../../deploy/systemd/"
	for _, name := range []string{"insights.service", "insights@.service"} {
		s := serviceOf(t, dir+name)
		for k, want := range map[string]string{
			"NoNewPrivileges": "yes", "ProtectSystem": "strict", "DynamicUser": "yes", "ProtectHome": "yes", "PrivateTmp": "yes", "CapabilityBoundingSet": "",
			"RestartPreventExitStatus": "2",
		} {
			if !slices.Equal(s[k], []string{want}) {
				t.Errorf("%s: %s=%v", name, k, s[k])
			}
		}
		words := strings.Fields(s["ExecStart"][0])
		if words[0] != "/usr/local/bin/insights" {
			t.Errorf("%s: ExecStart=%v", name, words)
		}
		parses(t, name, words[1:])
		env := map[string]string{}
		for _, e := range s["Environment"] {
			k, v, _ := strings.Cut(e, "=")
			env[k] = v
		}
		checkSettings(t, name, env)
		if want := "%S/" + s["StateDirectory"][0]; env["INSIGHTS_DATA_DIR"] != want {
			t.Errorf("%s: the data directory %s is not its state directory", name, env["INSIGHTS_DATA_DIR"])
		}
		verifyUnit(t, dir, name)
	}
}

// verifyUnit asks systemd where there is one. The program is not installed, so
// the unit names this one instead.
func verifyUnit(t *testing.T, dir, name string) {
	t.Helper()
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		return // its keys have been read above
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), name)
	text := strings.Replace(readText(t, dir+name), "ExecStart=/usr/local/bin/insights", "ExecStart="+self, 1)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), analyze, "verify", "--man=no", file).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify %s: %v\n%s", name, err, out)
	}
}

// The environment files beside the units make configurations that hold.
func TestSystemdEnvironmentFiles(t *testing.T) {
	const dir = "../../deploy/systemd/"
	common := envFile(t, dir+"common.env")
	var roles []string
	for _, name := range []string{"control", "discovery", "evaluator"} {
		env := maps.Clone(common)
		maps.Copy(env, envFile(t, dir+name+".env"))
		checkSettings(t, name+".env", env)
		c, err := loadConfig("/dev/null", func(k string) string { return env[k] }, nil)
		if err != nil {
			t.Errorf("%s.env: %v", name, err)
		}
		roles = append(roles, c.Roles...)
	}
	if !slices.Equal(roles, allRoles) {
		t.Errorf("the instances run the roles %v", roles)
	}
}

func envFile(t *testing.T, file string) map[string]string {
	t.Helper()
	env := map[string]string{}
	for line := range strings.Lines(readText(t, file)) {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(k, "#") {
			env[k] = v
		}
	}
	return env
}
