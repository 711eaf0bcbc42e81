package main

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/policy"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A change of a group moves the effective packs of the accounts that it touches,
// which evaluators see by their watch, and has what is held of these judged anew; of
// other accounts no key moves and nothing is judged.
func TestAChangeOfAGroupTouchesItsAccountsOnly(t *testing.T) {
	t.Parallel()
	w := watchCluster(t)
	archive, err := policy.Archive(ruled(t, "own", "1", anyBucket))
	w.must(err)
	_, err = w.client.PublishPack(t.Context(), archive)
	w.must(err)
	_, err = w.client.WithdrawPack(t.Context(), schemas.DefaultAccountsGroup, "aws_foundations")
	w.must(err)
	_, err = w.client.CreateGroup(t.Context(), "g")
	w.must(err)
	eventually(t, time.Minute, "the starter pack is withdrawn", func() bool { return w.open() == "0 0 0" && w.drained() })

	change := func(do func(group string) error) func() error { return func() error { return do("g") } }
	for _, c := range []struct {
		what    string
		touches string // names of accounts
		open    string // violations of each account afterwards
		do      func() error
	}{
		{"a pack in a group without accounts", "", "0 0 0", change(func(g string) error {
			_, err := w.client.EnrolPack(t.Context(), g, schemas.Enrolment{Pack: "own"})
			return err
		})},
		{"an account", "a", "2 0 0", change(func(g string) error {
			_, err := w.client.AddGroupAccount(t.Context(), g, "a")
			return err
		})},
		{"a child", "b", "2 1 0", change(func(g string) error {
			_, err := w.client.AddGroupAccount(t.Context(), g, "b/eu-west-1")
			return err
		})},
		{"a selector", "c", "2 1 2", change(func(g string) error {
			_, err := w.client.SelectGroupAccounts(t.Context(), g, "name=c")
			return err
		})},
		{"a configuration", "a b c", "1 0 1", change(func(g string) error {
			config := map[string]map[string]any{"deny": {"prefix": "bucket-00000000"}}
			_, err := w.client.EnrolPack(t.Context(), g, schemas.Enrolment{Pack: "own", Config: config})
			return err
		})},
		{"the same configuration", "", "1 0 1", change(func(g string) error {
			config := map[string]map[string]any{"deny": {"prefix": "bucket-00000000"}}
			_, err := w.client.EnrolPack(t.Context(), g, schemas.Enrolment{Pack: "own", Config: config})
			return err
		})},
		{"an account that goes", "a", "0 0 1", change(func(g string) error {
			_, err := w.client.RemoveGroupAccount(t.Context(), g, "a")
			return err
		})},
	} {
		before := w.revisions()
		w.forget()
		start := time.Now()
		w.must(c.do())
		for name := range strings.FieldsSeq(c.touches) {
			eventually(t, time.Minute, c.what+" is seen for "+name, func() bool { return w.revisions()[name] > before[name] })
		}
		took := time.Since(start)
		eventually(t, time.Minute, c.what+" is judged: open are "+c.open, func() bool { return w.open() == c.open && w.drained() })
		for _, name := range watched {
			touched := strings.Contains(c.touches, name)
			if moved := w.revisions()[name] != before[name]; moved != touched {
				t.Errorf("%s: the packs of %s moved: %v", c.what, name, moved)
			}
			if judged := w.rejudged(name) > 0; judged != touched {
				t.Errorf("%s: %s was judged anew: %v", c.what, name, judged)
			}
		}
		if c.touches != "" {
			t.Logf("%s: seen by an evaluator's view after %s", c.what, took.Round(time.Millisecond))
		}
	}
}

var watched = []string{"a", "b", "c"}

// clusterWatch is the system as processes, with three accounts of two buckets each
// that were scanned, and with what an evaluator sees of them.
type clusterWatch struct {
	t      *testing.T
	client api.Service
	ids    map[string]schemas.AccountID
	bus    *bus.Bus
	view   *effectives

	mu       sync.Mutex
	messages map[schemas.AccountID]int // re-judgements
}

func watchCluster(t *testing.T) *clusterWatch {
	t.Helper()
	c := startCluster(t)
	w := &clusterWatch{t: t, client: c.client(t), ids: map[string]schemas.AccountID{}, view: newEffectives(), messages: map[schemas.AccountID]int{}}
	for i, name := range watched {
		number := fmt.Sprintf("%012d", i+1)
		srv := httptest.NewServer(awsfake.New(awsfake.Population{AccountID: number, Regions: []string{"us-east-1", "eu-west-1"}, Buckets: 2}))
		t.Cleanup(srv.Close)
		a := schemas.Account{Name: name, Provider: "aws", Endpoint: srv.URL, Services: []string{"s3"}, Labels: map[string]string{"name": name}}
		c.retry(t, "add account", func() error {
			_, err := w.client.AddAccount(t.Context(), a)
			return err
		})
		w.ids[name] = schemas.NewAccountID("aws", number)
		s, err := w.client.StartScan(t.Context(), name, schemas.ScanLimit{})
		w.must(err)
		eventually(t, 2*time.Minute, "scan "+s.ID+" ends", func() bool {
			s, err := w.client.GetScan(t.Context(), s.ID)
			return err == nil && s.State.Ended()
		})
	}
	w.watch(c.nats)
	return w
}

// watch looks on as an evaluator does, and counts messages that ask for a judgement.
func (w *clusterWatch) watch(url string) {
	w.t.Helper()
	b, err := bus.Connect(w.t.Context(), bus.Options{URL: url, Log: zerolog.Nop()})
	w.must(err)
	w.t.Cleanup(b.Close)
	w.bus = b
	go func() { _ = newTables(b).effective.Watch(w.t.Context(), w.view.set, w.view.synced) }()
	<-w.view.ready
	nc, err := nats.Connect(url)
	w.must(err)
	w.t.Cleanup(nc.Close)
	_, err = nc.Subscribe("snapshots.*.*."+schemas.KindRejudge, func(m *nats.Msg) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.messages[schemas.AccountID(strings.Split(m.Subject, ".")[2])]++
	})
	w.must(err)
	w.must(nc.Flush())
}

func (w *clusterWatch) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *clusterWatch) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.messages)
}

func (w *clusterWatch) rejudged(name string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.messages[w.ids[name]]
}

// revisions are those of each account's packs, as an evaluator knows them.
func (w *clusterWatch) revisions() map[string]uint64 {
	out := map[string]uint64{}
	for name, id := range w.ids {
		e, _ := w.view.Effective(id)
		out[name] = e.Revision
	}
	return out
}

// open is how many violations each account has.
func (w *clusterWatch) open() string {
	w.t.Helper()
	page, err := w.client.Violations(w.t.Context(), schemas.ViolationQuery{State: []schemas.ViolationState{schemas.ViolationOpen}, Limit: 1000})
	w.must(err)
	count := map[string]int{}
	for _, v := range page.Violations {
		count[v.Account]++
	}
	var out []string
	for _, name := range watched {
		out = append(out, fmt.Sprint(count[name]))
	}
	return strings.Join(out, " ")
}

// drained tells whether everything that was published is judged and stored.
func (w *clusterWatch) drained() bool {
	for _, id := range w.ids {
		if !bustest.Stored(w.t, w.bus, id) {
			return false
		}
	}
	return true
}
