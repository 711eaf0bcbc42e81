package apply

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"

	"github.com/insights-scanner/insights-scanner/schemas"
)

func (p place) String() string {
	if p.line == 0 {
		return p.file
	}
	return fmt.Sprintf("%s:%d", p.file, p.line)
}

// problems collects what is wrong, with where.
type problems struct{ list []problem }

type problem struct {
	at   place
	text string
}

func (p *problems) add(at place, format string, args ...any) {
	p.list = append(p.list, problem{at, fmt.Sprintf(format, args...)})
}

// addAll notes every line of an error, and its hint behind the last one.
func (p *problems) addAll(at place, prefix string, err error) {
	if err == nil {
		return
	}
	text, hint := err.Error(), ""
	if e, ok := errors.AsType[*schemas.Error](err); ok && e.Hint != "" {
		text, hint = e.Message, " ("+e.Hint+")"
	}
	for line := range strings.SplitSeq(text+hint, "\n") {
		p.add(at, "%s%s", prefix, line)
	}
}

// err is nil without problems, else one CodeInvalid error that lists them by
// file and line.
func (p *problems) err() error {
	slices.SortStableFunc(p.list, func(a, b problem) int {
		return cmp.Or(strings.Compare(a.at.file, b.at.file), cmp.Compare(a.at.line, b.at.line))
	})
	var all schemas.Problems
	for _, x := range p.list {
		all.Check(false, x.at.String(), "%s", x.text)
	}
	return all.Err()
}

// nearest suggests what was meant by a name, or lists what there is.
func nearest(name string, known []string) string {
	if len(known) == 0 {
		return "there are none"
	}
	if i := slices.IndexFunc(known, func(k string) bool { return len(name) > 2 && strings.HasPrefix(k, name) }); i >= 0 {
		return fmt.Sprintf("did you mean %q?", known[i])
	}
	best := slices.MinFunc(known, func(a, b string) int { return cmp.Compare(distance(name, a), distance(name, b)) })
	if d := distance(name, best); d <= max(2, len(name)/3) && d < len(name) {
		return fmt.Sprintf("did you mean %q?", best)
	}
	return "there are: " + strings.Join(known[:min(len(known), 20)], ", ")
}

func distance(a, b string) int {
	return levenshtein.ComputeDistance(strings.ToLower(a), strings.ToLower(b))
}
