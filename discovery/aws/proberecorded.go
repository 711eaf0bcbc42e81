package aws

import (
	"context"
	"slices"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// nothingRecorded is why AWS Config is not asked in a region: a probe found nothing of a type that
// scans take from it.
const nothingRecorded = "nothing that AWS Config records was found"

// noteRecorded keeps the first resource of a region of which AWS Config may have an item.
func (b *probe) noteRecorded(o discovery.Observation) {
	i := slices.IndexFunc(b.svc.types, func(t typeSpec) bool { return t.token == o.Type && t.recorded != nil })
	if i < 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.recordable == nil {
		b.recordable = map[string]recordable{}
	}
	if _, ok := b.recordable[o.Region]; !ok {
		b.recordable[o.Region] = recordable{b.svc.types[i], o.ID}
	}
}

// recordable is a resource that AWS Config can be asked for.
type recordable struct {
	typeSpec
	id string
}

// probeRecorded asks AWS Config for one resource of each region that the probes have found, where its
// recorder is one that scans would use.
func (p *Provider) probeRecorded(ctx context.Context, acc *access, a schemas.Account, probes []*probe) ([]schemas.Permission, error) {
	if a.ReadsConfig() == schemas.ConfigOff {
		return nil, nil
	}
	found := map[string]recordable{}
	for _, b := range probes {
		if slices.ContainsFunc(b.svc.types, func(t typeSpec) bool { return t.recorded != nil }) && !b.svc.global {
			found[b.region] = recordable{}
		}
	}
	for _, b := range probes {
		for region, r := range b.recordable {
			if found[region].id == "" {
				found[region] = r
			}
		}
	}
	regions := sortedKeys(found)
	list := make([]schemas.Permission, len(regions))
	return list, parallel(ctx, detailParallel, indexes(regions), func(ctx context.Context, i int) error {
		list[i] = tryRecorded(ctx, p.session(acc, a, regions[i]), found[regions[i]])
		return ctx.Err() // a call that was cut off looks refused
	})
}

// tryRecorded asks for one resource: whether Config has an item of it does not matter.
func tryRecorded(ctx context.Context, s *session, r recordable) schemas.Permission {
	perm := schemas.Permission{Action: batchGetConfig.action, Region: s.region, State: schemas.PermissionNotTried, Reason: nothingRecorded, Types: []string{}}
	if r.id == "" {
		return perm
	}
	perm.Types = []string{r.token}
	if perm.Reason = readRecorder(ctx, s.configservice(), s.now()).refuses(r.recorded.name); perm.Reason != "" {
		return perm
	}
	perm.State = schemas.PermissionAllowed
	if err := s.recordedItems(ctx, r.recorded.name, s.region, []string{r.id}, map[string]*recordedItem{}); err != nil {
		state, reason := classifyScope(err)
		perm.State, perm.Reason = schemas.PermissionState(state), reason
	}
	return perm
}
