package bus

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Headers name what a message is about, so that a dead letter can be acted on
// without decoding what may be undecodable.
const (
	headerKind    = "Insights-Kind"
	headerAccount = "Insights-Account"
	headerScan    = "Insights-Scan"
	headerUnit    = "Insights-Unit"
	headerScope   = "Insights-Scope"
	headerSeq     = "Insights-Seq"
	headerNumber  = "Insights-Number"
	headerObject  = "Insights-Object" // the body is this object of the oversize store
	headerReason  = "Insights-Reason"
	headerStream  = "Insights-Stream"
	headerSubject = "Insights-Subject"
	// Of a unit that has failed; see failUnit.
	headerFailures  = "Insights-Failures"
	headerNotBefore = "Insights-Not-Before"
)

// envelope is a message before it is sent.
type envelope struct {
	kind    string
	subject string
	id      string // for the dedupe window
	account schemas.AccountID
	scan    string
	unit    schemas.UnitKey
	scope   string
	seq     uint64
	number  int
	body    any
}

func (e envelope) header() nats.Header {
	h := nats.Header{}
	set := func(k, v string) {
		if v != "" {
			h.Set(k, v)
		}
	}
	set(headerKind, e.kind)
	set(headerAccount, string(e.account))
	set(headerScan, e.scan)
	if e.unit != (schemas.UnitKey{}) {
		set(headerUnit, e.unit.String())
	}
	set(headerScope, e.scope)
	if e.seq > 0 {
		set(headerSeq, strconv.FormatUint(e.seq, 10))
	}
	if e.number > 0 {
		set(headerNumber, strconv.Itoa(e.number))
	}
	return h
}

// seal makes the message; a body over the server's limit goes through the
// object store, under a name made of its content so that a retry reuses it.
func (b *Bus) seal(ctx context.Context, e envelope) (*nats.Msg, error) {
	data, err := json.Marshal(e.body)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "encode %s: %w", e.kind, err)
	}
	m := &nats.Msg{Subject: e.subject, Header: e.header(), Data: data}
	if int64(len(data)) <= b.nc.MaxPayload()-headerRoom {
		return m, nil
	}
	sum := sha256.Sum256(data)
	name := hex.EncodeToString(sum[:])
	if err := NewObjects(b, schemas.ObjectsOversize).Put(ctx, name, data); err != nil {
		return nil, err
	}
	m.Header.Set(headerObject, name)
	m.Data = nil
	return m, nil
}

// headerRoom is kept free in the payload limit for headers, also those that a
// dead letter adds.
const headerRoom = 8 << 10

// body returns what a message carries. An oversize object that is gone for good
// is CodeInvalid: delivering the message again would not bring it back.
func (b *Bus) body(ctx context.Context, m jetstream.Msg) ([]byte, error) {
	name := m.Headers().Get(headerObject)
	if name == "" {
		return m.Data(), nil
	}
	data, err := NewObjects(b, schemas.ObjectsOversize).Get(ctx, name)
	if schemas.CodeOf(err) == schemas.CodeNotFound && err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "the oversize body has expired: %w", err)
	}
	return data, err
}

// decode reads the body of a message into v; undecodable is CodeInvalid.
func (b *Bus) decode(ctx context.Context, m jetstream.Msg, v any) error {
	data, err := b.body(ctx, m)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, v); err != nil {
		return schemas.Errorf(schemas.CodeInvalid, "decode %s: %w", m.Subject(), err)
	}
	return nil
}

// message decodes a message of the sink's consumers by its kind.
func (b *Bus) message(ctx context.Context, m jetstream.Msg) (schemas.Message, error) {
	var out schemas.Message
	var v any
	switch kind := m.Headers().Get(headerKind); kind {
	case schemas.KindBatch:
		out.Snapshot = new(schemas.SnapshotBatch)
		v = out.Snapshot
	case schemas.KindEnd:
		out.End = new(schemas.UnitEnd)
		v = out.End
	case schemas.KindVerdicts:
		out.Verdicts = new(schemas.VerdictBatch)
		v = out.Verdicts
	case schemas.KindClose:
		out.Close = new(schemas.Close)
		v = out.Close
	default:
		return out, schemas.Errorf(schemas.CodeInvalid, "message on %s has unknown kind %q", m.Subject(), kind)
	}
	return out, b.decode(ctx, m, v)
}
