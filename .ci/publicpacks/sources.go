package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
)

// source is a commit of a repository on GitHub.
type source struct {
	Repo   string   // owner/name
	Commit string   // whole
	Dirs   []string // whose packs are run; none: all
}

// name is what packs are called by: the repository, without the owner where that is
// Pulumi, and with the commit where it is not the newest that is run.
func (s source) name(older bool) string {
	name := strings.TrimPrefix(s.Repo, "pulumi/")
	if older {
		name += "@" + s.Commit[:7]
	}
	return name
}

func readSources(file string) ([]source, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	var out []source
	if err := yaml.UnmarshalWithOptions(raw, &out, yaml.Strict()); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, s := range out {
		if len(s.Commit) != 40 || strings.Count(s.Repo, "/") != 1 {
			return nil, fmt.Errorf("%s: %s %s: want owner/name and a whole commit", file, s.Repo, s.Commit)
		}
	}
	return out, nil
}

// fetch checks out what is not there yet, and lists the packs in it.
func fetch(ctx context.Context, sources []source, into string) (out []pack, err error) {
	seen := map[string]bool{}
	for _, s := range sources {
		name := s.name(seen[s.Repo])
		seen[s.Repo] = true
		dir := filepath.Join(into, name)
		if err := s.checkout(ctx, dir); err != nil {
			return nil, err
		}
		dirs := s.Dirs
		if len(dirs) == 0 {
			dirs = []string{"."}
		}
		for _, d := range dirs {
			packs, err := find(filepath.Join(dir, d), into)
			if err == nil && len(packs) == 0 {
				err = fmt.Errorf("%s holds no pack in %s", s.Repo, d)
			}
			if err != nil {
				return nil, err
			}
			for _, p := range packs {
				p.commit = s.Commit
				out = append(out, p)
			}
		}
	}
	return out, nil
}

// checkout makes dir the files of the source. It is there whole or not at all.
func (s source) checkout(ctx context.Context, dir string) error {
	if _, err := os.Stat(dir); err == nil {
		return nil
	}
	part := dir + ".part"
	if err := os.RemoveAll(part); err != nil {
		return err
	}
	defer os.RemoveAll(part)
	git := func(args ...string) error {
		cmd := exec.CommandContext(ctx, "git", args...)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("%s: git %s: %w\n%s", s.Repo, strings.Join(args, " "), err, said.Bytes())
		}
		return nil
	}
	if err := git("clone", "--quiet", "--no-checkout", "--filter=blob:none", "https://github.com/"+s.Repo+".git", part); err != nil {
		return err
	}
	paths := append([]string{"-C", part, "checkout", "--quiet", s.Commit, "--"}, s.Dirs...)
	if len(s.Dirs) == 0 {
		paths = append(paths, ".")
	}
	// Some have committed these; a pack is published without, and gets its own.
	paths = append(paths, ":(exclude,glob)**/node_modules/**")
	if err := git(paths...); err != nil {
		return err
	}
	return os.Rename(part, dir)
}
