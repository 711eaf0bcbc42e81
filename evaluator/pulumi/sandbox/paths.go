package sandbox

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// bind is a file or directory that the program sees.
type bind struct {
	From  string // here; no part of it is a link
	To    string // there
	Write bool
	Own   bool // the user's, perhaps for nobody else to read
	Tree  int  `json:",omitempty"` // the helper's open file that is shown, instead of From
}

// link is a symbolic link that the program sees.
type link struct{ Path, Target string }

// System directories hold programs and libraries, for everybody to read.
var systemDirs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store"}

// System files are what programs need of the system's configuration: the
// libraries' places, certificate authorities, the time zone.
var (
	systemFiles = []string{
		"/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/alternatives", "/etc/localtime",
		"/etc/ssl/certs", "/etc/ssl/cert.pem", "/etc/ssl/openssl.cnf", "/etc/ca-certificates", "/etc/crypto-policies",
		"/etc/pki/tls/certs", "/etc/pki/tls/cert.pem", "/etc/pki/tls/openssl.cnf", "/etc/pki/ca-trust",
	}
	networkFiles = []string{
		"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf", "/etc/services", "/etc/protocols",
		"/etc/pip.conf", "/etc/npmrc", "/usr/etc/npmrc",
	}
)

// An interpreter lies in bin, and what belongs to it beside that.
var prefixDirs = []string{"bin", "lib", "lib64", "libexec", "include", "pyvenv.cfg"}

// visible are the files and links that make the program's view, parents first.
func visible(spec Spec, env []string) (binds []bind, links []link) {
	for _, dir := range systemDirs {
		if target, err := os.Readlink(dir); err == nil { // /bin is a link to usr/bin
			links = append(links, link{dir, target})
		} else {
			binds = append(binds, bind{From: dir, To: dir})
		}
	}
	files := slices.Clone(systemFiles)
	if spec.Network {
		files = append(files, networkFiles...)
		binds = append(binds, registryBinds(env, privateHome)...)
	}
	for _, path := range files {
		binds = append(binds, bind{From: path, To: path})
	}
	for _, path := range hidden(slices.Concat(spec.Read, interpreter(spec.Argv[0])), spec.Write) {
		binds = append(binds, bind{From: path, To: path, Own: true})
	}
	for _, path := range spec.Write {
		binds = append(binds, bind{From: path, To: path, Own: true, Write: true})
	}
	return tidy(binds), links
}

// hidden are the paths that neither the others nor shown make visible: of a link
// in what is visible it is what that leads to. An environment that is being filled
// stays writable.
func hidden(paths, shown []string) []string {
	slices.Sort(paths) // what holds others comes first
	var out []string
	for _, path := range paths {
		if real, err := filepath.EvalSymlinks(path); err == nil && within(path, append(out, shown...)) {
			path = real
		}
		if !within(path, append(out, shown...)) {
			out = append(out, path)
		}
	}
	return out
}

// tidy resolves links in what is bound, leaves out what is not there and what
// the system's directories show anyway, and sorts the rest.
func tidy(binds []bind) []bind {
	var out []bind
	for _, b := range binds {
		b.To = filepath.Clean(b.To)
		from, err := filepath.EvalSymlinks(b.From)
		if err != nil || !b.Write && within(from, systemDirs) && within(b.To, systemDirs) && !slices.Contains(systemDirs, b.To) {
			continue
		}
		b.From = from
		out = append(out, b)
	}
	slices.SortStableFunc(out, func(a, b bind) int { return cmp.Compare(a.To, b.To) })
	return outermost(slices.Compact(out))
}

// outermost leaves out what may be read and is shown anyway, as part of a
// directory that may be read: the kernel refuses to show it twice when one of
// the two is a link, as lib64 in virtual environments.
func outermost(sorted []bind) []bind {
	var out []bind
	for _, b := range sorted {
		shown := slices.ContainsFunc(out, func(d bind) bool {
			inside, ok := strings.CutPrefix(b.To, d.To+"/")
			if !ok || d.Write || b.Write {
				return false
			}
			from, err := filepath.EvalSymlinks(filepath.Join(d.From, inside))
			return err == nil && from == b.From
		})
		if !shown {
			out = append(out, b)
		}
	}
	return out
}

// within tells whether a path is one of dirs, or lies in one.
func within(path string, dirs []string) bool {
	return slices.ContainsFunc(dirs, func(dir string) bool { return path == dir || strings.HasPrefix(path, dir+"/") })
}

// interpreter are the paths that a program needs of its own: the file, what it
// links to, and where these lie in a directory bin, the libraries beside it.
func interpreter(program string) []string {
	var out []string
	for range 40 { // as many links as the kernel follows
		dir := filepath.Dir(program)
		if prefix := filepath.Dir(dir); filepath.Base(dir) == "bin" && prefix != "/" {
			for _, name := range prefixDirs {
				out = append(out, filepath.Join(prefix, name))
			}
		} else {
			out = append(out, program)
		}
		target, err := os.Readlink(program)
		if err != nil {
			break
		}
		if !filepath.IsAbs(target) {
			// The directory may be a link itself: ".." is meant where it leads to.
			if real, err := filepath.EvalSymlinks(dir); err == nil {
				dir = real
			}
			target = filepath.Join(dir, target)
		}
		program = target
	}
	return out
}
