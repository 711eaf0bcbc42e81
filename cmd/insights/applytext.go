package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
)

var actionSigns = map[apply.Action]string{apply.Create: "+", apply.Update: "~", apply.Delete: "-"}

// changeText is a line for a change and one for each field of it.
func changeText(c *apply.Change) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", actionSigns[c.Action], c.Object)
	for _, f := range c.Fields {
		if c.Action == apply.Create {
			fmt.Fprintf(&b, "    %s: %s\n", f.Path, fieldText(f.New))
			continue
		}
		fmt.Fprintf(&b, "    %s: %s -> %s\n", f.Path, fieldText(f.Old), fieldText(f.New))
	}
	return b.String()
}

// fieldText is a value of a field as a line holds it.
func fieldText(v any) string {
	switch v := v.(type) {
	case nil:
		return "(none)"
	case string:
		if v != "" && oneLine(v) == v && !strings.ContainsAny(v, " >") {
			return v
		}
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = fieldText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(raw)
}

// keptText says what stays though the file does not have it.
func keptText(p *apply.Plan) string {
	if len(p.Kept) == 0 {
		return ""
	}
	names := make([]string, len(p.Kept))
	for i, o := range p.Kept {
		names[i] = o.String()
	}
	return strings.Join(wrap("Not in the file and kept; --prune would delete: "+strings.Join(names, ", ")+".", 80), "\n") + "\n"
}

func planText(p *apply.Plan, create, change, remove string) string {
	if p.Empty() {
		return "Nothing to do: all is as the file says."
	}
	return fmt.Sprintf("%d %s, %d %s, %d %s.", p.Count(apply.Create), create, p.Count(apply.Update), change, p.Count(apply.Delete), remove)
}
