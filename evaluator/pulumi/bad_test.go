package pulumi_test

import (
	"cmp"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// badCase is what the second policy of a pack does to a resource with its name
// in bad, and what comes of it.
type badCase struct {
	name, does string
	says       string
	// others is what the other policies of the pack say of that resource: a policy
	// that throws costs its own word only. Empty: either.
	others schemas.Outcome
	// tells: the policy goes on, and reports what it got.
	tells bool
}

var badNode = []badCase{
	{name: "throws", does: `throw new Error("no " + props.n);`, says: "the policy threw: Error: no 5\n    at ", others: schemas.Failed},
	{name: "throws later", does: `await new Promise((_, no) => setTimeout(() => no(new Error("late")), 1));`, says: "the policy threw: Error: late", others: schemas.Failed},
	{name: "throws no error", does: `throw "just text";`, says: "the policy threw: just text", others: schemas.Failed},
	{name: "throws much", does: `throw new Error("x".repeat(4 << 20));`, says: "the policy threw: Error: xxx", others: schemas.Failed},
	{name: "throws too much", does: `throw new Error("x".repeat(16 << 20));`, says: "the pack broke off", others: schemas.Errored},
	{name: "exits", does: `console.error("giving up"); process.exit(7);`, says: "its process ended with exit code 7\ngiving up", others: schemas.Errored},
	{name: "kills itself", does: `process.kill(process.pid, "SIGKILL");`, says: "its process ended by a signal: killed", others: schemas.Errored},
	{name: "answers too much", does: `report("x".repeat(9 << 20));`, says: "the pack could not answer: grpc: received message larger than max", others: schemas.Errored},
	{name: "blames another", does: `report({ name: "z", message: "m" });`, says: "a policy that it does not declare, or that is disabled: z", others: schemas.Failed},
	{name: "eats memory", does: `const all = []; while (true) all.push(Buffer.alloc(16 << 20, 1));`}, // its allocation fails, or it is ended
	{name: "fills the heap", does: `const all = []; while (true) all.push(new Array(1e6).fill(all.length));`, says: "its process ended", others: schemas.Errored},
}

// badNodeWaits take their time.
var badNodeWaits = []badCase{
	{name: "hangs", does: `while (true) {}`, says: "no answer within", others: schemas.Errored},
	{name: "never resolves", does: `await new Promise(() => {});`, says: "no answer within", others: schemas.Errored},
	{name: "breaks its answer", does: `report({ message: "m", enforcementLevel: "never heard of" });`, says: "no answer within", others: schemas.Errored},
}

var badPython = []badCase{
	{
		name: "throws", does: "{}['missing']",
		says: "the policy threw: Traceback (most recent call last):\n  File \"__main__.py\", line ", others: schemas.Failed,
	},
	{name: "throws much", does: "raise ValueError('x' * (4 << 20))", says: "the policy threw: ", others: schemas.Failed},
	{name: "leaves", does: "sys.exit(3)", says: "no answer within", others: schemas.Errored}, // its thread ends, the SDK does not answer
	{name: "hangs", does: "while True:\n    pass", says: "no answer within", others: schemas.Errored},
	{name: "exits", does: "os._exit(7)", says: "its process ended with exit code 7", others: schemas.Errored},
	{name: "kills itself", does: "os.kill(os.getpid(), 9)", says: "its process ended by a signal: killed", others: schemas.Errored},
	{name: "answers too much", does: "report('x' * (9 << 20))", says: "the pack could not answer: ", others: schemas.Errored},
	{name: "eats memory", does: "all = []\nwhile True:\n    all.append(bytearray(os.urandom(1 << 20) * 16))"},
	{name: "floods", does: "for _ in range(20000):\n    print('x' * 1000)\n    print('x' * 1000, file=sys.stderr)\nreport('all written')", says: "all written", others: schemas.Failed, tells: true},
}

// What a pack gets that looks around. The resource names a file and a directory
// of this program, and a port that it listens on.
var (
	strangeNode = []badCase{
		{name: "reads the environment", does: `report(JSON.stringify(process.env).includes("planted") ? "seen" : "hidden");`, says: "hidden"},
		{name: "reads a file", does: `try { report("read " + require("fs").readFileSync(props.file)); } catch (e) { report("refused " + e.code); }`, says: "refused E"},
		{name: "lists a directory", does: `try { report("seen " + require("fs").readdirSync(props.dir)); } catch (e) { report("refused " + e.code); }`, says: "refused E"},
		{name: "writes a file", does: `try { require("fs").appendFileSync(props.file, "x"); report("written"); } catch (e) { report("refused " + e.code); }`, says: "refused E"},
		{name: "opens a socket", does: `await new Promise(done => require("net").connect(props.port, "127.0.0.1").on("connect", () => done(report("connected"))).on("error", e => done(report("refused " + e.code))));`, says: "refused E"},
		{name: "looks up a name", does: `await require("dns").promises.lookup("example.com").then(a => report("found " + a.address), e => report("refused " + e.code));`, says: "refused E"},
		{name: "forks", does: `const all = [];
			const why = await new Promise(done => { for (let n = 0; n < 300; n++) all.push(require("child_process").spawn("sleep", ["600"]).on("error", e => done(e.code)).on("spawn", () => n < 299 || done("nothing"))); });
			all.forEach(c => c.kill()); report("refused " + why);`, says: "refused EAGAIN"},
	}
	strangePython = []badCase{
		{name: "reads the environment", does: "report('seen' if 'planted' in str(os.environ) else 'hidden')", says: "hidden"},
		{name: "reads a file", does: "try:\n    report('read ' + open(props['file']).read())\nexcept OSError as e:\n    report('refused ' + e.strerror)", says: "refused "},
		{name: "lists a directory", does: "try:\n    report('seen ' + str(os.listdir(props['dir'])))\nexcept OSError as e:\n    report('refused ' + e.strerror)", says: "refused "},
		{name: "writes a file", does: "try:\n    open(props['file'], 'a').write('x')\n    report('written')\nexcept OSError as e:\n    report('refused ' + e.strerror)", says: "refused "},
		{name: "opens a socket", does: "import socket\ntry:\n    socket.create_connection(('127.0.0.1', int(props['port'])), 5)\n    report('connected')\nexcept OSError as e:\n    report('refused ' + str(e))", says: "refused "},
		{name: "looks up a name", does: "import socket\ntry:\n    report('found ' + str(socket.getaddrinfo('example.com', 443)))\nexcept OSError as e:\n    report('refused ' + str(e))", says: "refused "},
		{name: "forks", does: "held = []\nwhy = 'nothing'\ntry:\n    for _ in range(300):\n        held.append(os.posix_spawn('/bin/sleep', ['sleep', '600'], {}))\nexcept OSError as e:\n    why = e.strerror\nfor p in held:\n    os.kill(p, 9)\n    os.waitpid(p, 0)\nreport('refused ' + why)", says: "refused Resource temporarily unavailable"},
	}
)

// A resource that breaks its pack is errored with the reason. The resources in
// flight beside it, those after it, and other packs are judged as ever.
func TestBadPacks(t *testing.T) {
	t.Parallel()
	for name, cases := range map[string][]badCase{"node": badNode, "node that waits": badNodeWaits, "python": badPython} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			badPack(t, name, cases, func(evaluator.Input) {})
		})
	}
}

