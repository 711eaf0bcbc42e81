package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) packVersionsCmd() *cobra.Command {
	return &cobra.Command{
		Use: "versions PACK", Short: "List the versions of a pack, newest first", Args: args(cobra.ExactArgs(1)),
		Long: `Versions lists every version of PACK that was ever published, the newest first.
The newest is the one that was published last, whatever its name: 1.9.1 published
after 2.0.0 is newer. Removed versions stay in the list, since none is used twice.`,
		Example: "  insights pack versions aws_foundations",
		RunE: func(cmd *cobra.Command, given []string) error {
			return a.with(cmd.Context(), "insights pack versions", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				list, err := s.PackVersions(ctx, given[0])
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, list)
				}
				return a.printVersions(list)
			})
		},
	}
}

func (a *app) packRemoveCmd() *cobra.Command {
	return &cobra.Command{
		Use: "remove PACK VERSION|all", Short: "Take a version off the list",
		Args: args(func(cmd *cobra.Command, given []string) error { return cobra.ExactArgs(2)(cmd, packInWords(given)) }),
		Long: `Remove takes VERSION of PACK (PACK@VERSION says the same in one word), or all of its
versions, off the list: groups cannot enforce it any more. It is refused while a
group does. What it found stays in reports, and the version is never free again.`,
		Example: `  insights pack remove my_pack 1.0.0
  insights pack remove my_pack@1.1.0
  insights pack remove my_pack all`,
		RunE: func(cmd *cobra.Command, given []string) error {
			given = packInWords(given)
			return a.with(cmd.Context(), "insights pack remove", nodeOptions{work: judging}, func(ctx context.Context, s api.Service) error {
				versions, err := removable(ctx, s, given[0], given[1])
				if err != nil {
					return err
				}
				for _, v := range versions {
					if err := s.RemovePack(ctx, given[0], v); err != nil {
						return err
					}
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]any{"pack": given[0], "removed": versions})
				}
				for _, v := range versions {
					fmt.Fprintf(a.out, "Removed %s %s.\n", given[0], v)
				}
				return nil
			})
		},
	}
}

// removable are the versions that a word stands for, oldest first, so that the
// newest is always one that is there.
func removable(ctx context.Context, s api.Service, pack, word string) ([]string, error) {
	list, err := s.PackVersions(ctx, pack)
	if err != nil {
		return nil, err
	}
	versions := []string{}
	for _, m := range slices.Backward(list) {
		if !m.Removed && (word == "all" || word == m.Version) {
			versions = append(versions, m.Version)
		}
	}
	if len(versions) == 0 {
		return nil, schemas.Errorf(schemas.CodeNotFound, "pack %s has no version %q that could be removed", pack, word).
			WithHint("see insights pack versions %s", pack)
	}
	return versions, nil
}

func (a *app) packPullCmd() *cobra.Command {
	var dir, file string
	cmd := &cobra.Command{
		Use: "pull PACK [VERSION]", Short: "Download a pack as it was published", Args: args(cobra.RangeArgs(1, 2)),
		Long: `Pull downloads VERSION of PACK, or the newest one (PACK@VERSION says the
same in one word), and unpacks it into a new directory, PACK-VERSION unless --dir
names another. With --file it writes the archive itself. It is what was published,
byte for byte, its lock file included.`,
		Example: `  insights pack pull aws_foundations
  insights pack pull my_pack@1.0.0 --dir ./my-pack
  insights pack pull my_pack --file my_pack.tar.gz`,
		RunE: func(cmd *cobra.Command, given []string) error {
			pack, version := packGiven(given)
			return a.with(cmd.Context(), "insights pack pull", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				m, err := s.GetPack(ctx, pack, version)
				if err != nil {
					return err
				}
				archive, err := s.PullPack(ctx, m.Name, m.Version)
				if err != nil {
					return err
				}
				if policy.Digest(archive) != m.Digest {
					return schemas.Errorf(schemas.CodeUnavailable, "what arrived is not what was published").WithHint("try again")
				}
				if dir == "" {
					dir = m.Name + "-" + m.Version
				}
				to := dir
				if file != "" {
					to = file
					err = writeFile(file, func(w io.Writer) error { _, err := w.Write(archive); return err })
				} else {
					err = unpackNew(archive, dir)
				}
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, map[string]any{"pack": m.Name, "version": m.Version, "digest": m.Digest, "path": to})
				}
				_, err = fmt.Fprintf(a.out, "%s %s is in %s.\n", m.Name, m.Version, to)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "`DIRECTORY` to make and to unpack into")
	cmd.Flags().StringVar(&file, "file", "", "`FILE` to write the tar.gz to instead")
	cmd.MarkFlagsMutuallyExclusive("dir", "file")
	return cmd
}

