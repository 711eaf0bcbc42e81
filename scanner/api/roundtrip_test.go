package api_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// filler makes values in which every field is set, each to another value, so
// that a field lost on the way is missed.
type filler struct{ n int }

// fixed are types of which only some values are allowed.
var fixed = map[reflect.Type]any{
	reflect.TypeFor[time.Time]():              time.Date(2026, 11, 25, 10, 30, 0, 123e6, time.UTC),
	reflect.TypeFor[time.Duration]():          90 * time.Minute,
	reflect.TypeFor[schemas.AccountID]():      schemas.AccountID("aws-123456789012"),
	reflect.TypeFor[api.TokenScope]():         api.ScopeWrite,
	reflect.TypeFor[schemas.ViolationState](): schemas.ViolationFixed,
	reflect.TypeFor[schemas.FixCause]():       schemas.FixPackWithdrawn,
	reflect.TypeFor[schemas.Days]():           schemas.Days(90),
	reflect.TypeFor[any]():                    any(1.5),
	reflect.TypeFor[[]schemas.Severity]():     []schemas.Severity{schemas.SeverityHigh, schemas.SeverityUnspecified},
}

func (f *filler) fill(v reflect.Value) {
	f.n++
	if x, ok := fixed[v.Type()]; ok {
		v.Set(reflect.ValueOf(x))
		return
	}
	switch v.Kind() {
	case reflect.String:
		// What means something in a path, a query or JSON must come through.
		v.SetString(fmt.Sprintf(`a/b c?d=é%%2F&"#;+%d`, f.n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(f.n))
	case reflect.Uint32, reflect.Uint64, reflect.Uint8:
		v.SetUint(uint64(f.n % 200))
	case reflect.Float64:
		v.SetFloat(float64(f.n) + 0.5)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		f.fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			f.fill(v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		f.fill(key)
		f.fill(value)
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i))
			}
		}
	default:
		panic("no value for a " + v.Type().String())
	}
}

// called is a Service method with arguments that are all set.
type called struct {
	name string
	args []reflect.Value // without receiver and context
}

// allCalls is one call of every method of Service.
func allCalls() []called {
	service := reflect.TypeFor[api.Service]()
	var list []called
	for m := range service.Methods() {
		c, f := called{name: m.Name}, &filler{}
		for i := 1; i < m.Type.NumIn(); i++ {
			v := reflect.New(m.Type.In(i)).Elem()
			f.fill(v)
			if e, ok := v.Interface().(schemas.Enrolment); ok {
				e.ModifiedAt, e.Problem = time.Time{}, "" // set by who keeps the group
				v.Set(reflect.ValueOf(e))
			}
			c.args = append(c.args, v)
		}
		list = append(list, c)
	}
	return list
}

// on calls the method on a service; err is the last result.
func (c called) on(ctx context.Context, s api.Service) (out []any, err error) {
	in := append([]reflect.Value{reflect.ValueOf(ctx)}, c.args...)
	results := reflect.ValueOf(s).MethodByName(c.name).Call(in)
	for _, r := range results[:len(results)-1] {
		out = append(out, r.Interface())
	}
	err, _ = results[len(results)-1].Interface().(error)
	return out, err
}

func (c called) values() []any {
	args := make([]any, len(c.args))
	for i, a := range c.args {
		args[i] = a.Interface()
	}
	return args
}

// filledOutputs has a value for every type that a Service method returns.
func filledOutputs() map[reflect.Type]any {
	out := map[reflect.Type]any{}
	for m := range reflect.TypeFor[api.Service]().Methods() {
		for i := range m.Type.NumOut() {
			if t := m.Type.Out(i); t != reflect.TypeFor[error]() {
				v := reflect.New(t).Elem()
				(&filler{}).fill(v)
				out[t] = v.Interface()
			}
		}
	}
	return out
}

func TestEveryMethodIsTheSameThroughHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	s.service.out = filledOutputs()
	client := s.client(t, "")
	for _, c := range allCalls() {
		t.Run(c.name, func(t *testing.T) {
			local, err := c.on(t.Context(), s.service)
			ok(t, err)
			remote, err := c.on(t.Context(), client)
			ok(t, err)
			if !reflect.DeepEqual(remote, local) {
				t.Errorf("through HTTP %+v\nlocally %+v", remote, local)
			}
			got := s.service.last()
			if got.method != c.name || len(got.args) != len(c.args) {
				t.Fatalf("called %s(%v)", got.method, got.args)
			}
			for i, want := range c.values() {
				if !reflect.DeepEqual(got.args[i], want) {
					t.Errorf("argument %d arrived as %+v, want %+v", i, got.args[i], want)
				}
			}
		})
	}
}

