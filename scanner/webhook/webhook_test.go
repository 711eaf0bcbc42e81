package webhook_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/scanner/seal"
	"github.com/insights-scanner/insights-scanner/scanner/webhook"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The example of the specification (standard-webhooks/standard-webhooks, spec and
// test suites of its libraries).
func TestSignatureOfTheSpecification(t *testing.T) {
	t.Parallel()
	got, err := webhook.Sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", time.Unix(1614265330, 0), []byte(`{"test": 2432232314}`))
	if want := "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="; err != nil || got != want {
		t.Errorf("signed %q, %v; want %q", got, err, want)
	}
	for _, wrong := range []string{"", "whsec_", "whsec_%", "whsec_c2hvcnQ=", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"} {
		if _, err := webhook.Sign(wrong, "id", time.Now(), nil); schemas.CodeOf(err) != schemas.CodeInvalid {
			t.Errorf("secret %q: %v", wrong, err)
		}
	}
}

// receiver is an address that is told. answer decides what a request gets, by how
// often its id came before; nil takes everything.
type receiver struct {
	*httptest.Server
	t      *testing.T
	mu     sync.Mutex
	secret string
	answer func(id string, before int, w http.ResponseWriter, r *http.Request)
	came   map[string]int
	taken  map[string]int
	bodies map[string]string
	some   chan struct{} // gets a value whenever one was taken
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{t: t, came: map[string]int{}, taken: map[string]int{}, bodies: map[string]string{}, some: make(chan struct{}, 1000)}
	r.Server = httptest.NewServer(r)
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	body, _ := io.ReadAll(req.Body)
	id := req.Header.Get("webhook-id")
	stamp, err := strconv.ParseInt(req.Header.Get("webhook-timestamp"), 10, 64)
	r.mu.Lock()
	want, signErr := webhook.Sign(r.secret, id, time.Unix(stamp, 0), body)
	before, answer := r.came[id], r.answer
	if r.came[id]++; before > 0 && r.bodies[id] != string(body) {
		r.t.Errorf("%s came again as %s, was %s", id, body, r.bodies[id])
	}
	r.bodies[id] = string(body)
	r.mu.Unlock()
	if err != nil || signErr != nil || req.Header.Get("webhook-signature") != want || time.Since(time.Unix(stamp, 0)).Abs() > time.Minute {
		r.t.Errorf("%s: signed %q at %d, %v", id, req.Header.Get("webhook-signature"), stamp, signErr)
	}
	out := &status{ResponseWriter: w, code: http.StatusOK}
	if answer != nil {
		answer(id, before, out, req)
	}
	if out.code/100 == 2 {
		r.mu.Lock()
		r.taken[id]++
		r.mu.Unlock()
		r.some <- struct{}{}
	}
}

type status struct {
	http.ResponseWriter
	code int
}

func (s *status) WriteHeader(code int) { s.code = code; s.ResponseWriter.WriteHeader(code) }

// wait waits for so many messages to be taken.
func (r *receiver) wait(n int) {
	r.t.Helper()
	late := time.After(time.Minute)
	for range n {
		select {
		case <-r.some:
		case <-late:
			r.t.Fatalf("came %v, taken %v", r.came, r.taken)
		}
	}
}

func (r *receiver) counts() (came, taken map[string]int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	came, taken = map[string]int{}, map[string]int{}
	for id, n := range r.came {
		came[id] = n
	}
	for id, n := range r.taken {
		taken[id] = n
	}
	return came, taken
}

// world is webhooks on a real bus.
type world struct {
	*webhook.Webhooks
	bus *bus.Bus
}

func newWorld(t *testing.T, change ...func(*bus.Options, *webhook.Deps)) world {
	t.Helper()
	ring, err := seal.Create(filepath.Join(t.TempDir(), "keyring.json"))
	if err != nil {
		t.Fatal(err)
	}
	d := webhook.Deps{Seal: ring.SealText, Open: ring.OpenText, Log: zerolog.Nop(), Now: time.Now}
	b := bustest.Start(t, func(o *bus.Options) {
		o.RetryDelay = 5 * time.Millisecond
		for _, f := range change {
			f(o, &d)
		}
	})
	d.Table, d.Delivered, d.Queue = bus.NewTable[schemas.Webhook](b, schemas.BucketWebhooks), bus.NewTable[time.Time](b, schemas.BucketDelivered), b
	return world{webhook.New(d), b}
}

// impatient waits less long for a receiver that hangs, and for a process that died; far
// longer than one that is well ever takes, which would be told twice.
func impatient(o *bus.Options, d *webhook.Deps) { o.AckWait, d.Timeout = 2*time.Second, 2*time.Second }

func (w world) add(t *testing.T, r *receiver, h schemas.Webhook) {
	t.Helper()
	h.URL = r.URL
	added, err := w.Add(t.Context(), h, "alice")
	if err != nil {
		t.Fatal(err)
	}
	r.mu.Lock()
	r.secret = added.Secret
	r.mu.Unlock()
}

// run delivers until the returned function is called.
func (w world) run(t *testing.T) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

func change(i int, severity schemas.Severity, tr schemas.Transition) schemas.ViolationChange {
	return schemas.ViolationChange{
		ViolationEvent: schemas.ViolationEvent{EventID: fmt.Sprintf("event%d", i), AccountID: "aws-123456789012", Transition: tr, At: time.Date(2026, 11, 25, 10, 0, i, 0, time.UTC)},
		Violation:      schemas.Violation{Severity: severity, Messages: []string{"bad"}},
	}
}

func changes(n int) (list []schemas.ViolationChange) {
	for i := range n {
		list = append(list, change(i, schemas.SeverityHigh, schemas.Opened))
	}
	return list
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Whatever the receiver does, it gets every message, and takes each once.
func TestEveryChangeIsTakenOnce(t *testing.T) {
	t.Parallel()
	const n = 20
	for name, answer := range map[string]func(string, int, http.ResponseWriter, *http.Request){
		"takes everything": nil,
		"fails at first": func(_ string, before int, w http.ResponseWriter, _ *http.Request) {
			if before < 3 {
				w.WriteHeader(http.StatusInternalServerError)
			}
		},
		"hangs at first": func(id string, before int, w http.ResponseWriter, r *http.Request) {
			if before == 0 && strings.HasSuffix(id, "7") {
				<-r.Context().Done()
				w.WriteHeader(http.StatusTeapot)
			}
		},
		"leads elsewhere at first": func(_ string, before int, w http.ResponseWriter, r *http.Request) {
			if before == 0 {
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusTemporaryRedirect)
			}
		},
		"breaks off at first": func(_ string, before int, _ http.ResponseWriter, _ *http.Request) {
			if before == 0 {
				panic(http.ErrAbortHandler)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, r := newWorld(t, impatient), newReceiver(t)
			r.Config.ErrorLog = nil
			r.answer = answer
			w.add(t, r, schemas.Webhook{Name: "hook"})
			w.run(t)
			must(t, w.Announce(t.Context(), changes(n)))
			must(t, w.Announce(t.Context(), changes(n))) // as after a crash of the sink
			r.wait(n)
			_, taken := r.counts()
			if len(taken) != n {
				t.Errorf("taken %v", taken)
			}
			for id, times := range taken {
				if times != 1 {
					t.Errorf("%s was taken %d times", id, times)
				}
			}
		})
	}
}

// A process that dies after the receiver took a message and before that is noted
// sends it again under the same id; one that dies later does not.
func TestAProcessThatDiesInBetween(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t, impatient), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "hook"})
	stop := w.run(t)
	arrived, dead := make(chan struct{}), make(chan struct{})
	r.answer = func(_ string, before int, _ http.ResponseWriter, _ *http.Request) {
		if before == 0 {
			close(arrived)
			<-dead
		}
	}
	must(t, w.Announce(t.Context(), changes(1)))
	<-arrived
	stop() // nothing of the answer is seen
	close(dead)
	w.run(t)
	r.wait(2)
	if came, _ := r.counts(); came["event0"] != 2 || len(came) != 1 {
		t.Errorf("came %v", came)
	}
}