func unpackNew(archive []byte, dir string) error {
	if _, err := os.Lstat(dir); err == nil {
		return schemas.Errorf(schemas.CodeConflict, "%s is there already", dir).WithHint("name another directory with --dir")
	}
	return policy.Unpack(archive, dir)
}

func (a *app) packValidateConfigCmd() *cobra.Command {
	return &cobra.Command{
		Use: "validate-config PACK[@VERSION] FILE", Short: "Check a configuration before it is enforced", Args: args(cobra.ExactArgs(2)),
		Long: `Validate-config checks the configuration in FILE, YAML or JSON ("-" is standard
input), against what PACK declares: of VERSION, or of the newest one. It prints what
each policy would run with, or every problem. Nothing is changed.`,
		Example: `  insights pack validate-config aws_foundations config.yaml
  insights pack validate-config my_pack@1.0.0 config.json -o json`,
		RunE: func(cmd *cobra.Command, given []string) error {
			raw, err := readInput(given[1])
			if err != nil {
				return err
			}
			config, err := policy.ParseConfig(raw)
			if err != nil {
				return err
			}
			pack, version := packAtVersion(given[0])
			return a.with(cmd.Context(), "insights pack validate-config", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				valid, err := s.ValidateConfig(ctx, pack, version, config)
				if err != nil {
					return err
				}
				if a.output == "json" {
					return printJSON(a.out, valid)
				}
				return a.printPolicyConfig(valid)
			})
		},
	}
}

// readInput reads a file, or standard input for "-".
func readInput(name string) ([]byte, error) {
	var raw []byte
	var err error
	if name == "-" {
		raw, err = io.ReadAll(os.Stdin)
	} else {
		raw, err = os.ReadFile(name)
	}
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "read the configuration: %w", err)
	}
	return raw, nil
}

func (a *app) printPolicyConfig(config map[string]schemas.PolicyConfig) error {
	rows := make([][]string, 0, len(config))
	for _, name := range slices.Sorted(maps.Keys(config)) {
		properties := ""
		if c := config[name]; len(c.Properties) > 0 {
			raw, err := json.Marshal(c.Properties)
			if err != nil {
				return err
			}
			properties = string(raw)
		}
		rows = append(rows, []string{name, string(config[name].Level), properties})
	}
	return printTable(a.out, []string{"policy", "level", "properties"}, rows)
}

// packGiven is what PACK, PACK@VERSION and PACK VERSION name.
func packGiven(given []string) (pack, version string) {
	if len(given) == 2 {
		return given[0], given[1]
	}
	return packAtVersion(given[0])
}

// packInWords are PACK@VERSION as PACK and VERSION, and anything else as it is.
func packInWords(given []string) []string {
	if len(given) == 1 {
		if pack, version, found := strings.Cut(given[0], "@"); found {
			return []string{pack, version}
		}
	}
	return given
}

// packAtVersion splits PACK@VERSION; without a version it is the newest one.
func packAtVersion(s string) (pack, version string) {
	pack, version, found := strings.Cut(s, "@")
	if !found {
		version = schemas.Latest
	}
	return pack, version
}
