package sandbox

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
)

// wire carries messages between the sandbox and its helper, over a pair of
// sockets: their length, then JSON. An open file may come with a message.
type wire struct {
	conn    *net.UnixConn
	writing sync.Mutex
}

// The requests and answers on a wire. An answer has its request's ID.
type request struct {
	ID     uint32
	Port   int  `json:",omitempty"` // connect to it, and send the connection
	Memory bool `json:",omitempty"` // say how much the processes have in memory
}

type answer struct {
	ID      uint32
	Error   string        `json:",omitempty"`
	Refused syscall.Errno `json:",omitempty"` // why a connection could not be made
	Memory  int64         `json:",omitempty"`
	Started bool          `json:",omitempty"` // the program runs
	Ended   *ending       `json:",omitempty"` // no answer: the program's end
	Found   *finding      `json:",omitempty"` // of a trial
}

// ending is how a program ended.
type ending struct {
	Code   int            // exit code
	Signal syscall.Signal // or what killed it
	Reason string         // or why the helper ended it
}

// newPair makes a wire, and the file that becomes the other end of it.
func newPair() (*wire, *os.File, error) {
	fds, err := socketpair()
	if err != nil {
		return nil, nil, fmt.Errorf("socketpair: %w", err)
	}
	other := os.NewFile(uintptr(fds[1]), "sandbox helper")
	w, err := newWire(os.NewFile(uintptr(fds[0]), "sandbox"))
	if err != nil {
		_ = other.Close()
	}
	return w, other, err
}

// newWire takes over a socket.
func newWire(f *os.File) (*wire, error) {
	defer func() { _ = f.Close() }()
	conn, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	unix, ok := conn.(*net.UnixConn)
	if !ok {
		_ = conn.Close()
		return nil, errors.New("not a socket of the sandbox")
	}
	return &wire{conn: unix}, nil
}

// send sends a message, with an open file unless fd is negative.
func (w *wire) send(message any, fd int) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	frame := append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
	var rights []byte
	if fd >= 0 {
		rights = syscall.UnixRights(fd)
	}
	w.writing.Lock()
	defer w.writing.Unlock()
	n, _, err := w.conn.WriteMsgUnix(frame, rights, nil)
	if err == nil && n < len(frame) {
		_, err = w.conn.Write(frame[n:])
	}
	return err
}

// receive reads a message; file is nil when none came with it.
func (w *wire) receive(message any) (file *os.File, err error) {
	r := &rightsReader{conn: w.conn}
	defer func() {
		if err != nil && r.file != nil {
			_ = r.file.Close()
		}
	}()
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return nil, err
	}
	body := make([]byte, binary.BigEndian.Uint32(size[:]))
	if _, err := io.ReadFull(r, body); err != nil {
		return nil, err
	}
	return r.file, json.Unmarshal(body, message)
}

// rightsReader reads a connection and keeps the file that comes with the bytes.
type rightsReader struct {
	conn *net.UnixConn
	file *os.File
}

func (r *rightsReader) Read(into []byte) (int, error) {
	rights := make([]byte, syscall.CmsgSpace(4))
	n, used, _, _, err := r.conn.ReadMsgUnix(into, rights)
	if err != nil {
		return n, err
	}
	if n == 0 && len(into) > 0 {
		return 0, io.EOF
	}
	messages, err := syscall.ParseSocketControlMessage(rights[:used])
	if err != nil {
		return n, err
	}
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		if err != nil {
			return n, err
		}
		for _, fd := range fds {
			r.file = os.NewFile(uintptr(fd), "connection")
		}
	}
	return n, nil
}
