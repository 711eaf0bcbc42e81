package bus

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Options says how to reach NATS and how the streams are kept.
type Options struct {
	// URL of the servers, comma separated. Ignored with InProcess.
	URL string
	// CredsFile is a NATS credentials file (JWT and seed).
	CredsFile string
	User      string
	Password  string
	Token     string
	// TLSCA, TLSCert and TLSKey are PEM files.
	TLSCA, TLSCert, TLSKey string
	// InProcess connects to a server in this process without a socket.
	InProcess nats.InProcessConnProvider
	// Name of the connection, shown by the server.
	Name string
	Log  zerolog.Logger
	// Settled is told what became of every delivery to a durable consumer: one of
	// the Fates. May be nil.
	Settled func(consumer string, fate Fate)

	// AckWait is how long a delivered message may stay without a sign of life
	// before it is delivered again. Default 30 s.
	AckWait time.Duration
	// LeaseTTL is how long a lease outlives its holder. Default 15 s.
	LeaseTTL time.Duration
	// RetryDelay is the first delay before a failed message is delivered again;
	// it doubles up to a minute. Default 1 s.
	RetryDelay time.Duration
	// Grace is how long handlers may finish what is in hand when the context of
	// their consumer ends. Default 0: their context ends with it.
	Grace time.Duration
	// Replicas of streams and buckets: 1 embedded, 3 in a cluster. Default 1.
	Replicas int
	// WorkBytes bounds each of the snapshots and verdicts streams. Default 512 MiB.
	WorkBytes int64
}

func (o Options) withDefaults() Options {
	set := func(d *time.Duration, v time.Duration) {
		if *d <= 0 {
			*d = v
		}
	}
	set(&o.AckWait, 30*time.Second)
	set(&o.LeaseTTL, 15*time.Second)
	set(&o.RetryDelay, time.Second)
	if o.Replicas <= 0 {
		o.Replicas = 1
	}
	if o.WorkBytes <= 0 {
		o.WorkBytes = 512 << 20
	}
	return o
}

// Bus is a connection to JetStream. It is safe for concurrent use.
type Bus struct {
	nc  *nats.Conn
	js  jetstream.JetStream
	opt Options
	log zerolog.Logger

	budgets *budgets

	mu      sync.Mutex
	kvs     map[string]jetstream.KeyValue
	objects map[string]jetstream.ObjectStore
}

// Connect connects and checks that the server has JetStream. Errors are
// CodeUnavailable with a hint (unreachable, no JetStream), CodeDenied
// (credentials refused) or CodeInvalid (unreadable credentials or TLS files).
// Once connected, lost connections are re-established for ever.
func Connect(ctx context.Context, o Options) (*Bus, error) {
	o = o.withDefaults()
	nc, err := nats.Connect(o.URL, connectOptions(ctx, o)...)
	if err != nil {
		return nil, connectError(o, err)
	}
	js, err := jetstream.New(nc, jetstream.WithDefaultTimeout(10*time.Second))
	if err != nil {
		nc.Close()
		return nil, schemas.Errorf(schemas.CodeInternal, "open jetstream: %w", err)
	}
	if _, err := js.AccountInfo(ctx); err != nil {
		nc.Close()
		return nil, jetstreamError(o, err)
	}
	b := &Bus{
		nc: nc, js: js, opt: o, log: o.Log,
		kvs: map[string]jetstream.KeyValue{}, objects: map[string]jetstream.ObjectStore{},
	}
	b.budgets = &budgets{b: b, held: map[string]*budget{}}
	return b, nil
}

func connectOptions(ctx context.Context, o Options) []nats.Option {
	opts := []nats.Option{
		nats.Name(o.Name), nats.MaxReconnects(-1), nats.ReconnectWait(500 * time.Millisecond),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				o.Log.Warn().Err(err).Msg("lost the connection to NATS")
			}
		}),
		nats.ReconnectHandler(func(c *nats.Conn) { o.Log.Info().Str("server", c.ConnectedServerName()).Msg("connected to NATS again") }),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { o.Log.Warn().Err(err).Msg("NATS") }),
	}
	if d, ok := ctx.Deadline(); ok {
		opts = append(opts, nats.Timeout(max(time.Until(d), time.Millisecond)))
	}
	if o.InProcess != nil {
		opts = append(opts, nats.InProcessServer(o.InProcess))
	}
	if o.CredsFile != "" {
		opts = append(opts, nats.UserCredentials(o.CredsFile))
	}
	if o.User != "" {
		opts = append(opts, nats.UserInfo(o.User, o.Password))
	}
	if o.Token != "" {
		opts = append(opts, nats.Token(o.Token))
	}
	if o.TLSCA != "" {
		opts = append(opts, nats.RootCAs(o.TLSCA))
	}
	if o.TLSCert != "" {
		opts = append(opts, nats.ClientCert(o.TLSCert, o.TLSKey))
	}
	return opts
}

func connectError(o Options, err error) error {
	switch {
	case errors.Is(err, nats.ErrAuthorization), errors.Is(err, nats.ErrAuthExpired), errors.Is(err, nats.ErrAuthRevoked):
		return schemas.Errorf(schemas.CodeDenied, "connect to NATS at %s: %w", o.where(), err).
			WithHint("check the user, token or credentials file")
	case errors.Is(err, nats.ErrNoServers), errors.Is(err, nats.ErrTimeout), isNetwork(err):
		return schemas.Errorf(schemas.CodeUnavailable, "connect to NATS at %s: %w", o.where(), err).
			WithHint("is a NATS server running there? `insights serve` without a NATS URL starts its own")
	default:
		return schemas.Errorf(schemas.CodeInvalid, "connect to NATS at %s: %w", o.where(), err)
	}
}

func jetstreamError(o Options, err error) error {
	e := schemas.Errorf(schemas.CodeUnavailable, "ask NATS at %s for JetStream: %w", o.where(), err)
	if errors.Is(err, jetstream.ErrJetStreamNotEnabled) || errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount) ||
		errors.Is(err, nats.ErrNoResponders) {
		return e.WithHint("start the server with JetStream: nats-server -js, and enable it for this account")
	}
	return e
}

func (o Options) where() string {
	if o.InProcess != nil {
		return "this process"
	}
	return o.URL
}

// Close flushes what was sent and closes the connection.
func (b *Bus) Close() {
	if err := b.nc.FlushTimeout(2 * time.Second); err != nil {
		b.log.Debug().Err(err).Msg("flush before close")
	}
	b.nc.Close()
}
