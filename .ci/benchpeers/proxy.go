package main

import (
	"bytes"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// tally is what a tool asked for and how long it waited for moto.
type tally struct {
	Calls     map[string]int // by operation, refused ones included
	Denied    int
	Throttled int
	Foreign   int           // requests that are none of AWS, refused
	Waited    time.Duration // sum over the calls of the time that moto took
	Busy      time.Duration // time in which moto had something to do
}

func (t *tally) total() int {
	n := 0
	for _, c := range t.Calls {
		n += c
	}
	return n
}

// proxy stands between the tools and moto. A tool may take it for the endpoint or
// for its HTTP proxy, and what it asks of the real AWS comes here too (intercept.go).
type proxy struct {
	url    string
	moto   *url.URL
	client http.RoundTripper
	ca     *authority

	mu      sync.Mutex
	tally   tally
	faults  *faults
	inside  int       // calls in moto now
	entered time.Time // when the first of these came
}

// newProxy listens on a free loopback port.
func newProxy(moto string) (*proxy, error) {
	u, err := url.Parse(moto)
	if err != nil {
		return nil, err
	}
	ca, err := newAuthority()
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{url: "http://" + l.Addr().String(), moto: u, ca: ca, client: &http.Transport{MaxIdleConnsPerHost: 100}}
	p.begin(&faults{})
	go func() { _ = http.Serve(l, p) }() //nolint:gosec // a loopback port, for the time of the benchmark
	return p, nil
}

// begin counts from zero, with these faults.
func (p *proxy) begin(f *faults) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally, p.faults = tally{Calls: map[string]int{}}, f
}

// end says what was counted since begin.
func (p *proxy) end() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := p.tally
	t.Calls = maps.Clone(t.Calls)
	return t
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodConnect {
		p.intercept(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	op := identify(r, body)
	switch f := p.count(op); {
	case op == "":
		http.Error(w, "only AWS is emulated here", http.StatusForbidden)
	case f != none:
		f.answer(w, op)
	default:
		p.forward(w, r, body)
	}
}

func (p *proxy) count(op string) fault {
	p.mu.Lock()
	defer p.mu.Unlock()
	if op == "" {
		p.tally.Foreign++
		return none
	}
	p.tally.Calls[op]++
	f := p.faults.of(op)
	switch f {
	case denied:
		p.tally.Denied++
	case throttled:
		p.tally.Throttled++
	}
	return f
}

func (p *proxy) forward(w http.ResponseWriter, r *http.Request, body []byte) {
	out := r.Clone(r.Context())
	out.RequestURI, out.URL.Scheme, out.URL.Host = "", p.moto.Scheme, p.moto.Host
	out.Host = withoutAccount(r.Host)
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out.TransferEncoding = nil
	out.Header.Del("Proxy-Connection")
	start := p.enter()
	answer, err := p.client.RoundTrip(out)
	if err != nil {
		p.leave(start)
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	content, err := io.ReadAll(answer.Body)
	p.leave(start)
	_ = answer.Body.Close()
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	maps.Copy(w.Header(), answer.Header)
	w.WriteHeader(answer.StatusCode)
	_, _ = w.Write(content) // a client that is gone needs no answer
}

// withoutAccount takes away what S3 Control puts before the host: moto finds the
// account by the signature.
func withoutAccount(host string) string {
	account, rest, ok := strings.Cut(host, ".")
	if ok && len(account) == 12 && strings.Trim(account, "0123456789") == "" {
		return rest
	}
	return host
}

func (p *proxy) enter() time.Time {
	now := time.Now()
	p.enterAt(now)
	return now
}

func (p *proxy) leave(start time.Time) { p.leaveAt(start, time.Now()) }

func (p *proxy) enterAt(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inside == 0 {
		p.entered = now
	}
	p.inside++
}

func (p *proxy) leaveAt(start, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tally.Waited += now.Sub(start)
	if p.inside--; p.inside == 0 {
		p.tally.Busy += now.Sub(p.entered)
	}
}
