package scanner_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// An account with very many units does not keep small ones waiting for its end,
// also when it was there first.
func TestSmallAccountsAreDoneWhileABigOneGoesOn(t *testing.T) {
	t.Parallel()
	const big, small, each = 200, 20, 2
	w := newWorld(t)
	plan := func(n int) (units []schemas.UnitKey) {
		for i := range n {
			units = append(units, schemas.UnitKey{Region: "us-east-1", Service: fmt.Sprintf("s%03d", i)})
		}
		return units
	}
	w.plans = map[schemas.AccountID][]schemas.UnitKey{account: plan(big)}
	var ids []schemas.AccountID
	for i := range small {
		id := schemas.AccountID(fmt.Sprintf("aws-%012d", i))
		ids, w.plans[id] = append(ids, id), plan(each)
		if _, err := w.deps.Accounts.Create(w.ctx(), string(id), schemas.Account{ID: id, Name: fmt.Sprintf("small-%d", i), Provider: "aws"}); err != nil {
			t.Fatal(err)
		}
	}
	var mu sync.Mutex
	var order []schemas.AccountID
	begun, all := make(chan struct{}, 2*big), make(chan struct{})
	w.read = func(u schemas.Unit) (schemas.ScopeState, error) {
		begun <- struct{}{}
		<-all
		mu.Lock()
		defer mu.Unlock()
		order = append(order, u.Account.ID)
		return schemas.ScopeComplete, nil
	}
	release := sync.OnceFunc(func() { close(all) })
	w.workers()
	defer release() // before the workers are waited for
	w.run(w.control.Run)
	w.start()
	<-begun // the big account has the workers
	for _, id := range ids {
		if _, err := w.control.Start(w.ctx(), string(id), scanner.StartOptions{By: "test"}); err != nil {
			t.Fatal(err)
		}
		w.eventually("the units of "+string(id)+" are asked for", func() bool {
			queued, err := w.bus.QueuedUnits(w.ctx(), id)
			return err == nil && len(queued) == each
		})
	}
	release()
	w.eventually("everything is read", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return len(order) >= big+small*each
	})
	seen, before := 0, 0
	for _, id := range order {
		if id == account && seen < small*each {
			before++
		} else if id != account {
			seen++
		}
	}
	if before > big/4 {
		t.Errorf("%d of %d units of the big account were read before the last of the small ones", before, big)
	}
}
