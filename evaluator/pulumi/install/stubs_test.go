package install

import (
	"archive/zip"
	"bytes"
	"fmt"
	"maps"
	"testing"
)

// Stand-ins of Pulumi's packages, which are large: what is tested is how packages
// are brought, not what they do. The real ones are in real_test.go.

// nodeFiles are a pack with stand-ins and is-number from the registry. Later
// files replace earlier ones.
func nodeFiles(more map[string]string) map[string]string {
	files := map[string]string{
		"PulumiPolicy.yaml":         "runtime: nodejs\n",
		"package.json":              packageWith(`"is-number": "6.0.0"`),
		"index.js":                  "",
		"stubs/policy/package.json": `{"name": "@pulumi/policy", "version": "1.0.0"}`,
		"stubs/pulumi/package.json": `{"name": "@pulumi/pulumi", "version": "3.0.0"}`,
		"stubs/pulumi/cmd/run-policy-pack/package.json": `{}`,
	}
	maps.Copy(files, more)
	return files
}

func packageWith(dependencies string) string {
	return `{"name": "stub", "version": "1.0.0", "dependencies": {
		"@pulumi/policy": "file:stubs/policy", "@pulumi/pulumi": "file:stubs/pulumi", ` + dependencies + `}}`
}

// pythonFiles are a pack with stand-ins and six from the index.
func pythonFiles(t *testing.T, more map[string]string) map[string]string {
	t.Helper()
	files := map[string]string{
		"PulumiPolicy.yaml": "runtime: python\nversion: 1.0.0\n",
		"requirements.txt":  "--find-links wheels\npulumi_policy\nsix<1.17\n",
		"__main__.py":       "",
		"wheels/pulumi_policy-999-py3-none-any.whl": wheel(t, "pulumi_policy", "Requires-Dist: pulumi>=999\n"),
		"wheels/pulumi-999-py3-none-any.whl":        wheel(t, "pulumi", ""),
	}
	maps.Copy(files, more)
	return files
}

// wheel is a Python package, version 999, with one empty module.
func wheel(t *testing.T, name, metadata string) string {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	info := name + "-999.dist-info/"
	for _, f := range [][2]string{
		{name + "/__init__.py", ""},
		{info + "METADATA", fmt.Sprintf("Metadata-Version: 2.1\nName: %s\nVersion: 999\n%s", name, metadata)},
		{info + "WHEEL", "Wheel-Version: 1.0\nGenerator: stub\nRoot-Is-Purelib: true\nTag: py3-none-any\n"},
		{info + "RECORD", fmt.Sprintf("%s/__init__.py,,\n%sMETADATA,,\n%sWHEEL,,\n%sRECORD,,\n", name, info, info, info)},
	} {
		file, err := w.Create(f[0])
		ok(t, err)
		_, err = file.Write([]byte(f[1]))
		ok(t, err)
	}
	ok(t, w.Close())
	return out.String()
}