// What is known to have arrived is not sent again, however late the queue has it anew.
func TestWhatHasArrivedIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "hook"})
	_, err := w.Delivered.Put(t.Context(), "hook.event0", time.Now())
	must(t, err)
	w.run(t)
	must(t, w.Announce(t.Context(), changes(3)))
	r.wait(2)
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if n, err := w.bus.PendingWebhook(t.Context(), "hook"); err == nil && n == 0 {
			break
		}
	}
	if came, _ := r.counts(); len(came) != 2 || came["event0"] != 0 {
		t.Errorf("came %v", came)
	}
}

func TestWhatIsTold(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "hook", MinSeverity: schemas.SeverityHigh, Transitions: []schemas.Transition{schemas.Opened, schemas.Reopened}})
	w.run(t)
	must(t, w.Announce(t.Context(), []schemas.ViolationChange{
		change(1, schemas.SeverityHigh, schemas.Fixed), change(2, schemas.SeverityMedium, schemas.Opened), change(3, "", schemas.Opened),
		change(4, schemas.SeverityCritical, schemas.Reopened), change(5, schemas.SeverityHigh, schemas.Opened),
	}))
	r.wait(2)
	if came, _ := r.counts(); came["event4"] != 1 || came["event5"] != 1 || len(came) != 2 {
		t.Errorf("came %v", came)
	}
	var m struct {
		Type      string
		Timestamp time.Time
		Data      schemas.ViolationChange
	}
	must(t, json.Unmarshal([]byte(r.bodies["event4"]), &m))
	if m.Type != "violation.reopened" || m.Timestamp.Second() != 4 || m.Data.Violation.Messages[0] != "bad" || m.Data.EventID != "event4" {
		t.Errorf("told %+v", m)
	}
}

