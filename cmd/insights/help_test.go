package main

import (
	"io"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tree is every command of the program.
func tree(t *testing.T) []*cobra.Command {
	t.Helper()
	var all []*cobra.Command
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		all = append(all, c)
		for _, child := range c.Commands() {
			walk(child)
		}
	}
	walk(testRoot())
	if len(all) < 30 {
		t.Fatalf("found only %d commands", len(all))
	}
	return all
}

func testRoot() *cobra.Command {
	return newRoot(stdio{in: strings.NewReader(""), out: io.Discard, err: io.Discard, env: func(string) string { return "" }})
}

func TestEveryCommandExplainsItself(t *testing.T) {
	for _, c := range tree(t) {
		path := c.CommandPath()
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || strings.ToUpper(c.Short[:1]) != c.Short[:1] {
			t.Errorf("%s: short help %q", path, c.Short)
		}
		for line := range strings.Lines(c.Long) {
			if n := len([]rune(strings.TrimSpace(line))); n > 84 {
				t.Errorf("%s: a line of the long help has %d characters: %s", path, n, line)
			}
		}
		// Whoever needs arguments or has flags of its own has more to say than a line.
		if c.Long == "" && strings.ContainsAny(strings.TrimPrefix(c.Use, c.Name()), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && c.Name() != "help" {
			t.Errorf("%s: no long help", path)
		}
		if c.Runnable() && !strings.HasPrefix(c.Example, "  insights ") && !strings.Contains(c.Example, "(insights ") {
			t.Errorf("%s: no example", path)
		}
		if usage := c.UsageString(); !c.HasSubCommands() && !strings.Contains(usage, "Exit codes: 0 success") {
			t.Errorf("%s: the help names no exit codes:\n%s", path, usage)
		}
	}
}

func TestEveryFlagExplainsItself(t *testing.T) {
	for _, c := range tree(t) {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Usage == "" || strings.HasSuffix(f.Usage, ".") {
				t.Errorf("%s --%s: usage %q", c.CommandPath(), f.Name, f.Usage)
			}
		})
	}
}

// An example that does not work is worse than none.
func TestExamplesParse(t *testing.T) {
	seen := 0
	for _, c := range tree(t) {
		for line := range strings.Lines(c.Example) {
			for _, words := range commandsOf(t, line) {
				seen++
				root := testRoot() // flags keep their values
				cmd, rest, err := root.Find(words)
				if err == nil {
					err = cmd.ParseFlags(rest)
				}
				if err == nil && cmd.Args != nil {
					err = cmd.Args(cmd, cmd.Flags().Args())
				}
				if err != nil {
					t.Errorf("%s: example %q: %v", c.CommandPath(), strings.TrimSpace(line), err)
				} else if !c.HasSubCommands() && c.Name() != "help" && cmd.CommandPath() != c.CommandPath() && !strings.Contains(line, "&&") {
					t.Errorf("%s: example %q is about %s", c.CommandPath(), strings.TrimSpace(line), cmd.CommandPath())
				}
			}
		}
	}
	if seen < 50 {
		t.Errorf("only %d examples", seen)
	}
}

// commandsOf finds what an example runs of us, as the shell would split it.
func commandsOf(t *testing.T, line string) [][]string {
	t.Helper()
	var out [][]string
	line, _, _ = strings.Cut(line, "  #")
	for part := range strings.SplitSeq(strings.NewReplacer("&&", "|", "<(", "|", ")", "").Replace(line), "|") {
		part, _, _ = strings.Cut(part, ">")
		words := shellWords(part)
		for i, w := range words {
			if w == "insights" {
				out = append(out, words[i+1:])
				break
			}
		}
	}
	if len(out) == 0 {
		t.Errorf("example %q runs nothing", line)
	}
	return out
}

// shellWords splits at spaces outside of double quotes.
func shellWords(s string) []string {
	var words []string
	for i, part := range strings.Split(s, `"`) {
		if i%2 == 1 {
			words[len(words)-1] += part
			continue
		}
		fields := strings.Fields(part)
		words = append(words, fields...)
		if strings.HasSuffix(part, " ") {
			words = append(words, "") // the quoted text is a word of its own
		}
	}
	return compact(words)
}

func compact(words []string) []string {
	var out []string
	for _, w := range words {
		if w != "" {
			out = append(out, w)
		}
	}
	return out
}

func TestRootHelpGivesFirstSteps(t *testing.T) {
	var out strings.Builder
	root := testRoot()
	root.SetOut(&out)
	root.SetArgs([]string{"--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	last := -1
	for _, want := range []string{"insights account add", "insights scan start", "insights report", "Scan and report:", "Choose policies:", "Run and look after:"} {
		i := strings.Index(out.String()[last+1:], want)
		if i < 0 {
			t.Fatalf("%q is missing or out of order in:\n%s", want, out.String())
		}
		last += 1 + i
	}
	for _, c := range root.Commands() {
		if c.GroupID == "" && c.IsAvailableCommand() {
			t.Errorf("%s is in no group, so the help does not list it", c.Name())
		}
	}
}
