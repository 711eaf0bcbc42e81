package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// gitPlace says where in a repository a pack is.
type gitPlace struct{ ref, dir string }

func (g *gitPlace) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&g.ref, "git-ref", "", "`REVISION` of a git repository: a tag, branch or commit (default its main branch)")
	cmd.Flags().StringVar(&g.dir, "git-dir", "", "`DIRECTORY` in a git repository that holds PulumiPolicy.yaml")
}

// gitURL is what git takes for a repository that is no local directory, without
// the transports that run commands.
var gitURL = regexp.MustCompile(`^((https?|ssh|git|file)://|[\w.-]+@[\w.-]+:)`)

// packArchive is the archive of a pack in a directory, a tar.gz or a git repository.
func packArchive(ctx context.Context, source string, in gitPlace) ([]byte, error) {
	if gitURL.MatchString(source) {
		return gitArchive(ctx, source, in)
	}
	if in != (gitPlace{}) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s is not the URL of a git repository, as --git-ref and --git-dir need it", source).
			WithHint("URLs begin with https://, ssh://, file:// or user@host:")
	}
	info, err := os.Stat(source)
	if err != nil || info.IsDir() {
		return policy.Archive(source)
	}
	if info.Size() > policy.MaxArchiveBytes {
		return nil, schemas.Errorf(schemas.CodeInvalid, "%s has %d MiB; the limit is %d MiB", source, info.Size()>>20, policy.MaxArchiveBytes>>20)
	}
	archive, err := os.ReadFile(source)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "read the archive: %w", err)
	}
	return archive, nil
}

// gitArchive clones a repository for as long as it takes to archive a directory of it.
func gitArchive(ctx context.Context, url string, in gitPlace) ([]byte, error) {
	if strings.HasPrefix(in.ref, "-") {
		return nil, schemas.Errorf(schemas.CodeInvalid, "--git-ref %q is no revision", in.ref)
	}
	if in.dir != "" && !filepath.IsLocal(in.dir) {
		return nil, schemas.Errorf(schemas.CodeInvalid, "--git-dir %q is not a directory of the repository", in.dir)
	}
	tmp, err := os.MkdirTemp("", "insights-git-")
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInternal, "make a temporary directory: %w", err)
	}
	defer func() { _ = os.RemoveAll(tmp) }()
	if err := git(ctx, tmp, "clone", "--quiet", "--no-checkout", "--", url, "."); err != nil {
		return nil, err
	}
	revision := "HEAD"
	if in.ref != "" {
		if revision, err = resolveRef(ctx, tmp, in.ref); err != nil {
			return nil, err
		}
	}
	if err := git(ctx, tmp, "checkout", "--quiet", "--detach", revision); err != nil {
		return nil, err
	}
	return policy.Archive(filepath.Join(tmp, in.dir))
}

// resolveRef finds a branch, which a clone knows as one of origin, a tag or a commit.
func resolveRef(ctx context.Context, dir, ref string) (string, error) {
	for _, name := range []string{"refs/tags/" + ref, "refs/remotes/origin/" + ref, ref} {
		if git(ctx, dir, "rev-parse", "--quiet", "--verify", name+"^{commit}") == nil {
			return name, nil
		}
	}
	return "", schemas.Errorf(schemas.CodeNotFound, "the repository has no revision %q", ref).WithHint("give a tag, a branch or a commit")
}

// git runs git without asking anybody for a password.
func git(ctx context.Context, dir string, args ...string) error {
	cmd := exec.CommandContext(ctx, "git", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GIT_TERMINAL_PROMPT=0", "GIT_ALLOW_PROTOCOL=https:http:ssh:git:file")
	var said bytes.Buffer
	cmd.Stderr = &said
	err := cmd.Run()
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return schemas.Errorf(schemas.CodeCancelled, "git %s: %w", args[0], ctx.Err())
	case errors.Is(err, exec.ErrNotFound):
		return schemas.Errorf(schemas.CodeInvalid, "git is not installed").WithHint("install it, or publish a directory or a tar.gz")
	default:
		return schemas.Errorf(schemas.CodeInvalid, "git %s: %s", args[0], strings.TrimSpace(said.String()))
	}
}
