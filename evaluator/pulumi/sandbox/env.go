package sandbox

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Registry settings are what a program gets of this process's environment while
// it may reach the network: how package registries are reached. All else is left
// out, whatever it is called.
var (
	registryNames = []string{
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY",
		"SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
	}
	registryPrefixes = []string{"NPM_CONFIG_", "PNPM_CONFIG_", "YARN_", "BUN_CONFIG_", "PIP_", "UV_", "POETRY_"}
)

// registryFiles lie in the user's home directory and may be read with the
// network: credentials of private registries are in them.
var registryFiles = []string{
	".npmrc", ".yarnrc", ".yarnrc.yml", ".config/pnpm/rc", ".pip/pip.conf", ".config/pip/pip.conf",
	".config/uv/uv.toml", ".config/pypoetry/config.toml", ".config/pypoetry/auth.toml",
}

// environment is all that the program gets. Later entries win.
func environment(spec Spec, ours []string) []string {
	env := []string{"PATH=" + filepath.Dir(spec.Argv[0]) + ":/usr/bin:/bin", "LANG=C.UTF-8"}
	if spec.Network {
		for _, entry := range ours {
			if forRegistries(entry) {
				env = append(env, entry)
			}
		}
	}
	return append(env, spec.Env...)
}

// lastOf keeps the last entry of every name: programs that are given a name twice
// take the first.
func lastOf(env []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, entry := range slices.Backward(env) {
		if name, _, _ := strings.Cut(entry, "="); !seen[name] {
			seen[name] = true
			out = append(out, entry)
		}
	}
	slices.Reverse(out)
	return out
}

// forRegistries tells whether an entry of this process's environment says how
// registries are reached. Directories of this user, such as caches, are left out:
// they are not there for the program. Tokens belong into registryFiles.
func forRegistries(entry string) bool {
	name, value, _ := strings.Cut(entry, "=")
	name = strings.ToUpper(name)
	if strings.HasSuffix(name, "_TOKEN") || strings.HasPrefix(name, "AWS_") {
		return false
	}
	named := slices.Contains(registryNames, name) || slices.ContainsFunc(registryPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	return named && (!filepath.IsAbs(value) || regular(value) || strings.HasPrefix(name, "SSL_CERT_"))
}

func regular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// registryBinds are the files that say how registries are reached: those that
// environment names, and those in this user's home directory, seen in the
// program's.
func registryBinds(env []string, home string) []bind {
	var out []bind
	for _, entry := range env {
		_, value, _ := strings.Cut(entry, "=")
		if forRegistries(entry) && filepath.IsAbs(value) {
			out = append(out, bind{From: value, To: value, Own: true})
		}
	}
	user, err := os.UserHomeDir()
	for _, name := range registryFiles {
		if from := filepath.Join(user, name); err == nil && regular(from) {
			out = append(out, bind{From: from, To: filepath.Join(home, name), Own: true})
		}
	}
	return out
}