// Nothing, too, arrives as nothing: no filter, an empty list.
func TestEmptyValuesThroughHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := s.client(t, "")
	for _, c := range allCalls() {
		t.Run(c.name, func(t *testing.T) {
			for i, a := range c.args {
				if a.Kind() != reflect.String { // names must not be empty
					c.args[i] = reflect.Zero(a.Type())
				}
			}
			if c.name == "EnrolPack" {
				c.args[1] = reflect.ValueOf(schemas.Enrolment{Pack: "p"})
			}
			if c.name == "FrameworkReport" {
				c.args[0] = reflect.ValueOf(schemas.FrameworkQuery{Framework: "x"})
			}
			if c.name == "PublishPack" {
				c.args[0] = reflect.ValueOf([]byte{})
			}
			out, err := c.on(t.Context(), client)
			ok(t, err)
			for _, o := range out {
				if v := reflect.ValueOf(o); v.Kind() == reflect.Slice && v.Len() != 0 || v.Kind() != reflect.Slice && !v.IsZero() {
					t.Errorf("got %+v", o)
				}
			}
			if got := s.service.last(); !reflect.DeepEqual(got.args, c.values()) && len(c.args) > 0 {
				t.Errorf("called with %#v, want %#v", got.args, c.values())
			}
		})
	}
}

func TestEveryErrorIsTheSameThroughHTTP(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	client := s.client(t, "")
	errs := map[string]error{
		"wrapped":         fmt.Errorf("ask the store: %w", schemas.Errorf(schemas.CodeUnavailable, "no answer").WithHint("is it running?")),
		"wrapped twice":   schemas.Errorf(schemas.CodeConflict, "stored, but: %w", schemas.Errorf(schemas.CodeUnavailable, "no answer").WithHint("try again")),
		"several lines":   schemas.Errorf(schemas.CodeInvalid, "name: is empty\nscope: is empty"),
		"time to wait":    &schemas.Error{Code: schemas.CodeThrottled, Message: "slow down", RetryAfter: 3 * time.Second},
		"without a hint":  schemas.Errorf(schemas.CodeNotFound, "there is no account %q", "<prod>"),
		"hint in message": schemas.Errorf(schemas.CodeInvalid, "a\n  b").WithHint("b"),
	}
	for _, code := range []schemas.Code{
		schemas.CodeInvalid, schemas.CodeNotFound, schemas.CodeConflict, schemas.CodeDenied,
		schemas.CodeThrottled, schemas.CodeUnavailable, schemas.CodeCancelled, schemas.CodeFenced,
	} {
		errs[string(code)] = schemas.Errorf(code, "text of %s", code).WithHint("do that about %q", code)
	}
	for _, c := range allCalls() {
		for name, want := range errs {
			s.service.set(func(s *stub) { s.err = want })
			out, err := c.on(t.Context(), client)
			if err == nil {
				t.Fatalf("%s, %s: no error", c.name, name)
			}
			if schemas.CodeOf(err) != schemas.CodeOf(want) || err.Error() != want.Error() {
				t.Errorf("%s, %s: got %s %q, want %s %q", c.name, name, schemas.CodeOf(err), err, schemas.CodeOf(want), want)
			}
			got, _ := errors.AsType[*schemas.Error](err)
			first, _ := errors.AsType[*schemas.Error](want)
			if got.Hint != first.Hint || got.RetryAfter != first.RetryAfter {
				t.Errorf("%s, %s: got hint %q, wait %s", c.name, name, got.Hint, got.RetryAfter)
			}
			for _, o := range out {
				if v := reflect.ValueOf(o); v.IsValid() && !v.IsZero() {
					t.Errorf("%s, %s: returned %+v beside the error", c.name, name, o)
				}
			}
		}
	}
}

// What nobody wrote for a caller to read stays in the server's log.
func TestInternalErrorsAreNotTold(t *testing.T) {
	t.Parallel()
	for name, err := range map[string]error{
		"without a code": errors.New("dial clickhouse://admin:hunter22@10.0.0.1"),
		"of a defect":    schemas.Errorf(schemas.CodeInternal, "query: %w", errors.New("SELECT hunter22")).WithHint("see 10.0.0.1"),
		"wrapped":        fmt.Errorf("hunter22: %w", schemas.Errorf(schemas.CodeInternal, "10.0.0.1")),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t)
			s.service.err = err
			for _, c := range allCalls() {
				_, got := c.on(t.Context(), s.client(t, ""))
				if schemas.CodeOf(got) != schemas.CodeInternal || got.Error() != "internal error; the server's log has it" {
					t.Errorf("%s: got %v", c.name, got)
				}
			}
			a := s.ask(t, "GET", "/v1/accounts", "")
			if p := a.problem(t); p.Status != 500 || p.Hint != "" || strings.Contains(a.body, "hunter22") || strings.Contains(a.body, "10.0.0.1") {
				t.Errorf("told %s", a.body)
			}
			if !strings.Contains(s.log.String(), "hunter22") && !strings.Contains(s.log.String(), "10.0.0.1") {
				t.Errorf("the log does not have it: %s", s.log)
			}
		})
	}
}
