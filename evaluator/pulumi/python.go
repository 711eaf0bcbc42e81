package pulumi

import "slices"

// servePython does what python -m pulumi.policy does, and has the exceptions of
// policies logged: without a handler, the SDK's server keeps their tracebacks to
// itself.
const servePython = `import logging, runpy
logging.getLogger("grpc").addHandler(logging.StreamHandler())
runpy.run_module("pulumi.policy", run_name="__main__", alter_sys=True)`

// arguments are how a pack is started.
func arguments(argv []string) []string {
	if n := len(argv) - 2; n > 0 && slices.Equal(argv[n:], []string{"-m", "pulumi.policy"}) {
		argv = slices.Concat(argv[:n], []string{"-c", servePython})
	}
	return slices.Concat(argv, []string{noEngine, "."})
}
