package api_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// running is a server on a port of its own until stop is called.
func running(t *testing.T, service api.Service, ln net.Listener) (stop func(), done chan error) {
	t.Helper()
	tokens := api.NewTokens(&table{m: map[string]api.Token{}}, time.Now)
	s := api.NewServer(api.ServerConfig{Service: service, Tokens: tokens, Loopback: true, Log: zerolog.Nop(), Now: time.Now, Poll: time.Millisecond})
	ctx, stop := context.WithCancel(t.Context())
	done = make(chan error, 1)
	go func() { done <- s.Run(ctx, ln) }()
	return stop, done
}

func listen(t *testing.T) (ln net.Listener, url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	return ln, "http://" + ln.Addr().String()
}

// What was begun ends well: its context does not end with the server's.
func TestStoppingLetsRequestsEnd(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	service := &stub{do: func(ctx context.Context, _ string) error {
		close(begun)
		<-end
		return ctx.Err()
	}}
	ln, url := listen(t)
	stop, done := running(t, service, ln)
	client, err := api.NewClient(url, "")
	ok(t, err)
	answered := make(chan error, 1)
	go func() {
		_, err := client.CreateGroup(t.Context(), "g")
		answered <- err
	}()
	<-begun
	stop()
	close(end)
	if err := <-answered; err != nil {
		t.Errorf("the request was cut off: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
	_, err = client.ListGroups(t.Context())
	wantCode(t, err, schemas.CodeUnavailable, "insights serve")
}

// A followed scan would keep the server open until the scan ends.
func TestStoppingEndsFollowing(t *testing.T) {
	t.Parallel()
	service := &stub{}
	service.states(schemas.ScanRunning)
	ln, url := listen(t)
	stop, done := running(t, service, ln)
	req, err := http.NewRequestWithContext(testContext(t), "GET", url+"/v1/scans/1/events", nil)
	ok(t, err)
	res, err := http.DefaultClient.Do(req)
	ok(t, err)
	defer func() { _ = res.Body.Close() }()
	stop()
	if _, err := io.ReadAll(res.Body); err != nil {
		t.Errorf("the stream was cut off: %v", err)
	}
	if err := <-done; err != nil {
		t.Errorf("run: %v", err)
	}
}

// pipes is a listener in memory.
type pipes struct {
	conns chan net.Conn
	once  sync.Once
	done  chan struct{}
}

func newPipes() *pipes { return &pipes{conns: make(chan net.Conn), done: make(chan struct{})} }

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	p.once.Do(func() { close(p.done) })
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.TCPAddr{} }

func (p *pipes) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case p.conns <- there:
		return here, nil
	case <-p.done:
		return nil, net.ErrClosed
	}
}

func TestStoppingWaitsTenSecondsAtMost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		begun := make(chan struct{})
		service := &stub{do: func(ctx context.Context, _ string) error {
			close(begun)
			<-ctx.Done() // cut off, not asked to end
			return ctx.Err()
		}}
		p := newPipes()
		stop, done := running(t, service, p)
		client := &http.Client{Transport: &http.Transport{DialContext: p.dial, DisableKeepAlives: true}}
		failed := make(chan error, 1)
		go func() {
			res, err := client.Get("http://127.0.0.1/v1/accounts")
			if err == nil {
				_ = res.Body.Close()
			}
			failed <- err
		}()
		<-begun
		start := time.Now()
		stop()
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("run: %v", err)
		}
		if took := time.Since(start); took != 10*time.Second {
			t.Errorf("waited %s", took)
		}
		if err := <-failed; err == nil {
			t.Error("the request was answered")
		}
	})
}

func TestRunTellsWhyItCannotServe(t *testing.T) {
	t.Parallel()
	p := newPipes()
	ok(t, p.Close())
	_, done := running(t, &stub{}, p)
	wantCode(t, <-done, schemas.CodeUnavailable, "serve HTTP")
}
