package install

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// How a failure of a tool is read, from what it printed:
//
//  1. the registry was not reached, or refused: CodeUnavailable, worth a retry;
//  2. the pack is at fault: CodeInvalid;
//  3. anything else: CodeUnavailable, until the same environment has failed
//     three times; then CodeInvalid, so that the pack is reported as broken
//     instead of holding up every other pack of the account.
//
// The first rule goes before the second: a package index that is away looks to
// pip like one that lacks the package.
var (
	unreached = regexp.MustCompile(`(?i)ENOTFOUND|EAI_AGAIN|ECONN(REFUSED|RESET|ABORTED)|E(HOST|NET)UNREACH|ETIMEDOUT|EIDLETIMEOUT|ERR_SOCKET|FETCH_ERROR|` +
		`SELF_SIGNED_CERT|UNABLE_TO_(GET|VERIFY)|CERT_HAS_EXPIRED|\bE(401|403|407|408|429|5\d\d)\b|ENEEDAUTH|` +
		`ERR_PNPM_(FETCH_(401|403|407|408|429|5\d\d)|META_FETCH_FAIL)|` +
		`connection (refused|reset|timed out|broken|error|failed)|ConnectTimeout|NewConnectionError|ConnectionError|failed to establish a new connection|attempts to connect|authorization error accessing|` +
		`name or service not known|name resolution|dns error|error sending request|network is unreachable|timed out|TimeoutError|(connect|read|request|operation) timeout|` +
		`certificate verify failed|SSLError|invalid peer certificate|(HTTP error|(status|response code):?|server error \() ?(401|403|407|408|429|5\d\d)|` +
		`\b(401 (client error|unauthorized)|403 (client error|forbidden)|429 (client error|too many)|5\d\d (server error|internal server|bad gateway|service unavailable|gateway time))|` +
		`couldn't find the binary git|ENOSPC|no space left on device`)
	atFault = regexp.MustCompile(`(?i)\b(E404|ETARGET|ENOVERSIONS|ERESOLVE|EUSAGE|EJSONPARSE|EBADENGINE|EBADPLATFORM|EINVALIDPACKAGENAME|EINVALIDTAGNAME|EUNSUPPORTEDPROTOCOL|EINTEGRITY|EOVERRIDE|EDUPLICATEWORKSPACE)\b|` +
		`ERR_PNPM_(FETCH_404|NO_MATCHING_VERSION|OUTDATED_LOCKFILE|LOCKFILE_|FROZEN_LOCKFILE|UNSUPPORTED_ENGINE|PEER_DEP|TARBALL_INTEGRITY|JSON_PARSE|BAD_PACKAGE_JSON|SPEC_NOT_SUPPORTED|INVALID_|BROKEN_LOCKFILE|NO_LOCKFILE|LOCKFILE)|` +
		`Couldn't find (any versions|package)|your lockfile needs to be updated|lockfile would have been (modified|created)|found incompatible module|Invalid lock ?file|integrity check failed|` +
		`YN00(01|02|16|18|28|32|35|49|56|82)|` +
		`no matching distribution found|could not find a version that satisfies|invalid requirement|ResolutionImpossible|requires a different python|do not match the hashes|require-hashes|hash mismatch|` +
		`no solution found|lockfile .*needs to be updated|lock file.*(is not|out of date|outdated|needs)|changed significantly since poetry\.lock|failed to parse|invalid pyproject|pyproject\.toml|` +
		`could not open requirements file|version solving failed|lockfile had changes|package .* not found|no versions of`)
)

// toolError is the error of a tool that ended with a failure.
func toolError(tool string, args []string, err error, said string) error {
	e := schemas.Errorf(unsure, "%s %w%s", strings.Join(append([]string{tool}, words(args)...), " "), err, indented(gist(said)))
	switch {
	case unreached.MatchString(said):
		e.Code = schemas.CodeUnavailable
	case atFault.MatchString(said):
		e.Code = schemas.CodeInvalid
	}
	return e
}

// unsure is the code, inside this package, of a failure that may be anybody's.
const unsure schemas.Code = "unsure"

// words are a command's words, without its options.
func words(args []string) []string {
	at := slices.IndexFunc(args, func(a string) bool { return strings.HasPrefix(a, "-") && a != "-m" })
	if at < 0 {
		at = len(args)
	}
	return slices.DeleteFunc(slices.Clone(args[:at]), func(a string) bool { return a == "-m" })
}

const gistLines = 10

var (
	complaint = regexp.MustCompile(`(?i)^\W*(npm err(or|!)|error\b|err_|YN\d{4}: .*(error|need|fail|no candidate|would|found))|^\s*(×|╰|├|│)|ERR_PNPM|: error`)
	noise     = regexp.MustCompile(`^npm (error|ERR!)\s*$|A complete log of this run|npm help|^npm error (For a full report|clean-install|Options:)|new release of pip|^\[notice\]`)
)

// gist is the part of a tool's output that says what is wrong: the lines that
// complain, else the last ones.
func gist(said string) []string {
	var all, complaints []string
	for line := range strings.Lines(said) {
		line = strings.TrimRight(line, " \t\r\n")
		if line == "" || noise.MatchString(line) {
			continue
		}
		all = append(all, line)
		if complaint.MatchString(line) {
			complaints = append(complaints, line)
		}
	}
	if len(complaints) > 0 {
		return complaints[:min(len(complaints), gistLines)]
	}
	return all[max(0, len(all)-gistLines):]
}

func indented(lines []string) string {
	var out strings.Builder
	for i, line := range lines {
		if i == 0 {
			out.WriteString(":")
		}
		out.WriteString("\n  " + line)
	}
	return out.String()
}

// failure is what came of the last tries to make an environment.
type failure struct {
	err    error
	at     time.Time
	unsure int // tries in a row that failed for no known reason
}

const (
	// Every batch of every account asks for its packs: without a pause, the tools
	// would run all the time for one broken pack.
	failurePause = 30 * time.Second
	mostUnsure   = 3
)

// failed is the error of a try that failed just now.
func (i *Installer) failed(key string) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if f := i.failures[key]; f.err != nil && time.Since(f.at) < failurePause {
		return f.err
	}
	return nil
}

// remember notes how a try ended, and settles what its error is. One that was
// called off says nothing.
func (i *Installer) remember(ctx context.Context, key string, err error) error {
	if ctx.Err() != nil {
		return err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if err == nil {
		delete(i.failures, key)
		return nil
	}
	tries := 0
	if schemas.CodeOf(err) == unsure {
		tries = i.failures[key].unsure + 1
	}
	err = settled(err, tries)
	i.failures[key] = failure{err, time.Now(), tries}
	return err
}

// settled gives an unsure error a code that means something to everybody.
func settled(err error, tries int) error {
	if schemas.CodeOf(err) != unsure {
		return err
	}
	code := schemas.CodeUnavailable
	if tries >= mostUnsure {
		code = schemas.CodeInvalid
	}
	return &schemas.Error{Code: code, Message: err.Error(), Err: err}
}
