package install

import (
	"strings"
	"testing"
)

// A TypeScript pack and a Python pack with the real packages, from publishing to
// the port that they tell.

func TestRealNodePack(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: nodejs\n",
		"package.json": `{"name": "real", "version": "1.0.0", "main": "index.ts",
			"dependencies": {"@pulumi/policy": "^1.3.0", "@pulumi/pulumi": "^3.0.0"}, "devDependencies": {"@types/node": "^20"}}`,
		"index.ts": `import { PolicyPack } from "@pulumi/policy";
new PolicyPack("real", { policies: [{ name: "none", description: "none", enforcementLevel: "advisory", validateResource: (args, report) => {} }] });`,
	})
	i := newInstaller(t, t.TempDir())
	changed, err := i.Lock(t.Context(), dir, p)
	ok(t, err)
	lock := read(t, dir, "package-lock.json")
	if !changed || !strings.Contains(lock, `"node_modules/@pulumi/policy"`) || strings.Contains(lock, `"resolved": "http`) {
		t.Fatalf("changed %t, lock:\n%.500s", changed, lock)
	}
	e, err := i.Environment(t.Context(), dir, p)
	ok(t, err)
	bootPort(t.Context(), t, e)
}

func TestRealPythonPack(t *testing.T) {
	t.Parallel()
	dir, p := pack(t, map[string]string{
		"PulumiPolicy.yaml": "runtime: python\nversion: 1.0.0\n",
		"requirements.txt":  "pulumi_policy>=1.3,<2\n",
		"__main__.py": `from pulumi_policy import PolicyPack, ResourceValidationPolicy
PolicyPack(name="real", policies=[ResourceValidationPolicy(name="none", description="none", validate=lambda args, report: None)])
`,
	})
	i := newInstaller(t, t.TempDir())
	changed, err := i.Lock(t.Context(), dir, p)
	ok(t, err)
	lock := read(t, dir, "requirements.lock")
	if !changed || !strings.Contains(lock, "\npulumi_policy==1.") || !strings.Contains(lock, "\nsetuptools==") || strings.Contains(lock, "://") {
		t.Fatalf("changed %t, lock:\n%s", changed, lock)
	}
	e, err := i.Environment(t.Context(), dir, p)
	ok(t, err)
	bootPort(t.Context(), t, e)
}