// A receiver that is gone for good gets no more of a message; it is kept where
// people look.
func TestAReceiverThatIsGone(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	r.answer = func(_ string, _ int, w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) }
	w.add(t, r, schemas.Webhook{Name: "hook"})
	w.run(t)
	must(t, w.Announce(t.Context(), changes(1)))
	for deadline := time.Now().Add(time.Minute); ; {
		list, err := w.bus.ListDead(t.Context(), 0)
		must(t, err)
		if len(list) == 1 {
			if list[0].Kind != schemas.KindWebhook || !strings.Contains(list[0].Reason, "webhook hook: the receiver answered 410 Gone") || list[0].Subject != "webhooks.hook" {
				t.Errorf("dead letter %+v", list[0])
			}
			r.mu.Lock()
			r.answer = nil
			r.mu.Unlock()
			again := list[0].ID
			must(t, w.Remove(t.Context(), "hook"))
			if _, err := w.bus.ReplayDead(t.Context(), again); schemas.CodeOf(err) != schemas.CodeConflict {
				t.Errorf("replayed to a webhook that is not there: %v", err)
			}
			w.add(t, r, schemas.Webhook{Name: "hook"})
			_, err := w.bus.ReplayDead(t.Context(), again)
			must(t, err)
			r.wait(1)
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("no dead letter")
		}
	}
}

func TestTheLifeOfAWebhook(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	for name, h := range map[string]schemas.Webhook{
		"name": {Name: "a.b", URL: "http://x"}, "no name": {URL: "http://x"}, "no url": {Name: "a"}, "url": {Name: "a", URL: "ftp://x"}, "user": {Name: "a", URL: "http://u:p@x"},
		"severity": {Name: "a", URL: "http://x", MinSeverity: "bad"}, "transition": {Name: "a", URL: "http://x", Transitions: []schemas.Transition{"x"}}, "secret": {Name: "a", URL: "http://x", Secret: "short"},
	} {
		if _, err := w.Add(t.Context(), h, "alice"); schemas.CodeOf(err) != schemas.CodeInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	w.add(t, r, schemas.Webhook{Name: "hook"})
	if _, err := w.Add(t.Context(), schemas.Webhook{Name: "hook", URL: "http://x"}, "bob"); schemas.CodeOf(err) != schemas.CodeConflict {
		t.Errorf("added twice: %v", err)
	}
	tested, err := w.Test(t.Context(), "hook")
	if must(t, err); !tested.Delivered || tested.Status != http.StatusOK {
		t.Errorf("tested %+v", tested)
	}
	must(t, w.Announce(t.Context(), changes(3))) // nobody delivers yet
	list, err := w.List(t.Context())
	if must(t, err); len(list) != 1 || list[0].Pending != 3 || list[0].Secret != "" || list[0].CreatedBy != "alice" {
		t.Errorf("listed %+v", list)
	}
	kept, _, err := w.Table.Get(t.Context(), "hook")
	if must(t, err); kept.Secret == r.secret || strings.Contains(kept.Secret, strings.TrimPrefix(r.secret, "whsec_")) {
		t.Error("the secret is kept in the open")
	}
	must(t, w.Remove(t.Context(), "hook"))
	if pending, err := w.bus.PendingWebhook(t.Context(), "hook"); err != nil || pending != 0 {
		t.Errorf("pending %d, %v", pending, err)
	}
	for name, err := range map[string]error{"remove": w.Remove(t.Context(), "hook"), "an odd name": w.Remove(t.Context(), "../x")} {
		if schemas.CodeOf(err) != schemas.CodeNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	must(t, w.Announce(t.Context(), changes(3))) // to nobody
	r.Close()
	w.add(t, r, schemas.Webhook{Name: "closed"})
	if tested, err := w.Test(t.Context(), "closed"); err != nil || tested.Delivered || tested.Status != 0 || tested.Reason == "" {
		t.Errorf("tested %+v, %v", tested, err)
	}
}

// oneSecret is shared by webhooks that tell one receiver.
var oneSecret = "whsec_" + strings.Repeat("c2Vj", 8)

// What a process left behind that died while it removed a webhook is cleared, and
// nothing of those that are there.
func TestWhatIsLeftOfRemovedWebhooksIsCleared(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "stays", Secret: oneSecret})
	w.add(t, r, schemas.Webhook{Name: "goes", Secret: oneSecret})
	must(t, w.Announce(t.Context(), changes(3)))
	must(t, w.Table.Delete(t.Context(), "goes")) // and no more
	w.run(t)
	r.wait(3)
	w.add(t, r, schemas.Webhook{Name: "goes", Secret: oneSecret})
	if n, err := w.bus.PendingWebhook(t.Context(), "goes"); err != nil || n != 0 {
		t.Errorf("%d are queued for a new webhook of the old name, %v", n, err)
	}
	if came, _ := r.counts(); len(came) != 3 {
		t.Errorf("came %v", came)
	}
}

