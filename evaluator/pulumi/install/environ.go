package install

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Variables of the operator that tools get: how the network is reached, and by
// these prefixes how their registries are. Cloud credentials are not among them.
var (
	networkVariables = []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "LANG", "LC_ALL", "PATH",
	}
	nodeVariables   = []string{"NODE_EXTRA_CA_CERTS", "NODE_AUTH_TOKEN", "NPM_TOKEN", "npm_config_", "NPM_CONFIG_", "YARN_", "pnpm_config_", "PNPM_CONFIG_", "BUN_CONFIG_"}
	pythonVariables = []string{"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NETRC", "PIP_", "UV_", "POETRY_"}
)

// toolEnv is the environment of tools: quiet, with the operator's variables that
// begin with one of the names, and with more, which comes last and wins.
func toolEnv(names []string, more ...string) []string {
	env := []string{"CI=1", "NO_COLOR=1", "TERM=dumb"}
	for _, v := range os.Environ() {
		name, _, _ := strings.Cut(v, "=")
		allowed := slices.Contains(networkVariables, name) || slices.ContainsFunc(names, func(n string) bool {
			return name == n || strings.HasSuffix(n, "_") && strings.HasPrefix(name, n)
		})
		if allowed && !slices.ContainsFunc(more, func(m string) bool { return strings.HasPrefix(m, name+"=") }) {
			env = append(env, v)
		}
	}
	return append(env, more...)
}

// pathsIn are the files and directories of the operator that variables name:
// certificates, settings, directories of packages.
func pathsIn(env []string) []string {
	var out []string
	for _, v := range env {
		name, value, _ := strings.Cut(v, "=")
		if name == "PATH" {
			continue
		}
		for path := range strings.FieldsSeq(value) {
			if filepath.IsAbs(path) && exists(path) {
				out = append(out, path)
			}
		}
	}
	return out
}

// homeFile is a file in the operator's home directory, "" without one.
func homeFile(name string) string {
	home, err := os.UserHomeDir()
	if err != nil || !exists(filepath.Join(home, name)) {
		return ""
	}
	return filepath.Join(home, name)
}
