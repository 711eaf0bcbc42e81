package install

import (
	"cmp"
	"context"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Files of pip packs.
const (
	requirementsTxt  = "requirements.txt"
	requirementsLock = "requirements.lock"
)

// pip installs requirements.lock, which has every package with its version, or
// a requirements.txt that has hashes, which by pip's rules is a lock already.
//
// The lock has versions without hashes: pip tells the hash of the file that it
// chose for this machine only, and another platform or Python takes another file
// of the same version.
//
// pip is verbose, since it tells only then that an index refused: all else that it
// says is that there is no such package.
type pip struct{}

func (pip) name() string { return "pip" }

func (pip) add() string { return "add it to requirements.txt" }

func (pip) renew() string {
	return "when it is the lock that is stale: delete requirements.lock, so that publishing resolves it again"
}

func (pip) locked(dir string) bool {
	return exists(filepath.Join(dir, requirementsLock)) || hashed(dir)
}

func hashed(dir string) bool {
	text, err := readIn(dir, requirementsTxt)
	return err == nil && strings.Contains(string(text), "--hash=")
}

func (pip) venv(ctx context.Context, p *python, s *shop) error {
	out, err := s.run(ctx, p.env(s), p.base, "-m", "venv", p.venvDir(s.pack))
	if err != nil {
		return cmp.Or(noVenv(p.base, p.version, out), err)
	}
	return nil
}

// noVenv is the error of a Python that says that it lacks a part of itself, as
// that of Debian does; else nil.
func noVenv(python, version, said string) error {
	if !strings.Contains(said, "ensurepip") && !strings.Contains(said, "No module named venv") {
		return nil
	}
	return schemas.Errorf(schemas.CodeInvalid, "%s cannot make virtual environments: it lacks venv or ensurepip", python).
		WithHint("Debian, Ubuntu: apt-get install python%s-venv", version)
}

// lock lets pip choose, without installing, and writes down what it chose.
// setuptools and wheel are chosen with the rest: Pulumi puts both into every
// environment, and packs rely on it.
func (pip) lock(ctx context.Context, p *python, s *shop) (string, error) {
	if !exists(filepath.Join(s.pack, requirementsTxt)) {
		return "", nil // as Pulumi does; that pulumi_policy is missing is told by check
	}
	const reportFile = "report.json"
	report := filepath.Join(s.dir, reportFile)
	resolve := func() (string, error) {
		return s.run(ctx, p.env(s), p.inVenv(s.pack), "-m", "pip", "install", "--verbose", "--dry-run", "--ignore-installed", "--report", report,
			"-r", requirementsTxt, "setuptools", "wheel")
	}
	said, err := resolve()
	if err != nil && strings.Contains(said, "no such option") { // before pip 22.2
		if _, err = s.run(ctx, p.env(s), p.inVenv(s.pack), "-m", "pip", "install", "--quiet", "--upgrade", "pip"); err == nil {
			_, err = resolve()
		}
	}
	if err != nil {
		return "", err
	}
	text, err := readIn(s.dir, reportFile)
	if err != nil {
		return "", errDisk(err)
	}
	options, err := readIn(s.pack, requirementsTxt)
	if err != nil {
		return "", errDisk(err)
	}
	lines, err := pins(text)
	if err != nil {
		return "", err
	}
	head := "# What requirements.txt asks for, resolved with Python " + p.version + ". Delete this file to resolve it again.\n"
	text = []byte(head + strings.Join(slices.Concat(indexOptions(string(options)), lines), "\n") + "\n")
	if err := writeIn(s.pack, requirementsLock, text); err != nil {
		return "", errDisk(err)
	}
	return requirementsLock, nil
}

// pipReport is what is read of pip's installation report.
type pipReport struct {
	Install []struct {
		Direct   bool `json:"is_direct"`
		Metadata struct{ Name, Version string }
		Download struct {
			URL string
			Dir *struct{} `json:"dir_info"`
			VCS *struct {
				VCS    string `json:"vcs"`
				Commit string `json:"commit_id"`
			} `json:"vcs_info"`
		} `json:"download_info"`
	}
}

// pins are the lines of the lock for a report.
func pins(text []byte) ([]string, error) {
	var report pipReport
	if err := json.Unmarshal(text, &report); err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "pip's report: %w", err)
	}
	var lines []string
	for _, i := range report.Install {
		d := i.Download
		switch {
		case !i.Direct:
			lines = append(lines, i.Metadata.Name+"=="+i.Metadata.Version)
		case d.Dir != nil || strings.HasPrefix(d.URL, "file:"):
			return nil, schemas.Errorf(schemas.CodeInvalid, "requirements.txt installs %s from a path, which no lock can hold", i.Metadata.Name).
				WithHint("put the code into the pack's directory, where it can be imported, and list what it depends on")
		case d.VCS != nil:
			lines = append(lines, i.Metadata.Name+" @ "+d.VCS.VCS+"+"+d.URL+"@"+d.VCS.Commit)
		default:
			lines = append(lines, i.Metadata.Name+" @ "+d.URL)
		}
	}
	slices.SortFunc(lines, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return lines, nil
}

// indexOptions are the lines of requirements.txt that say where packages come from.
func indexOptions(text string) []string {
	var out []string
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		for _, o := range []string{"-i ", "--index-url", "--extra-index-url", "--no-index", "-f ", "--find-links", "--trusted-host", "--no-binary", "--only-binary", "--pre"} {
			if strings.HasPrefix(line, o) {
				out = append(out, line)
				break
			}
		}
	}
	return out
}

func (pip) install(ctx context.Context, p *python, s *shop) error {
	python := p.inVenv(s.pack)
	switch {
	case exists(filepath.Join(s.pack, requirementsLock)):
		if _, err := s.run(ctx, p.env(s), python, "-m", "pip", "install", "--verbose", "--no-deps", "-r", requirementsLock); err != nil {
			return err
		}
	case hashed(s.pack):
		if _, err := s.run(ctx, p.env(s), python, "-m", "pip", "install", "--verbose", "-r", requirementsTxt); err != nil {
			return err
		}
	default:
		return nil
	}
	// What another Python or platform needs is not in the lock.
	out, err := s.run(ctx, p.env(s), python, "-m", "pip", "check")
	if err == nil {
		return nil
	}
	if schemas.CodeOf(err) == schemas.CodeUnavailable {
		return err
	}
	return schemas.Errorf(schemas.CodeInvalid, "the lock lacks what Python %s needs:\n  %s", p.version, strings.ReplaceAll(strings.TrimSpace(out), "\n", "\n  ")).
		WithHint("run the control process and the evaluators with one version of Python, and publish a new version without requirements.lock")
}
