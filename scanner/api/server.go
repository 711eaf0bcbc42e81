package api

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ServerConfig is what a Server needs.
type ServerConfig struct {
	Service Service
	Tokens  *Tokens
	// Loopback tells that the listener is on a loopback address: without any
	// token requests are then let in as "local", and the Host header must name
	// this machine.
	Loopback bool
	Version  string
	// Ready says why the process cannot serve yet; nil means always.
	Ready func(ctx context.Context) error
	// Console answers GET requests outside /v1 without a token; may be nil. It
	// must hold no data.
	Console http.Handler
	// Backup writes a backup of the record, without the key ring; nil when this
	// process cannot.
	Backup func(ctx context.Context, w io.Writer) error
	// Page writes a report as HTML; nil when this process cannot.
	Page func(ctx context.Context, q schemas.ReportQuery, w io.Writer) error
	// FrameworkPage writes a report by framework as HTML; nil when this process cannot.
	FrameworkPage func(ctx context.Context, q schemas.FrameworkQuery, w io.Writer) error
	Log           zerolog.Logger
	Now           func() time.Time
	// Answered is told of every request with the pattern of its route, "" when
	// none fits; may be nil.
	Answered func(route string, status int, took time.Duration)
	// Poll is how often a followed scan is looked at. Default 500 ms.
	Poll time.Duration
	// RequestsPerMinute bounds what each token may ask of this process; 0 is no bound.
	RequestsPerMinute int
	// Answers keeps what requests with an idempotency key were answered; nil when
	// such keys are refused. Seal and Open guard the bodies.
	Answers Answers
	Seal    func(text string) string
	Open    func(sealed string) (string, error)
}

// Server is the HTTP API: the operations of Service under /v1, JSON in and out,
// errors as application/problem+json.
type Server struct {
	c      ServerConfig
	mux    *http.ServeMux
	ops    []*operation
	limits *limits
}

// NewServer returns a server; nothing listens before Run.
func NewServer(c ServerConfig) *Server {
	if c.Poll <= 0 {
		c.Poll = 500 * time.Millisecond
	}
	s := &Server{c: c, mux: http.NewServeMux(), limits: newLimits(c.RequestsPerMinute, c.Now)}
	s.routes()
	return s
}

// IsLoopback tells whether a listen address is reachable from this machine only.
func IsLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		host = addr
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return ip != nil && ip.IsLoopback()
}

// CheckListen refuses an address that others can reach while there is no token:
// CodeInvalid with the remedy.
func CheckListen(ctx context.Context, addr string, tokens *Tokens) error {
	if IsLoopback(addr) {
		return nil
	}
	secured, err := tokens.Any(ctx)
	if err != nil {
		return err
	}
	if !secured {
		return schemas.Errorf(schemas.CodeInvalid, "refuse to listen on %s without authentication", addr).
			WithHint("make a token first: insights token create NAME --scope admin; or listen on 127.0.0.1")
	}
	return nil
}

// Run serves on ln until ctx ends, then lets requests end for up to 10 s. It
// closes ln. The error is nil when ctx ended it.
func (s *Server) Run(ctx context.Context, ln net.Listener) error {
	// Requests outlive ctx, so that what they have begun ends well. Followed scans
	// end with it, else they would keep the server open.
	base := context.WithValue(context.WithoutCancel(ctx), stoppingKey{}, ctx.Done())
	srv := &http.Server{
		Handler:           s.Handler(),
		BaseContext:       func(net.Listener) context.Context { return base },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       2 * time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return schemas.Errorf(schemas.CodeUnavailable, "serve HTTP: %w", err)
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	err := srv.Shutdown(stop)
	if err != nil {
		err = errors.Join(err, srv.Close())
	}
	<-failed
	return err
}

type stoppingKey struct{}

// stopping is closed when the server is about to stop; nil when nobody will say.
func stopping(ctx context.Context) <-chan struct{} {
	done, _ := ctx.Value(stoppingKey{}).(<-chan struct{})
	return done
}

// Handler is the whole API with its guards.
func (s *Server) Handler() http.Handler {
	// Browsers send requests of foreign pages with the user's reach; those that
	// change something are refused.
	guarded := http.NewCrossOriginProtection()
	guarded.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeProblem(w, schemas.Errorf(schemas.CodeDenied, "requests of other sites' pages are refused"))
	}))
	return s.logged(s.hostChecked(guarded.Handler(s.mux)))
}

// hostChecked refuses names that a foreign page may have bound to this machine
// (DNS rebinding): on loopback only names of this machine are meant.
func (s *Server) hostChecked(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.c.Loopback && !IsLoopback(r.Host) {
			writeProblem(w, schemas.Errorf(schemas.CodeDenied, "the Host %q is not this machine", r.Host))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// authenticate says who calls and what they may do.
func (s *Server) authenticate(r *http.Request) (name string, scope TokenScope, err error) {
	header := r.Header.Get("Authorization")
	if header == "" {
		secured, err := s.c.Tokens.Any(r.Context())
		if err != nil {
			return "", "", err
		}
		if s.c.Loopback && !secured {
			return LocalActor, ScopeAdmin, nil
		}
		return "", "", unauthenticated{schemas.Errorf(schemas.CodeDenied, "a token is needed").
			WithHint("make one with insights token create NAME, and set INSIGHTS_TOKEN")}
	}
	kind, secret, _ := strings.Cut(header, " ")
	if !strings.EqualFold(kind, "Bearer") {
		return "", "", unauthenticated{schemas.Errorf(schemas.CodeDenied, "send the token as Authorization: Bearer TOKEN")}
	}
	t, err := s.c.Tokens.Verify(r.Context(), strings.TrimSpace(secret))
	if err != nil {
		if schemas.CodeOf(err) == schemas.CodeDenied {
			err = unauthenticated{err}
		}
		return "", "", err
	}
	return t.Name, t.Scope, nil
}

// authorized returns the request with its caller in the context.
func (s *Server) authorized(r *http.Request, need TokenScope) (*http.Request, error) {
	name, scope, err := s.authenticate(r)
	if err != nil {
		return nil, err
	}
	if !scope.Allows(need) {
		return nil, schemas.Errorf(schemas.CodeDenied, "token %s has the scope %s; this needs %s", name, scope, need)
	}
	return r.WithContext(WithActor(r.Context(), name)), nil
}

// logged writes one line per request and turns a panic into an error.
func (s *Server) logged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.c.Now()
		rec := &recorded{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p)
				}
				s.c.Log.Error().Interface("panic", p).Str("path", r.URL.Path).Msg("a request failed by a defect")
				if rec.status != 0 {
					// Half an answer must not look like a whole one.
					panic(http.ErrAbortHandler)
				}
				writeProblem(rec, errors.New("panic"))
			}
			took := s.c.Now().Sub(start)
			s.c.Log.Debug().Str("method", r.Method).Str("path", r.URL.Path).Int("status", rec.status).Dur("took", took).Msg("request")
			if s.c.Answered != nil {
				s.c.Answered(r.Pattern, rec.status, took)
			}
		}()
		next.ServeHTTP(rec, r)
	})
}

// recorded remembers the status of an answer.
type recorded struct {
	http.ResponseWriter
	status int
}

func (r *recorded) WriteHeader(status int) {
	r.status = status
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorded) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (r *recorded) Unwrap() http.ResponseWriter { return r.ResponseWriter }
