package main

import (
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
	"golang.org/x/sys/unix"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// natsMaxPayload leaves room above schemas.MaxBatchBytes for headers and for
// the JSON of one large resource.
const natsMaxPayload = 2 << 20

// startNATS starts a NATS server with JetStream in this process, which keeps
// its streams in dir and writes every message through to the disk. It listens
// on listen ("host:port"), or not at all when listen is empty; connections from
// this process need no socket. Errors: CodeConflict when another process uses dir, CodeInvalid for
// an impossible address, CodeUnavailable when it does not come up.
func startNATS(dir, listen string, log zerolog.Logger) (*server.Server, error) {
	unlock, err := lockStore(dir)
	if err != nil {
		return nil, err
	}
	opts := &server.Options{
		ServerName: "insights-embedded", StoreDir: dir, JetStream: true, SyncAlways: true,
		MaxPayload: natsMaxPayload, NoSigs: true, DontListen: listen == "",
	}
	if listen != "" {
		if opts.Host, opts.Port, err = hostPort(listen); err != nil {
			unlock()
			return nil, err
		}
	}
	s, err := server.NewServer(opts)
	if err != nil {
		unlock()
		return nil, schemas.Errorf(schemas.CodeInvalid, "configure the embedded NATS server: %w", err)
	}
	s.SetLoggerV2(natsLog{log}, false, false, false)
	s.Start()
	go func() {
		s.WaitForShutdown()
		unlock()
	}()
	if !s.ReadyForConnections(20*time.Second) || !s.JetStreamEnabled() {
		s.Shutdown()
		return nil, schemas.Errorf(schemas.CodeUnavailable, "the embedded NATS server did not start in %s", dir).
			WithHint("is the address %q free, and the directory writable with space left?", listen)
	}
	return s, nil
}

// lockStore takes an advisory lock on the directory; the system drops it when
// the process ends, however it ends.
func lockStore(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "make NATS directory: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "insights.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "open NATS lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = f.Close()
		return nil, schemas.Errorf(schemas.CodeConflict, "the NATS directory %s is in use by another process: %w", dir, err).
			WithHint("stop the other `insights serve`, or give this one another data directory")
	}
	return func() { _ = f.Close() }, nil
}

func hostPort(listen string) (string, int, error) {
	host, p, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, schemas.Errorf(schemas.CodeInvalid, "NATS listen address %q: %w", listen, err).WithHint("use HOST:PORT")
	}
	port, err := strconv.Atoi(p)
	if err != nil {
		return "", 0, schemas.Errorf(schemas.CodeInvalid, "NATS listen address %q: %w", listen, err).WithHint("use HOST:PORT")
	}
	if port == 0 {
		port = server.RANDOM_PORT
	}
	return host, port, nil
}

// natsLog passes the server's log on. Its notices are details to us, and its
// warnings are of how long something took: nothing for who ran a command.
type natsLog struct{ log zerolog.Logger }

func (l natsLog) Noticef(f string, a ...any) { l.log.Debug().Msgf("nats: "+f, a...) }
func (l natsLog) Warnf(f string, a ...any)   { l.log.Info().Msgf("nats: "+f, a...) }
func (l natsLog) Fatalf(f string, a ...any)  { l.log.Error().Msgf("nats: "+f, a...) }
func (l natsLog) Errorf(f string, a ...any)  { l.log.Error().Msgf("nats: "+f, a...) }
func (l natsLog) Debugf(f string, a ...any)  { l.log.Trace().Msgf("nats: "+f, a...) }
func (l natsLog) Tracef(f string, a ...any)  { l.log.Trace().Msgf("nats: "+f, a...) }
