package sandbox

import (
	"os"
	"strings"
)

// remedy is what the operator can do so that namespaces are allowed, by what
// this system shows.
func remedy() string {
	switch {
	case setting("/proc/sys/user/max_user_namespaces") == "0":
		return "Allow user namespaces: sysctl user.max_user_namespaces=15000."
	case setting("/proc/sys/kernel/unprivileged_userns_clone") == "0" && os.Geteuid() != 0:
		return "Allow user namespaces: sysctl kernel.unprivileged_userns_clone=1."
	case setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1":
		return "AppArmor restricts user namespaces: give the program a profile that has userns, or sysctl kernel.apparmor_restrict_unprivileged_userns=0."
	case filtered():
		return "A container or service manager filters system calls: in Docker run it with --security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined, " +
			"in Kubernetes with seccompProfile and appArmorProfile Unconfined and procMount Unmasked, under systemd allow @mount in SystemCallFilter; docs/trust.md has the details."
	}
	return "Let this user make user namespaces, and mount in them; docs/trust.md has the details."
}

func setting(path string) string {
	text, _ := os.ReadFile(path)
	return strings.TrimSpace(string(text))
}

// filtered tells whether a filter of system calls is upon this process.
func filtered() bool {
	return strings.Contains(setting("/proc/self/status"), "\nSeccomp:\t2")
}
