package main

import (
	"context"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// checkWaivers warns of waivers that end soon: what they cover counts again then.
func checkWaivers(ctx context.Context, d *doctor) []finding {
	if !d.cfg.has("control") {
		return nil
	}
	why, ok := d.ask(ctx)
	if !ok {
		return why
	}
	var list []schemas.Waiver
	err := newTables(d.node.bus).waivers.List(ctx, "", func(_ string, w schemas.Waiver, _ uint64) error {
		list = append(list, w)
		return nil
	})
	return waiverFindings(list, err, d.now())
}

func checkServerWaivers(ctx context.Context, d *doctor) []finding {
	list, err := d.client.ListWaivers(ctx, false)
	return waiverFindings(list, err, d.now())
}

func waiverFindings(list []schemas.Waiver, err error, now time.Time) (out []finding) {
	if err != nil {
		return []finding{broken("waivers", err)}
	}
	active := 0
	for _, w := range list {
		switch w.State(now) {
		case schemas.WaiverExpiring:
			out = append(out, warn("waivers", "Mend what it covers, or prolong it: insights waiver update "+w.Name+" --expires TIME", "%s ends %s", w.Name, timeText(w.ExpiresAt)))
		case schemas.WaiverActive:
			active++
		}
	}
	if len(out) == 0 && len(list) > 0 {
		out = append(out, fine("waivers", "%d in force, none ends within %d days", active, schemas.WaiverSoon/(24*time.Hour)))
	}
	return out
}
