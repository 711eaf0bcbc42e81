package pulumi_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// public fails on public buckets, whatever another policy of its pack does.
const (
	nodePublic   = `if (props.acl === "public") report("public");`
	pythonPublic = "if props.get('acl') == 'public':\n    report('public')"
)

// Resources on which a policy throws cost a few calls each: the policies that
// answer are asked twice.
func TestThrowsAreCheap(t *testing.T) {
	t.Parallel()
	const resources = 500
	for name, f := range map[string]files{
		"node":   node("a_count", `globalThis.n = (globalThis.n ?? 0) + 1; report("" + n);`, "b_throws", `throw new Error("no");`, "c_public", nodePublic),
		"python": python("a_count", "global n\nn = globals().get('n', 0) + 1\nreport(str(n))", "b_throws", "raise ValueError('no')", "c_public", pythonPublic),
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, newLoader(t, pulumi.Options{}), f, nil)
			well := func(rs map[string]schemas.PolicyResult) string {
				is(t, rs["b_throws"], schemas.Errored, "the policy threw: ", "Error: no")
				is(t, rs["c_public"], schemas.Failed, "public")
				return rs["a_count"].Messages[0]
			}
			var first, last int
			count := func(text string, into *int) {
				if _, err := fmt.Sscanf(text, "about a_count\n%d", into); err != nil {
					t.Error(err)
				}
			}
			count(well(judge(t, e, resource("acl", "public"))), &first) // and who throws is found out
			start := time.Now()
			var wg sync.WaitGroup
			for range 16 {
				wg.Go(func() {
					for range resources / 16 {
						well(judge(t, e, resource("acl", "public")))
					}
				})
			}
			wg.Wait()
			t.Logf("%s for each of %d", time.Since(start)/resources, resources)
			count(well(judge(t, e, resource("acl", "public"))), &last)
			if judged := resources/16*16 + 1; last-first != 2*judged {
				t.Errorf("%d calls for %d resources", last-first, judged)
			}
		})
	}
}

// Several policies may throw on one resource.
func TestManyThrow(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]files{
		"node": node("a", `throw new Error("a")`, "b", nodePublic, "c", `throw new Error("c")`, "d", `if (props.d) throw new Error("d")`, "e", nodePublic),
		"python": python("a", "raise ValueError('a')", "b", pythonPublic, "c", "raise ValueError('c')",
			"d", "if 'd' in props:\n    raise ValueError('d')", "e", pythonPublic),
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, newLoader(t, pulumi.Options{}), f, nil)
			for n := range 6 {
				in := resource("acl", "public")
				if n%2 == 0 {
					in.Properties["d"] = true
				}
				rs := judge(t, e, in)
				is(t, rs["a"], schemas.Errored, "Error: a")
				is(t, rs["c"], schemas.Errored, "Error: c")
				is(t, rs["b"], schemas.Failed, "public")
				is(t, rs["e"], schemas.Failed, "public")
				if n%2 == 0 {
					is(t, rs["d"], schemas.Errored, "Error: d")
				} else {
					is(t, rs["d"], schemas.Passed)
				}
			}
		})
	}
}

// A pack that floods its output is judged as ever: what it writes is read and
// forgotten.
func TestFloods(t *testing.T) {
	t.Parallel()
	const line = `"x".repeat(1000) + "\n"`
	for name, f := range map[string]files{
		"while it judges": node("flood", `for (let i = 0; i < 20000; i++) { process.stdout.write(`+line+`); process.stderr.write(`+line+`); }`, "public", nodePublic),
		"ever after":      node("flood", `globalThis.t ??= setInterval(() => { for (let i = 0; i < 1000; i++) process.stdout.write(`+line+`); }, 1);`, "public", nodePublic),
	} {
		t.Run(name, func(t *testing.T) {
			e := load(t, newLoader(t, pulumi.Options{Call: time.Minute}), f, nil)
			for range 3 {
				rs := judge(t, e, resource("acl", "public"))
				is(t, rs["flood"], schemas.Passed)
				is(t, rs["public"], schemas.Failed, "public")
			}
		})
	}
}

