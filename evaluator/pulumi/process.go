package pulumi

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/install"
	"github.com/insights-scanner/insights-scanner/evaluator/pulumi/sandbox"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	maxRequest = 400 << 20 // what the SDKs take
	maxInfo    = 64 << 20
	maxAnswer  = 8 << 20
	maxHeaders = 8 << 20 // of an answer; an error's text is one

	// noEngine is where the SDKs would send log messages. Nothing listens there.
	noEngine = "127.0.0.1:1"
)

// process is a pack that runs.
type process struct {
	env    install.Environment
	child  *sandbox.Process
	out    *output
	client pulumirpc.AnalyzerClient
	conn   *grpc.ClientConn
	ended  chan struct{} // closed when the child has ended
	how    error         // it ended, then
	free   func()        // lets go of the environment
	shown  secrets       // that it was shown
	silent atomic.Bool   // it logs no exceptions
}

// start starts a pack and connects to it, within a limit. The process outlives
// ctx; it ends with kill. A pack that does not start is CodeInvalid, with what
// it wrote.
func start(ctx context.Context, box *sandbox.Sandbox, env install.Environment, limits sandbox.Limits, limit time.Duration) (*process, error) {
	p := &process{env: env, out: newOutput(), ended: make(chan struct{}), free: env.Hold()}
	child, err := box.Start(context.WithoutCancel(ctx), sandbox.Spec{
		Argv: arguments(env.Argv), Dir: env.Dir, Env: env.Env, Read: append([]string{env.Dir}, env.Read...),
		Limits: limits, Stdout: p.out.stdout(), Stderr: p.out.stderr(),
	})
	if err != nil {
		p.free()
		return nil, err
	}
	p.child = child
	go func() {
		p.how = child.Wait()
		close(p.ended)
	}()
	if err := p.connect(ctx, limit); err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// connect waits for the port that the pack writes.
func (p *process) connect(ctx context.Context, limit time.Duration) error {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	var line string
	select {
	case line = <-p.out.first:
	case <-p.ended:
		select {
		case line = <-p.out.first: // it wrote, and ended
		default:
			return p.unstarted(p.ending()).WithHint("A pack makes one PolicyPack when it starts.")
		}
	case <-timer.C:
		return p.unstarted(fmt.Sprintf("it wrote no port within %s", limit))
	case <-ctx.Done():
		return ctx.Err()
	}
	port, err := strconv.ParseUint(strings.TrimSpace(line), 10, 16)
	if err != nil || port == 0 {
		return schemas.Errorf(schemas.CodeInvalid, "the pack did not start: it wrote an invalid port: %q", line).
			WithHint("Before its PolicyPack is made, a pack may write to standard error only.")
	}
	p.conn, err = grpc.NewClient("passthrough:///pack", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return p.child.Dial(ctx, int(port)) }),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(), grpc.WithIdleTimeout(0), grpc.WithMaxHeaderListSize(maxHeaders),
		grpc.WithDefaultCallOptions(grpc.MaxCallSendMsgSize(maxRequest), grpc.MaxCallRecvMsgSize(maxAnswer)))
	if err != nil {
		return schemas.Errorf(schemas.CodeInternal, "connect to the pack: %w", err)
	}
	p.client = pulumirpc.NewAnalyzerClient(p.conn)
	return nil
}

// unstarted is the error of a pack that did not start.
func (p *process) unstarted(why string) *schemas.Error {
	if text := explain(p.out.tail(), p.env.Dir); text != "" {
		why += "\n" + text
	}
	return schemas.Errorf(schemas.CodeInvalid, "the pack did not start: %s", why)
}

// ending says how the process ended, once it has.
func (p *process) ending() string {
	<-p.ended
	if p.how == nil {
		return "its process ended by itself"
	}
	return "its process " + p.how.Error()
}

// alive tells whether the process can still answer.
func (p *process) alive() bool {
	select {
	case <-p.ended:
		return false
	default:
		return true
	}
}

// kill ends the process and waits until it has ended. It may be called again.
func (p *process) kill() {
	p.child.Kill()
	<-p.ended
	if p.conn != nil {
		_ = p.conn.Close()
	}
	p.free()
}
