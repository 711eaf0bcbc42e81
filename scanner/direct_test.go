package scanner_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// directly makes workers answer units with keys: what is in there exists, and
// what the store holds besides is gone.
func (w *world) directly(there map[string]schemas.ResourceState, failure string) {
	w.t.Helper()
	w.run(func(ctx context.Context) error {
		return w.bus.Units(ctx, 2, func(ctx context.Context, u schemas.Unit) error {
			seq, err := w.bus.NextSeq(ctx, u.Account.ID)
			if err != nil {
				return err
			}
			end := &schemas.UnitEnd{
				Scan: u.Scan, AccountID: u.Account.ID, Unit: u.Unit, Seq: seq, StartedAt: time.Now(), Direct: &schemas.DirectEnd{Failure: failure},
			}
			for _, k := range u.Keys {
				if state := there[k.ID]; state != "" {
					end.Direct.Read = append(end.Direct.Read, schemas.ResourceRead{Key: k, State: state})
				}
			}
			w.mu.Lock()
			w.reads[u.Unit] += len(u.Keys)
			w.mu.Unlock()
			return w.bus.PublishEnd(ctx, end)
		})
	})
	w.evaluator()
	w.sink()
	w.run(w.control.Run)
}

// things locates ARNs of EC2 by their last part, and keys of EC2 as they are.
func things(resource string) (schemas.UnitKey, []schemas.Key, error) {
	if k, ok := schemas.ParseKey(resource); ok {
		return unitEC2, []schemas.Key{k}, nil
	}
	if !strings.HasPrefix(resource, "arn:aws:ec2:us-east-1:") {
		return schemas.UnitKey{}, nil, schemas.Errorf(schemas.CodeNotFound, "no rule")
	}
	return unitEC2, []schemas.Key{thing(resource[strings.LastIndexByte(resource, '/')+1:])}, nil
}

func thing(id string) schemas.Key {
	return schemas.Key{Region: "us-east-1", Type: scopeOf(unitEC2).Type, ID: id}
}

func TestAScanOfResourcesReadsThemAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		resources []string
		there     map[string]schemas.ResourceState
		failure   string
		keys      int
		state     schemas.ScanState
		reason    string
	}{
		"by ARN": {
			resources: []string{"arn:aws:ec2:us-east-1:1:x/a"}, there: map[string]schemas.ResourceState{"a": schemas.ResourceChanged},
			keys: 1, state: schemas.ScanSucceeded,
		},
		"by id, and twice": {
			resources: []string{"held", "arn:aws:ec2:us-east-1:1:x/held"}, there: map[string]schemas.ResourceState{"held": schemas.ResourceUnchanged},
			keys: 1, state: schemas.ScanSucceeded,
		},
		"by key, known or not": {
			resources: []string{thing("new").String(), thing("held").URN("prod")},
			there:     map[string]schemas.ResourceState{"new": schemas.ResourceChanged, "held": schemas.ResourceUnchanged},
			keys:      2, state: schemas.ScanSucceeded,
		},
		"an ARN without a rule, by the inventory": {
			resources: []string{"arn:aws:ec2:::held"}, there: map[string]schemas.ResourceState{"held": schemas.ResourceUnchanged},
			keys: 1, state: schemas.ScanSucceeded,
		},
		"gone": {
			resources: []string{"held"}, there: map[string]schemas.ResourceState{"held": schemas.ResourceGone},
			keys: 1, state: schemas.ScanFailed, reason: "held does not exist any more; the next scan of ec2 removes it",
		},
		"never there": {
			resources: []string{"held", "arn:aws:ec2:us-east-1:1:x/b"}, there: map[string]schemas.ResourceState{"held": schemas.ResourceUnchanged},
			keys: 2, state: schemas.ScanPartial, reason: "b does not exist (ec2 in us-east-1)",
		},
		"refused": {
			resources: []string{"held"}, failure: "access denied", keys: 1, state: schemas.ScanFailed, reason: "access denied",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.locate = things
			w.store.open = []schemas.Scope{scopeOf(unitEC2), scopeOf(unitIAM)}
			w.store.held[thing("held")] = schemas.Resource{Key: thing("held")}
			w.directly(c.there, c.failure)
			s, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{Limit: schemas.ScanLimit{Resources: c.resources}})
			if err != nil {
				t.Fatal(err)
			}
			s = w.ended(s.ID)
			w.want(s, c.state)
			if s.Reason != c.reason || !slices.Equal(s.Units, []schemas.UnitKey{unitEC2}) || w.readsOf(unitEC2) != c.keys || len(s.Resources) != len(c.there) {
				t.Errorf("reason %q, want %q; units %v, %d keys read: %v", s.Reason, c.reason, s.Units, w.readsOf(unitEC2), s.Resources)
			}
			for _, scope := range w.store.open {
				if got := closedAt(w, scope); got != "0 " {
					t.Errorf("%s is closed at %s", scope, got)
				}
			}
		})
	}
}

func TestResourcesThatNobodyKnowsStartNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.locate = things
	w.store.held[thing("held")] = schemas.Resource{Key: thing("held")}
	for _, c := range []struct {
		limit schemas.ScanLimit
		code  schemas.Code
		want  string
	}{
		{schemas.ScanLimit{Resources: []string{thing("held").URN("test")}}, schemas.CodeInvalid, "is of account test, not of prod"},
		{schemas.ScanLimit{Resources: []string{"a|b|c"}}, schemas.CodeNotFound, "no resource a|b|c is known"},
		{schemas.ScanLimit{Resources: []string{"nobody"}}, schemas.CodeNotFound, "no resource nobody is known in account prod"},
		{schemas.ScanLimit{Resources: []string{"arn:aws:s3:::nobody"}}, schemas.CodeNotFound, "is known in account prod: no rule"},
		// The id is held, but as something of another service.
		{schemas.ScanLimit{Resources: []string{"arn:aws:s3:::held"}}, schemas.CodeNotFound, "arn:aws:s3:::held"},
		// The id is held, but in another region.
		{schemas.ScanLimit{Resources: []string{"arn:aws:ec2:eu-west-1:1:x/held"}}, schemas.CodeNotFound, "eu-west-1:1:x/held"},
		{schemas.ScanLimit{Resources: []string{"held"}, Services: []string{"ec2"}}, schemas.CodeInvalid, "not both"},
		{schemas.ScanLimit{Resources: []string{""}}, schemas.CodeInvalid, "empty"},
		{schemas.ScanLimit{Resources: make([]string, schemas.MaxScanResources+1)}, schemas.CodeInvalid, "more than 50"},
	} {
		_, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{Limit: c.limit})
		wantCode(t, err, c.code)
		if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v: %v, want %q", c.limit, err, c.want)
		}
	}
	w.units = []schemas.UnitKey{unitIAM}
	_, err := w.control.Start(w.ctx(), "prod", scanner.StartOptions{Limit: schemas.ScanLimit{Resources: []string{"held"}}})
	wantCode(t, err, schemas.CodeInvalid)
	if want := "held belongs to ec2 in us-east-1, which is not read in account prod"; !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
	if running, err := w.control.Running(w.ctx(), account); err != nil || running != "" {
		t.Errorf("scan %q has started, %v", running, err)
	}
}