// A pack that looks around finds nothing, and nobody hears of it.
func TestStrangePacks(t *testing.T) {
	t.Parallel()
	if _, err := sandbox.New(sandbox.Required); err != nil {
		t.Skipf("no kernel sandbox: %v", err)
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "keyring.json")
	if err := os.WriteFile(file, []byte("planted"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Error("a pack connected")
			_ = c.Close()
		}
	}()
	t.Run("all", func(t *testing.T) {
		for name, cases := range map[string][]badCase{"node": strangeNode, "python": strangePython} {
			for i := range cases {
				cases[i].tells, cases[i].others = true, schemas.Failed
			}
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				badPack(t, name, cases, func(in evaluator.Input) {
					in.Properties["file"], in.Properties["dir"], in.Properties["port"] = file, dir, l.Addr().(*net.TCPAddr).Port
				})
			})
		}
	})
	if raw, err := os.ReadFile(file); err != nil || string(raw) != "planted" {
		t.Errorf("the file is %q, %v", raw, err)
	}
}

// listen listens on a port that nobody is given by chance: a pack's own server, in the
// pack's own network, gets one of those above, and would answer there.
func listen(t *testing.T) net.Listener {
	t.Helper()
	for port := 20000; port < 32000; port++ {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err == nil {
			t.Cleanup(func() { _ = l.Close() })
			return l
		}
	}
	t.Fatal("no port is free")
	return nil
}

// badPack runs the cases of a runtime in one pack, beside another.
func badPack(t *testing.T, runtime string, cases []badCase, prepare func(evaluator.Input)) {
	var js, py strings.Builder
	for _, c := range cases {
		fmt.Fprintf(&js, "if (props.bad === %q) { %s }\n", c.name, c.does)
		fmt.Fprintf(&py, "if props.get('bad') == %q:\n    %s\n", c.name, strings.ReplaceAll(c.does, "\n", "\n    "))
	}
	pack := node("a_public", nodePublic, "b_bad", js.String(), "c_public", nodePublic)
	if runtime == "python" {
		pack = python("a_public", pythonPublic, "b_bad", py.String(), "c_public", pythonPublic)
	}
	l := newLoader(t, pulumi.Options{Call: 12 * time.Second, Limits: sandbox.Limits{Memory: 600 << 20, Processes: 100}})
	e, other := load(t, l, pack, nil), load(t, l, node("public", nodePublic), nil)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, e, other, prepare) })
	}
}

func (c badCase) run(t *testing.T, e, other evaluator.Engine, prepare func(evaluator.Input)) {
	var wg sync.WaitGroup
	for n := range 16 {
		wg.Go(func() {
			in := resource("n", n, "acl", "public")
			if n != 5 {
				well(t, judge(t, e, in))
				return
			}
			in.Properties["bad"] = c.name
			prepare(in)
			rs := judge(t, e, in)
			want := schemas.Errored
			if c.tells {
				want = schemas.Failed
			}
			is(t, rs["b_bad"], want, c.says)
			t.Logf("%.200s", cmp.Or(rs["b_bad"].Reason, strings.Join(rs["b_bad"].Messages, " ")))
			for _, name := range []string{"a_public", "c_public"} {
				if c.others != "" {
					is(t, rs[name], c.others)
				}
			}
		})
		wg.Go(func() { is(t, judge(t, other, resource("acl", "public"))["public"], schemas.Failed, "public") })
	}
	wg.Wait()
	well(t, judge(t, e, resource("acl", "public"))) // the pool heals
}

// well checks that a resource was judged by all policies of a bad pack.
func well(t *testing.T, rs map[string]schemas.PolicyResult) {
	t.Helper()
	is(t, rs["a_public"], schemas.Failed, "public")
	is(t, rs["b_bad"], schemas.Passed)
	is(t, rs["c_public"], schemas.Failed, "public")
}
