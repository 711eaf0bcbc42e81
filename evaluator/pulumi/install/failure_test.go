package install

import (
	"errors"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// What the tools really said.
func TestWhatFailuresMean(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said string
		code schemas.Code
		gist string
	}{
		"npm: unknown package": {
			"npm error code E404\nnpm error 404 Not Found - GET http://r/six-nosuch\nnpm error 404\nnpm error A complete log of this run can be found in: /l\n",
			schemas.CodeInvalid, "npm error code E404\nnpm error 404 Not Found - GET http://r/six-nosuch\nnpm error 404",
		},
		"npm: conflict":  {"npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\n", schemas.CodeInvalid, ""},
		"npm: no name":   {"npm error code ENOTFOUND\nnpm error network request to http://r/x failed, reason: getaddrinfo ENOTFOUND r\n", schemas.CodeUnavailable, ""},
		"npm: forbidden": {"npm error code E403\nnpm error 403 403 Forbidden - GET http://r/is-number\n", schemas.CodeUnavailable, ""},
		"npm: down":      {"npm error code E503\nnpm error 503 Service Unavailable - GET http://r/is-number\n", schemas.CodeUnavailable, ""},
		"yarn: unknown": {
			"[1/4] Resolving packages...\nerror Couldn't find package \"is-number-nosuch\" on the \"npm\" registry.\ninfo Visit the documentation.\n",
			schemas.CodeInvalid, "error Couldn't find package \"is-number-nosuch\" on the \"npm\" registry.",
		},
		"yarn: away":        {"error Error: connect ECONNREFUSED 127.0.0.1:9\n    at TCPConnectWrap.afterConnect\n", schemas.CodeUnavailable, ""},
		"yarn 4: unknown":   {"➤ YN0035: │ is-number-nosuch@npm:1.0.0: Package not found\n➤ YN0035: │   Response Code: 404 (Not Found)\n", schemas.CodeInvalid, ""},
		"yarn 4: version":   {"➤ YN0082: │ is-number@npm:99.0.0: No candidates found\n", schemas.CodeInvalid, "➤ YN0082: │ is-number@npm:99.0.0: No candidates found"},
		"yarn 4: forbidden": {"➤ YN0035: │ is-number@npm:7.0.0: The remote server failed\n➤ YN0035: │   Response Code: 403 (Forbidden)\n", schemas.CodeUnavailable, ""},
		"yarn 4: down":      {"➤ YN0035: │ is-number@npm:7.0.0: The registry appears to be down\n➤ YN0035: │   Response Code: 503 (Service Unavailable)\n", schemas.CodeUnavailable, ""},
		"pnpm: unknown":     {" ERR_PNPM_FETCH_404  GET http://r/x: Not Found - 404\n\nx is not in the npm registry\n", schemas.CodeInvalid, ""},
		"pnpm: version":     {" ERR_PNPM_NO_MATCHING_VERSION  No matching version found for is-number@99.0.0\n", schemas.CodeInvalid, ""},
		"pnpm: down":        {" ERR_PNPM_FETCH_503  GET http://r/is-number: Service Unavailable - 503\n", schemas.CodeUnavailable, ""},
		"pnpm: away":        {" ERR_PNPM_META_FETCH_FAIL  GET http://r/is-number: request failed, reason: connect ECONNREFUSED\n", schemas.CodeUnavailable, ""},
		"pip: unknown": {
			"Looking in links: wheels\nERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0)\nERROR: No matching distribution found for six==99\n",
			schemas.CodeInvalid, "ERROR: Could not find a version that satisfies the requirement six==99 (from versions: 1.0)\nERROR: No matching distribution found for six==99",
		},
		"pip: away": {
			"WARNING: Retrying (Retry(total=0)) after connection broken by 'NewConnectionError(...)': /simple/six/\nERROR: No matching distribution found for six\n",
			schemas.CodeUnavailable, "",
		},
		"pip: forbidden": {
			"  Could not fetch URL http://r/six/: 403 Client Error: Forbidden for url: http://r/six/ - skipping\nERROR: No matching distribution found for six\n",
			schemas.CodeUnavailable, "",
		},
		"pip: hashes":   {"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.\n", schemas.CodeInvalid, ""},
		"uv: unknown":   {"error: No solution found when resolving dependencies\n  cause: Because there is no version of six==99\n", schemas.CodeInvalid, ""},
		"uv: away":      {"error: Failed to fetch: http://r/six/\n  cause: error sending request for url (http://r/six/)\n  cause: Connection refused (os error 111)\n", schemas.CodeUnavailable, ""},
		"uv: forbidden": {"error: No solution found when resolving dependencies\n\nhint: An index (http://r) returned a 403 Forbidden error.\n", schemas.CodeUnavailable, ""},
		"uv: stale":     {"error: The lockfile at `uv.lock` needs to be updated, but `--locked` was provided.\n", schemas.CodeInvalid, ""},
		"poetry: unknown": {
			"Resolving dependencies...\n\nBecause stub depends on six (99) which doesn't match any versions, version solving failed.\n", schemas.CodeInvalid,
			"Resolving dependencies...\nBecause stub depends on six (99) which doesn't match any versions, version solving failed.",
		},
		"poetry: forbidden": {"Source (index): Authorization error accessing http://r/six/\n\nBecause stub depends on six (*), version solving failed.\n", schemas.CodeUnavailable, ""},
		"poetry: down":      {"503 Server Error: Service Unavailable for url: http://r/six/\n", schemas.CodeUnavailable, ""},
		"poetry: away":      {"All attempts to connect to 127.0.0.1 failed.\n", schemas.CodeUnavailable, ""},
		"poetry: stale":     {"pyproject.toml changed significantly since poetry.lock was last generated. Run `poetry lock` to fix the lock file.\n", schemas.CodeInvalid, ""},
		"a compiler":        {"gcc: fatal error: no input files\nsomething else\n", unsure, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := toolError("tool", []string{"install", "-q", "x"}, errors.New("ended with exit code 1"), c.said)
			if got := schemas.CodeOf(err); got != c.code {
				t.Errorf("got %s, want %s", got, c.code)
			}
			if got := strings.Join(gist(c.said), "\n"); c.gist != "" && got != c.gist {
				t.Errorf("the gist is:\n%s\nwant:\n%s", got, c.gist)
			}
			if !strings.HasPrefix(err.Error(), "tool install ended with exit code 1:\n  ") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestUnsureFailuresEndAsInvalid(t *testing.T) {
	t.Parallel()
	i := newInstaller(t, t.TempDir())
	for try, want := range []schemas.Code{schemas.CodeUnavailable, schemas.CodeUnavailable, schemas.CodeInvalid} {
		err := i.remember(t.Context(), "key", schemas.Errorf(unsure, "the compiler said no"))
		wantErr(t, err, want, "the compiler said no")
		// Whoever asks meanwhile is told the same, without another try.
		if again := i.failed("key"); again == nil || schemas.CodeOf(again) != want {
			t.Errorf("try %d: meanwhile %v", try, again)
		}
	}
	ok(t, i.remember(t.Context(), "key", nil))
	ok(t, i.failed("key"))
	wantErr(t, i.remember(t.Context(), "key", schemas.Errorf(unsure, "no")), schemas.CodeUnavailable)
}

func TestToolsTellNoSecrets(t *testing.T) {
	t.Parallel()
	got := redacted("\x1b[31mGET https://me:pa55word@r/x?sig=abc\x1b[0m failed, git+ssh://tok@h/x, s3cret-value", []string{"NPM_TOKEN=s3cret-value", "HOME=failed"})
	if want := "GET https://r/x failed, git+ssh://h/x, [secret]"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestOutputIsBounded(t *testing.T) {
	t.Parallel()
	var out tail
	for range 100 {
		_, err := out.Write([]byte(strings.Repeat("x", 10_000)))
		ok(t, err)
	}
	_, err := out.Write([]byte("the end"))
	ok(t, err)
	if got := out.String(); len(got) != tailBytes || !strings.HasSuffix(got, "xthe end") {
		t.Errorf("%d bytes, ending %q", len(got), got[len(got)-10:])
	}
}
