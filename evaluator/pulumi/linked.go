package pulumi

import "path/filepath"

// linked are the places outside of a pack's directory that links in it lead to:
// a node_modules or a virtual environment that several packs share.
func linked(dir string, names ...string) []string {
	var out []string
	for _, name := range names {
		path := filepath.Join(dir, name)
		if target, err := filepath.EvalSymlinks(path); name != "" && err == nil && target != path {
			out = append(out, target)
		}
	}
	return out
}