// meanwhile is a queue that something happens beside the first time that it is written to.
type meanwhile struct {
	webhook.Queue
	once sync.Once
	do   func()
}

func (m *meanwhile) PublishWebhook(ctx context.Context, name string, c *schemas.ViolationChange) error {
	m.once.Do(m.do)
	return m.Queue.PublishWebhook(ctx, name, c)
}

// Webhooks that are added and removed while changes are queued: the one is told of
// them, of the other nothing is left.
func TestWebhooksThatComeAndGoWhileChangesAreQueued(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "goes"})
	w.Queue = &meanwhile{Queue: w.bus, do: func() {
		must(t, w.Remove(t.Context(), "goes"))
		w.add(t, r, schemas.Webhook{Name: "comes"})
	}}
	must(t, w.Announce(t.Context(), changes(2)))
	w.Queue = w.bus
	w.add(t, r, schemas.Webhook{Name: "goes"})
	for name, want := range map[string]uint64{"comes": 2, "goes": 0} {
		if n, err := w.bus.PendingWebhook(t.Context(), name); err != nil || n != want {
			t.Errorf("%s: %d are queued, want %d; %v", name, n, want, err)
		}
	}
}

// stumbling is a queue that cannot be opened for the first times.
type stumbling struct {
	webhook.Queue
	mu    sync.Mutex
	fails int
}

func (s *stumbling) OpenWebhook(ctx context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails--; s.fails >= 0 {
		return schemas.Errorf(schemas.CodeUnavailable, "no answer")
	}
	return s.Queue.OpenWebhook(ctx, name)
}

// A queue that cannot be read now is read later, without a new start.
func TestAQueueThatCannotBeReadAtFirst(t *testing.T) {
	t.Parallel()
	w, r := newWorld(t), newReceiver(t)
	w.add(t, r, schemas.Webhook{Name: "hook"})
	w.Queue, w.Again = &stumbling{Queue: w.bus, fails: 2}, time.Millisecond
	must(t, w.Announce(t.Context(), changes(1)))
	w.run(t)
	r.wait(1)
}

// How long a receiver asks to be left alone is what the next try waits for.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]time.Duration{"": 0, "7": 7 * time.Second, "0": 0, "-3": 0, "soon": 0} {
		w, r := newWorld(t), newReceiver(t)
		r.answer = func(_ string, _ int, w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", header)
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		w.add(t, r, schemas.Webhook{Name: "hook"})
		ctx, cancel := context.WithCancel(t.Context())
		q := &listening{Queue: w.bus, handled: func(err error) {
			e, is := errors.AsType[*schemas.Error](err)
			if !is || e.Code != schemas.CodeUnavailable || e.RetryAfter != want {
				t.Errorf("after %q: %v", header, err)
			}
			cancel()
		}}
		w.Queue = q
		must(t, w.Announce(t.Context(), changes(1)))
		must(t, w.Run(ctx))
	}
}

// listening is a queue that tells how deliveries end.
type listening struct {
	webhook.Queue
	handled func(error)
}

func (l *listening) Webhook(ctx context.Context, name string, n int, h func(context.Context, *schemas.ViolationChange) error) error {
	return l.Queue.Webhook(ctx, name, n, func(ctx context.Context, c *schemas.ViolationChange) error {
		err := h(ctx, c)
		l.handled(err)
		return err
	})
}
