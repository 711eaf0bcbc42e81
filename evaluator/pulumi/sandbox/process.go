package sandbox

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"syscall"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Process is a program that was started.
type Process struct {
	launch *launch
	wire   *wire
	name   string
	stop   func() bool   // forgets the context
	begun  chan answer   // of one element: the program runs, or why it does not
	done   chan struct{} // closed when everything has ended
	err    error         // how, after done

	mu      sync.Mutex
	last    uint32
	waiting map[uint32]chan reply
	ended   *ending
}

// reply is an answer with the connection that came with it.
type reply struct {
	answer
	file *os.File
}

func newProcess(w *wire, l *launch) *Process {
	return &Process{
		launch: l, wire: w, name: l.plan.Argv[0],
		begun: make(chan answer, 1), done: make(chan struct{}), waiting: map[uint32]chan reply{},
	}
}

// watch takes what the helper says until it has ended.
func (p *Process) watch() {
	for {
		var a answer
		file, err := p.wire.receive(&a)
		if err != nil {
			break
		}
		p.take(reply{a, file})
	}
	err := p.launch.cmd.Wait()
	_ = p.wire.conn.Close()
	p.stop()
	p.launch.clean()
	p.err = p.outcome(err)
	close(p.done)
}

func (p *Process) take(r reply) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.Ended != nil {
		p.ended = r.Ended
		return
	}
	if r.ID == 0 {
		select {
		case p.begun <- r.answer:
		default:
		}
		return
	}
	if to, ok := p.waiting[r.ID]; ok {
		delete(p.waiting, r.ID)
		to <- r
	} else if r.file != nil { // nobody waits any more
		_ = r.file.Close()
	}
}

// started waits until the program runs.
func (p *Process) started(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	select {
	case a := <-p.begun:
		return p.refused(a)
	case <-ctx.Done():
	case <-p.done:
		select {
		case a := <-p.begun: // the last it said
			return p.refused(a)
		default:
		}
	}
	if err := ctx.Err(); err != nil {
		return schemas.Errorf(schemas.CodeUnavailable, "the sandbox of %s was not ready: %w", p.name, err)
	}
	return schemas.Errorf(schemas.CodeUnavailable, "the sandbox of %s: %w", p.name, p.err)
}

func (p *Process) refused(a answer) error {
	if a.Started {
		return nil
	}
	return schemas.Errorf(schemas.CodeUnavailable, "start %s contained: %s", p.name, a.Error)
}

// ask sends a request and waits for the answer.
func (p *Process) ask(ctx context.Context, r request) (reply, error) {
	to := make(chan reply, 1)
	p.mu.Lock()
	p.last++
	r.ID = p.last
	p.waiting[r.ID] = to
	p.mu.Unlock()
	if err := p.wire.send(r, -1); err != nil {
		return reply{}, p.forget(r.ID, to, p.gone())
	}
	select {
	case got := <-to:
		return got, nil
	case <-p.done:
		return reply{}, p.forget(r.ID, to, p.gone())
	case <-ctx.Done():
		return reply{}, p.forget(r.ID, to, ctx.Err())
	}
}

func (p *Process) gone() error {
	return schemas.Errorf(schemas.CodeUnavailable, "%s has ended", p.name)
}

// forget gives up a request; a connection that came meanwhile is closed.
func (p *Process) forget(id uint32, to chan reply, err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.waiting, id)
	select {
	case r := <-to:
		if r.file != nil {
			_ = r.file.Close()
		}
	default:
	}
	return err
}

// Dial connects to a TCP port that the program listens on at its 127.0.0.1. Any
// number of connections can be made at a time.
func (p *Process) Dial(ctx context.Context, port int) (net.Conn, error) {
	r, err := p.ask(ctx, request{Port: port})
	if err != nil {
		return nil, err
	}
	if r.file == nil {
		err := error(r.Refused)
		if r.Refused == 0 {
			err = errors.New(r.Error)
		}
		return nil, schemas.Errorf(schemas.CodeUnavailable, "connect to port %d of %s: %w", port, p.name, err)
	}
	defer func() { _ = r.file.Close() }()
	return net.FileConn(r.file)
}

// Memory is what the program and all its processes have in memory, in bytes; 0
// where that cannot be known. An error is ctx's, or says that the program has
// ended.
func (p *Process) Memory(ctx context.Context) (int64, error) {
	r, err := p.ask(ctx, request{Memory: true})
	return r.Memory, err
}

// Note is what is weaker for this program than Report says, and why; mostly
// nothing.
func (p *Process) Note() string { return p.launch.note }

// helperTimeout is how long the helper has to end everything: more than it hunts
// for processes that multiply.
const helperTimeout = 7 * time.Second

// Kill ends the program and all its processes at once.
func (p *Process) Kill() {
	if p.launch.plan.First {
		_ = p.launch.cmd.Process.Kill() // the kernel ends all others with the first one
		return
	}
	_ = p.wire.conn.CloseWrite() // the helper ends them, and itself
	// The program can stop it, where both are processes of one world.
	_ = p.launch.cmd.Process.Signal(syscall.SIGCONT)
	time.AfterFunc(helperTimeout, func() {
		select {
		case <-p.done:
		default:
			_ = p.launch.cmd.Process.Kill()
		}
	})
}

// Wait waits until the program and all its processes have ended; the error says
// how, nil after exit code 0.
func (p *Process) Wait() error {
	<-p.done
	return p.err
}

// outcome is how the program ended, by what the helper said last; without that,
// by how the helper did.
func (p *Process) outcome(helper error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.ended == nil {
		if helper == nil {
			return nil
		}
		return fmt.Errorf("ended: %w", helper)
	}
	return p.ended.err(p.launch.plan.Limits)
}

func (e *ending) err(l Limits) error {
	switch {
	case e.Reason != "":
		return errors.New(e.Reason)
	case e.Signal == syscall.SIGXCPU:
		return fmt.Errorf("ended: it used up its processor time of %s", l.CPU)
	case e.Signal == syscall.SIGXFSZ:
		return fmt.Errorf("ended: it wrote a file of more than %d bytes", l.FileSize)
	case e.Signal != 0:
		return fmt.Errorf("ended by a signal: %s", e.Signal)
	case e.Code != 0:
		return fmt.Errorf("ended with exit code %d", e.Code)
	}
	return nil
}
