package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func (a *app) resourceTypesCmd() *cobra.Command {
	var services []string
	var page string
	cmd := &cobra.Command{
		Use: "types", Short: "List the resource types that scans read, with what reading takes", Args: args(cobra.NoArgs),
		Long: `Types lists every resource type that scans read. FACETS are the groups of
properties that take an API call each; CALLS are the calls that a unit (a service
in a region) with 1,000 of the type takes. A type that comes with another costs
only what is written beside it. Facets on demand are read, a call a
resource, where a policy of an enrolled pack needs them.`,
		Example: `  insights resources types
  insights resources types --service sqs -o json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			types := aws.Types()
			if err := checkServices(types, services); err != nil {
				return usageError(cmd, err)
			}
			types = slices.DeleteFunc(types, func(t schemas.ResourceType) bool {
				return len(services) > 0 && !slices.Contains(services, t.Service)
			})
			switch {
			case page != "":
				return writeFile(page, func(w io.Writer) error { return writeCoverage(w, types) })
			case a.output == "json":
				return printJSON(a.out, map[string]any{"types": orEmpty(types)})
			default:
				return printTable(a.out, []string{"type", "service", "route?", "facets", "calls", "actions?"}, coverageRows(types))
			}
		},
	}
	cmd.Flags().StringSliceVar(&services, "service", nil, "only this `SERVICE`, repeatable")
	cmd.Flags().StringVar(&page, "markdown", "", "write the list as a page to this `FILE`")
	return cmd
}

func checkServices(types []schemas.ResourceType, services []string) error {
	var known []string
	for _, t := range types {
		known = append(known, t.Service)
	}
	for _, s := range services {
		if !slices.Contains(known, s) {
			return fmt.Errorf("--service %q: is not known; services: %s", s, strings.Join(slices.Compact(known), ", "))
		}
	}
	return nil
}

func coverageRows(types []schemas.ResourceType) [][]string {
	rows := make([][]string, len(types))
	for i, t := range types {
		var facets, actions []string
		for _, c := range t.Calls {
			facets, actions = append(facets, c.Facet), append(actions, c.Action)
		}
		for _, c := range t.OnDemand {
			facets, actions = append(facets, c.Facet+" (on demand)"), append(actions, c.Action)
		}
		rows[i] = []string{t.Type, t.Service, routeText(t), strings.Join(facets, ", "), costText(t), strings.Join(append(actions, t.Verify...), ", ")}
	}
	return rows
}

// routeText names AWS Config where it may answer calls.
func routeText(t schemas.ResourceType) string {
	if t.Recorded == "" {
		return t.Route
	}
	return t.Route + ", config"
}

func costText(t schemas.ResourceType) string {
	switch {
	case t.With == "":
		return number(uint64(t.CallsPer1000))
	case t.CallsPer1000 == 0:
		return "with " + t.With
	default:
		return number(uint64(t.CallsPer1000)) + " with " + t.With
	}
}

// writeCoverage is docs/COVERAGE.md.
func writeCoverage(w io.Writer, types []schemas.ResourceType) error {
	var b strings.Builder
	fmt.Fprintf(&b, `# Coverage

The %d resource types that scans read. This page is generated: `+"`insights resources types --markdown docs/COVERAGE.md`"+`.

- *Facets* are groups of properties that take an API call each. One that is denied or fails makes its properties unknown, never missing.
  One that is read *on demand* is not read until a policy of an enrolled pack needs it; then it is read of the resources in question by
  itself, and by every scan from then on.
- *Calls* is how many API calls a unit (a service in a region, or a global service) with 1,000 resources of the type takes. A type that
  comes *with* another one is made of the same answers and costs only what is written beside it. `+"`make bench`"+` measures this on awsfake.
- *IAM actions* are those of the calls; in parentheses those of the direct read that tells a resource which is gone from one that a list
  left out. `+"`insights account policy`"+` prints them as a policy.
- *Route* config: where the account records %s in AWS Config, that answers
  calls for single resources of the type, as far as it has recorded what they say (%s says which).
- Types that begin with insights: are facts of an account or region, so that packs can judge what is missing.
- All other types of AWS are [the long tail](scans.md#the-long-tail), which Cloud Control reads: [COVERAGE-tail.md](COVERAGE-tail.md) names them.

| Type | Service | Route | Facets | Calls per 1,000 | IAM actions |
|---|---|---|---|---|---|
`, len(types), "`"+"AWS::…"+"`", "`insights resources types -o json`")
	for _, t := range types {
		var facets, actions []string
		for _, c := range t.Calls {
			facets, actions = append(facets, c.Facet), append(actions, c.Action)
		}
		for _, c := range t.OnDemand {
			facets, actions = append(facets, c.Facet+" (on demand)"), append(actions, c.Action)
		}
		slices.Sort(actions)
		text := strings.Join(slices.Compact(actions), " ")
		if len(t.Verify) > 0 {
			text += " (" + strings.Join(t.Verify, " ") + ")"
		}
		service := t.Service
		if t.Global {
			service += ", global"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", t.Type, service, routeText(t), strings.Join(facets, ", "), costText(t), text)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