// Who gives up gets the context's error, while judging and while waiting.
func TestCancelled(t *testing.T) {
	t.Parallel()
	e := load(t, newLoader(t, pulumi.Options{}), node("waits", `if (props.bad) await new Promise(() => {});`), nil)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	var wg sync.WaitGroup
	var gaveUp atomic.Int32
	for range 40 { // more than are asked at a time
		wg.Go(func() {
			if _, err := e.Evaluate(ctx, resource("bad", true)); errors.Is(err, context.Canceled) {
				gaveUp.Add(1)
			}
		})
	}
	wg.Wait()
	if gaveUp.Load() != 40 {
		t.Errorf("%d of 40 gave up", gaveUp.Load())
	}
	is(t, judge(t, e, resource())["waits"], schemas.Passed)
}

// Several resources that end the process in the same moment are found out one by
// one; those beside them are judged.
func TestManyCulprits(t *testing.T) {
	t.Parallel()
	e := load(t, newLoader(t, pulumi.Options{}), python("a_public", pythonPublic, "b_bad", "if 'bad' in props:\n    os._exit(7)", "c_public", pythonPublic), nil)
	var wg sync.WaitGroup
	for n := range 32 {
		wg.Go(func() {
			in := resource("acl", "public")
			if n%5 > 0 {
				well(t, judge(t, e, in))
				return
			}
			in.Properties["bad"] = 1
			for _, r := range judge(t, e, in) {
				is(t, r, schemas.Errored, "exit code 7")
			}
		})
	}
	wg.Wait()
}

// A pack whose process cannot be started again rests, and is tried again.
func TestCannotStartAgain(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	l := newLoader(t, pulumi.Options{Pause: time.Minute, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	good := node("dies", `if (props.bad) process.exit(1);`)
	dir := write(t, good)
	e := loadDir(t, l, dir, nil)
	rewrite(t, dir, "index.js", `throw new Error("gone");`)
	if r := judge(t, e, resource("bad", true))["dies"]; r.Outcome != schemas.Errored || !r.Transient {
		t.Errorf("%+v", r)
	}
	for range 100 { // at once: nothing is started
		r := judge(t, e, resource())["dies"]
		is(t, r, schemas.Errored, "the pack rests for 1m0s, it failed 3 times in a row", "Error: gone")
		if !r.Transient {
			t.Fatal("it is not to be judged again after the rest")
		}
	}
	now.Store(61)
	is(t, judge(t, e, resource())["dies"], schemas.Errored, "it failed 4 times in a row")
	rewrite(t, dir, "index.js", good["index.js"])
	is(t, judge(t, e, resource())["dies"], schemas.Errored, "it failed 4 times in a row")
	now.Store(122)
	is(t, judge(t, e, resource())["dies"], schemas.Passed)
}

// A resource that others of its type left less time is not errored for good, and
// has the whole limit in the end.
func TestSlowBesideHanging(t *testing.T) {
	t.Parallel()
	var now atomic.Int64
	l := newLoader(t, pulumi.Options{Call: 2 * time.Second, Pause: time.Minute, Now: func() time.Time { return time.Unix(now.Load(), 0) }})
	e := load(t, l, node("slow", `const end = Date.now() + (props.hang ? 1e6 : 1000); while (Date.now() < end);`), nil)
	if r := judge(t, e, resource("hang", true))["slow"]; r.Outcome != schemas.Errored || r.Transient {
		t.Errorf("hangs with the whole limit: %+v", r)
	}
	if r := judge(t, e, resource())["slow"]; r.Outcome != schemas.Errored || !r.Transient {
		t.Errorf("had a part of the limit: %+v", r)
	}
	now.Store(61)
	is(t, judge(t, e, resource())["slow"], schemas.Passed)
}
