package scanner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// demandKeys is how many resources one scan reads on demand: its record names each.
const demandKeys = 1000

// demand is what packs that are enrolled wait for.
type demand struct {
	reads  uint64 // resources times calls
	wanted []schemas.WantedFacet
	units  []schemas.UnitKey
	keys   map[string][]schemas.Key // of the first resources, by UnitKey.String
	named  []string                 // these resources, for people
}

// demanded asks the store what policies could not tell because it is read on
// demand only.
func (c *Control) demanded(ctx context.Context, a schemas.AccountID) (d demand, err error) {
	d.keys = map[string][]schemas.Key{}
	err = c.d.Store.Unread(ctx, a, func(r schemas.Unread) error {
		u, ok := c.d.OnDemand(r.Key, r.Call)
		if !ok {
			return nil
		}
		d.reads++
		if w := (schemas.WantedFacet{Pack: r.Pack, Call: r.Call}); !slices.Contains(d.wanted, w) {
			d.wanted = append(d.wanted, w)
		}
		if keys := d.keys[u.String()]; len(d.named) < demandKeys && (len(keys) == 0 || keys[len(keys)-1] != r.Key) {
			if len(keys) == 0 {
				d.units = append(d.units, u)
			}
			d.keys[u.String()], d.named = append(keys, r.Key), append(d.named, r.String())
		}
		return nil
	})
	slices.SortFunc(d.units, compareUnits)
	return d, err
}

// want notes which facets packs need, so that every scan from now on reads them, and
// forgets those of packs that do not apply any more. more tells whether there is
// something to read by itself.
func (c *Control) want(ctx context.Context, a schemas.AccountID) (d demand, more bool, err error) {
	if c.d.OnDemand == nil {
		return d, false, nil
	}
	if d, err = c.demanded(ctx, a); err != nil {
		return d, false, err
	}
	eff, err := c.Effective(ctx, a)
	if err != nil {
		return d, false, err
	}
	for {
		act, rev, err := c.d.Active.Get(ctx, string(a))
		if schemas.CodeOf(err) == schemas.CodeNotFound && err != nil {
			return d, false, nil // it was never scanned
		}
		if err != nil {
			return d, false, err
		}
		// What was asked for at this revision, and did not become less, does not come.
		more = d.reads > 0 && (act.Asked.Revision != eff.Revision || d.reads < act.Asked.Reads)
		wanted := stillWanted(append(slices.Clone(act.Wanted), d.wanted...), eff)
		if slices.Equal(wanted, act.Wanted) {
			return d, more, nil
		}
		act.Wanted = wanted
		_, err = c.d.Active.Update(ctx, string(a), act, rev)
		if err == nil {
			return d, more, nil
		}
		if schemas.CodeOf(err) != schemas.CodeConflict || ctx.Err() != nil {
			return d, more, err
		}
	}
}

// stillWanted are the facets of packs that apply, sorted, each once.
func stillWanted(list []schemas.WantedFacet, eff schemas.Effective) []schemas.WantedFacet {
	list = slices.DeleteFunc(slices.Clone(list), func(w schemas.WantedFacet) bool {
		return !slices.ContainsFunc(eff.Packs, func(p schemas.EffectivePack) bool { return p.Name == w.Pack })
	})
	slices.SortFunc(list, func(x, y schemas.WantedFacet) int {
		return strings.Compare(x.Call+" "+x.Pack, y.Call+" "+y.Pack)
	})
	return slices.Compact(list)
}

// facets are the calls of wanted facets.
func facets(list []schemas.WantedFacet) (calls []string) {
	for _, w := range list {
		calls = append(calls, w.Call)
	}
	return distinct(calls)
}

// readOnDemand starts a scan of the resources that policies of enrolled packs could
// not judge without a facet that is read on demand, and of nothing else. What does not
// fit into one scan follows when that has ended.
func (c *Control) readOnDemand(ctx context.Context, a schemas.AccountID) error {
	d, more, err := c.want(ctx, a)
	if err != nil || !more {
		return err
	}
	acc, _, err := c.d.Accounts.Get(ctx, string(a))
	if err != nil {
		return err
	}
	plan, err := c.plan(ctx, acc)
	if err != nil {
		return fmt.Errorf("read what packs need: %w", err)
	}
	d.units = slices.DeleteFunc(d.units, func(u schemas.UnitKey) bool {
		if slices.Contains(plan, u) {
			return false
		}
		for _, k := range d.keys[u.String()] { // a service or region that is not read any more
			d.named = slices.DeleteFunc(d.named, func(n string) bool { return n == k.String() })
		}
		delete(d.keys, u.String())
		return true
	})
	if len(d.units) == 0 {
		return nil
	}
	eff, err := c.Effective(ctx, a)
	if err != nil {
		return err
	}
	s, err := c.claim(ctx, acc, d.units, d.keys, StartOptions{
		Trigger: schemas.TriggerPack, By: packsOf(d.wanted), Limit: schemas.ScanLimit{Resources: d.named},
		asked: schemas.Demand{Revision: eff.Revision, Reads: d.reads},
	})
	if err != nil {
		if schemas.CodeOf(err) == schemas.CodeConflict {
			return nil // a scan is faster; this is looked at again when it ends
		}
		return err
	}
	c.d.Log.Info().Str("scan", s.ID).Str("account", s.Account).Uint64("reads", d.reads).Int("resources", len(d.named)).
		Strs("calls", s.Facets).Str("packs", s.RequestedBy).Msg("read what packs need")
	c.nudge()
	return nil
}

// packsOf names the packs that wait.
func packsOf(list []schemas.WantedFacet) string {
	var names []string
	for _, w := range list {
		names = append(names, w.Pack)
	}
	return strings.Join(distinct(names), ", ")
}
