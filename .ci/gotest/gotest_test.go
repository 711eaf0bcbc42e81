package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const list = "# comment\n\n.*/store Test.*/server : no external\n"

func allow(t *testing.T, text string) []allowance {
	t.Helper()
	file := filepath.Join(t.TempDir(), "skips.txt")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := readAllowed(file)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSummary(t *testing.T) {
	for _, c := range []struct {
		name, events string
		goTest, code int
		want, not    []string
	}{
		{
			name: "passes, a skip that is allowed, a package without tests",
			events: `{"Action":"start","Package":"m/store"}
{"Action":"run","Package":"m/store","Test":"TestA"}
{"Action":"output","Package":"m/store","Test":"TestA","Output":"chatter\n"}
{"Action":"run","Package":"m/store","Test":"TestA/server"}
{"Action":"output","Package":"m/store","Test":"TestA/server","Output":"=== RUN   TestA/server\n"}
{"Action":"output","Package":"m/store","Test":"TestA/server","Output":"    a_test.go:16: no external ClickHouse\n"}
{"Action":"output","Package":"m/store","Test":"TestA/server","Output":"    --- SKIP: TestA/server (0.00s)\n"}
{"Action":"skip","Package":"m/store","Test":"TestA/server"}
{"Action":"pass","Package":"m/store","Test":"TestA"}
{"Action":"output","Package":"m/store","Output":"ok  \tm/store\t(cached)\n"}
{"Action":"pass","Package":"m/store","Elapsed":1.26}
{"Action":"skip","Package":"m/none"}
`,
			want: []string{
				"ok  \tm/store\t1.3s\t(cached)\n", "?   \tm/none\t[no test files]\n",
				"  m/store TestA/server: no external ClickHouse\n", "\n1 passed, 0 failed, 1 skipped\n",
			},
			not: []string{"chatter", "not allowed", "FAIL"},
		},
		{
			name: "tests that take long, the longest first, without their parts",
			events: `{"Action":"pass","Package":"m/a","Test":"TestA","Elapsed":11.2}
{"Action":"pass","Package":"m/a","Test":"TestB/part","Elapsed":61.6}
{"Action":"pass","Package":"m/a","Test":"TestB","Elapsed":61.6}
{"Action":"pass","Package":"m/a","Test":"TestC","Elapsed":9}
{"Action":"pass","Package":"m/a"}
{"Action":"pass","Package":"m/b","Test":"TestD","Elapsed":99}
{"Action":"output","Package":"m/b","Output":"ok  \tm/b\t(cached)\n"}
{"Action":"pass","Package":"m/b"}
`,
			want: []string{"\nSlowest:\n  m/a TestB: 62s\n  m/a TestA: 11s\n\n5 passed"},
			not:  []string{"part", "TestC", "TestD"},
		},
		{
			name: "a skip for another reason",
			events: `{"Action":"output","Package":"m/store","Test":"TestA/server","Output":"    a_test.go:16: too lazy\n"}
{"Action":"skip","Package":"m/store","Test":"TestA/server"}
{"Action":"pass","Package":"m/store"}
`,
			code: 1,
			want: []string{"too lazy  <- not allowed", "\n0 passed, 0 failed, 1 skipped\n"},
		},
		{
			name:   "a skip without a reason",
			events: `{"Action":"skip","Package":"m/store","Test":"TestA/server"}` + "\n",
			code:   1,
			want:   []string{"TestA/server: no reason given  <- not allowed"},
		},
		{
			name: "a failure shows its output and the seed",
			events: `{"Action":"output","Package":"m/a","Output":"-test.shuffle 42\n"}
{"Action":"output","Package":"m/a","Test":"TestB","Output":"quiet\n"}
{"Action":"pass","Package":"m/a","Test":"TestB"}
{"Action":"output","Package":"m/a","Test":"TestC","Output":"    c_test.go:3: wrong\n"}
{"Action":"fail","Package":"m/a","Test":"TestC"}
{"Action":"output","Package":"m/a","Output":"FAIL\n"}
{"Action":"output","Package":"m/a","Output":"FAIL\tm/a\t0.1s\n"}
{"Action":"fail","Package":"m/a","Elapsed":0.1}
`,
			goTest: 1, code: 1,
			want: []string{"c_test.go:3: wrong\n", "-test.shuffle 42\nFAIL\tm/a\t0.1s\n", "Failed:\n  m/a TestC\n", "\n1 passed, 1 failed, 0 skipped\n"},
			not:  []string{"quiet", "FAIL\n" + "FAIL"},
		},
		{
			name: "what does not build counts as one failure",
			events: `{"ImportPath":"m/b [m/b.test]","Action":"build-output","Output":"b.go:1: undefined: x\n"}
{"ImportPath":"m/b [m/b.test]","Action":"build-fail"}
{"Action":"output","Package":"m/b","Output":"FAIL\tm/b [build failed]\n"}
{"Action":"fail","Package":"m/b","FailedBuild":"m/b [m/b.test]"}
`,
			goTest: 1, code: 1,
			want: []string{"b.go:1: undefined: x\n", "FAIL\tm/b\t0.0s\t[build failed]\n", "\n0 passed, 1 failed, 0 skipped\n"},
		},
		{
			name: "tests that a panic cut off",
			events: `{"Action":"run","Package":"m/p","Test":"TestX"}
{"Action":"run","Package":"m/p","Test":"TestY"}
{"Action":"output","Package":"m/p","Test":"TestY","Output":"panic: boom\n"}
{"Action":"fail","Package":"m/p","Test":"TestY"}
{"Action":"fail","Package":"m/p"}
`,
			goTest: 1, code: 1,
			want: []string{"panic: boom\n", "--- FAIL: TestX (did not end)\n", "\n0 passed, 2 failed, 0 skipped\n"},
		},
		{
			name: "a package that fails after its tests",
			events: `{"Action":"pass","Package":"m/l","Test":"TestX"}
{"Action":"output","Package":"m/l","Output":"leak: a goroutine\n"}
{"Action":"fail","Package":"m/l"}
`,
			goTest: 1, code: 1,
			want: []string{"leak: a goroutine\nFAIL\tm/l", "\n1 passed, 1 failed, 0 skipped\n"},
		},
		{
			name:   "text that is no event, and go test failing for itself",
			events: "no packages to test\n",
			goTest: 1, code: 1,
			want: []string{"no packages to test\n", "go test ended with code 1\n", "\n0 passed, 0 failed, 0 skipped\n"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			var b strings.Builder
			s := newSummary(&b)
			if err := s.read(strings.NewReader(c.events)); err != nil {
				t.Fatal(err)
			}
			if code := s.close(allow(t, list), c.goTest); code != c.code {
				t.Errorf("code %d, want %d", code, c.code)
			}
			for _, w := range c.want {
				if !strings.Contains(b.String(), w) {
					t.Errorf("%q is missing", w)
				}
			}
			for _, n := range c.not {
				if strings.Contains(b.String(), n) {
					t.Errorf("%q is there", n)
				}
			}
			if t.Failed() {
				t.Log(b.String())
			}
		})
	}
}

func TestReasonOfSeveralLines(t *testing.T) {
	got := reason([]string{
		"=== RUN   TestA\n", "    a_test.go:1: a log line\n", "    a_test.go:2: no server:\n", "        start one\n", "--- SKIP: TestA (0.00s)\n",
	})
	if got != "no server: start one" {
		t.Fatalf("reason %q", got)
	}
}

func TestTheListAllowsWholeNamesOnly(t *testing.T) {
	a := allow(t, list)[0]
	for s, want := range map[skip]bool{
		{key{"m/store", "TestA/server"}, "no external ClickHouse"}: true,
		{key{"m/store", "TestA"}, "no external ClickHouse"}:        false,
		{key{"m/storex", "TestA/server"}, "no external"}:           false,
		{key{"m/store", "TestA/server"}, "there is no external"}:   false,
	} {
		if a.matches(s) != want {
			t.Errorf("%v: want %v", s, want)
		}
	}
}

func TestLinesThatSayNothing(t *testing.T) {
	for _, line := range []string{"x", "pkg Test", "pkg : reason", "pkg Test :", "pkg Test more : reason", "pkg Test( : reason"} {
		if _, err := parseAllowance(line); err == nil {
			t.Errorf("%q is taken", line)
		}
	}
}

func TestTheListOfTheRepositoryIsRead(t *testing.T) {
	if _, err := readAllowed("../skips.txt"); err != nil {
		t.Fatal(err)
	}
}
