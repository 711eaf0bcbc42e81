package pulumi

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Types on which a pack overruns get less and less time, others do not.
func TestAllowances(t *testing.T) {
	var a allowances
	check := func(company, alone time.Duration) {
		t.Helper()
		if c, l := a.of("slow", false, 16*time.Second), a.of("slow", true, 16*time.Second); c != company || l != alone {
			t.Errorf("%s in company, %s alone, want %s and %s", c, l, company, alone)
		}
		if d := a.of("fast", false, 16*time.Second); d != 16*time.Second {
			t.Errorf("another type has %s", d)
		}
	}
	check(16*time.Second, 16*time.Second)
	const s = time.Second
	for _, want := range []time.Duration{8 * s, 4 * s, 2 * s, s, s} {
		a.finished("slow", true)
		a.finished("fast", false)
		check(want, max(want, 4*s))
	}
	for _, want := range []time.Duration{2 * s, 4 * s, 8 * s, 16 * s, 16 * s} {
		a.finished("slow", false)
		check(want, max(want, 4*s))
	}
}

func TestBreaker(t *testing.T) {
	now := time.Unix(0, 0)
	b := breaker{now: func() time.Time { return now }, pause: time.Minute}
	rests := func(want bool) {
		t.Helper()
		if why := b.open(); (why != "") != want || want && !strings.Contains(why, "rests for 1m0s") {
			t.Errorf("rests: %q, want %t", why, want)
		}
	}
	for range maxDeaths - 1 {
		b.failed(true, "died")
	}
	rests(false)
	b.answered() // from here on again
	for range maxDeaths - 1 {
		b.failed(true, "died")
	}
	rests(false)
	b.failed(true, "died")
	rests(true)
	now = now.Add(time.Minute)
	rests(false)
	b.failed(true, "died") // the next failure is enough
	rests(true)
	now = now.Add(time.Minute)
	b.answered()
	b.failed(true, "died")
	b.failed(false, "not started")
	b.failed(false, "not started")
	rests(false)
	b.failed(false, "not started")
	rests(true)
}

func TestHide(t *testing.T) {
	for _, c := range []struct{ paths, props, want, without, places string }{
		{"acl", `{"a": 1}`, `{"a":1,"acl":"?"}`, `{"a":1}`, "[acl=acl]"},
		{"acl", `{"acl": {"a": 1}}`, `{"acl":"?"}`, `{}`, "[acl=acl]"},
		{"a.b", `{"a": {"c": 1}}`, `{"a":{"b":"?","c":1}}`, `{"a":{"c":1}}`, "[a.b=a.b]"},
		{"a.b.c.d", `{"a": {"x": 1}}`, `{"a":{"b":"?","x":1}}`, `{"a":{"x":1}}`, "[a.b=a.b.c.d]"},
		{"a.b", `{}`, `{"a":"?"}`, `{}`, "[a=a.b]"},
		{"a.b", `{"a": null}`, `{"a":"?"}`, `{}`, "[a=a.b]"},
		{"a.b", `{"a": "text"}`, `{"a":"?"}`, `{}`, "[a=a.b]"},
		{"r[1].e", `{"r": [{"p": 1}, {"p": 2}]}`, `{"r":[{"p":1},{"e":"?","p":2}]}`, `{"r":[{"p":1},{"p":2}]}`, "[r.1.e=r[1].e]"},
		{"r[1]", `{"r": ["a", "b", "c"]}`, `{"r":["a","?","c"]}`, `{"r":["a","c"]}`, "[r.1=r[1]]"},
		{"r[3].e", `{"r": [{}]}`, `{"r":"?"}`, `{}`, "[r=r[3].e]"},
		{"r.e", `{"r": [{"e": true}, {}, "x"]}`, `{"r":[{"e":"?"},{"e":"?"},"?"]}`, `{"r":[{},{}]}`, "[r.0.e=r.e r.1.e=r.e r.2=r.e]"},
		{"r.e", `{"r": []}`, `{"r":[]}`, `{"r":[]}`, "[]"},
		{`["a b"].c`, `{"a b": {}}`, `{"a b":{"c":"?"}}`, `{"a b":{}}`, `[a b.c=["a b"].c]`},
		{"a,a.b", `{"a": {"b": 1}}`, `{"a":"?"}`, `{}`, "[a=a,a.b]"},
		{"a.b,a", `{"a": {"b": 1}}`, `{"a":"?"}`, `{}`, "[a.b=a.b a=a]"},
		{"a.b,a.c", `{}`, `{"a":"?"}`, `{}`, "[a=a.b,a.c]"},
	} {
		t.Run(c.paths+" in "+c.props, func(t *testing.T) {
			properties := object(t, c.props)
			var unknown []schemas.UnknownPath
			for path := range strings.SplitSeq(c.paths, ",") {
				unknown = append(unknown, schemas.UnknownPath{Path: path})
			}
			hidden, ps := hide(properties, unknown)
			got := strings.ReplaceAll(asText(t, values{}, hidden), unknownText, "?")
			without := asText(t, values{omit: true}, hidden)
			if places := placesText(ps); got != c.want || without != c.without || places != c.places {
				t.Errorf("%s without %s places %s, want %s, %s, %s", got, without, places, c.want, c.without, c.places)
			}
			if !reflect.DeepEqual(properties, object(t, c.props)) {
				t.Errorf("the resource itself was changed: %v", properties)
			}
		})
	}
}

// What is written is what protobuf reads, also where a length takes several bytes.
func TestValues(t *testing.T) {
	long := strings.Repeat("a long text ", 3000)
	many := map[string]any{"nested": map[string]any{"deep": []any{map[string]any{"text": long}, long[:200]}}, "empty": map[string]any{}, "none": []any{}}
	for n := range 200 {
		many[fmt.Sprint("property", n)] = float64(n)
	}
	for _, want := range []map[string]any{
		{}, many, {"": "", "null": nil, "yes": true, "no": false, "zero": 0.0, "pi": 3.14, "minus": -1.0, "list": []any{nil, []any{}, "a", map[string]any{}}},
	} {
		var s structpb.Struct
		if err := proto.Unmarshal(values{}.object(nil, want), &s); err != nil || !reflect.DeepEqual(s.AsMap(), want) {
			t.Errorf("%v, %v, want %v", s.AsMap(), err, want)
		}
	}
}

func placesText(ps places) string {
	var out []string
	for _, p := range ps {
		var paths []string
		for _, u := range p.paths {
			paths = append(paths, u.Path)
		}
		out = append(out, strings.Join(p.at, ".")+"="+strings.Join(paths, ","))
	}
	return fmt.Sprint(out)
}

func TestNamed(t *testing.T) {
	_, ps := hide(object(t, `{"r": [{"e": 1}, {"e": 2}], "a": {"b": 1}}`), []schemas.UnknownPath{{Path: "r[0].e"}, {Path: "r[1].e"}, {Path: "a.b"}, {Path: "z"}})
	for path, want := range map[string]string{
		"r.0.e": "[r[0].e]", "a.b": "[a.b]", "z": "[z]",
		"r.-1.e": "[r[0].e r[1].e]", // counted from the end, as Python may
		"a.x":    "[a.b]",
		"other":  "[a.b r[0].e r[1].e z]",
	} {
		var got []string
		for _, u := range ps.named(path) {
			got = append(got, u.Path)
		}
		if fmt.Sprint(got) != want {
			t.Errorf("%s: %v, want %s", path, got, want)
		}
	}
}

// What a process was shown is taken out of its log; where that cannot be told,
// nothing of the log is told.
func TestSecrets(t *testing.T) {
	var s secrets
	s.add(nil)
	if got := s.redact("a hunter2 b"); got != "a hunter2 b" {
		t.Error(got)
	}
	s.add([]string{"hunter2", "first line\n  second line\n"})
	s.add([]string{"hunter2", "hunter3"})
	if got := s.redact("a hunter2 b second line hunter3"); got != "a [secret] b [secret] [secret]" {
		t.Error(got)
	}
	for n := range maxSecrets / 1000 {
		s.add([]string{fmt.Sprint(n, strings.Repeat("y", 1000))})
	}
	if got := s.redact("a hunter2"); got != "" {
		t.Error(got)
	}
}

// Of the log only the end is kept, in whole lines: a cut through one could leave
// a part of a secret.
func TestOutput(t *testing.T) {
	for _, c := range []struct {
		name  string
		write []string // to standard output
		first string
		tail  string
	}{
		{"nothing", nil, "", ""},
		{"a port and more", []string{"80\nabc\n"}, "80", "\nabc\n"},
		{"in pieces", []string{"8", "0", "\n", "a", "bc"}, "80", "\nabc"},
		{"a long first line", []string{strings.Repeat("x", 150), strings.Repeat("x", 150) + "\nabc"}, strings.Repeat("x", maxFirstLine), strings.Repeat("x", 100) + "\nabc"},
		{"much", []string{"80\n", strings.Repeat("x", maxTail), "y\nabc\n"}, "80", "abc\n"},
		{"much at once", []string{"80\n" + strings.Repeat("x", 5*maxTail) + "y\nabc\n"}, "80", "abc\n"},
		{"much, without a line", []string{"80\n", strings.Repeat("x", 3*maxTail)}, "80", ""},
		{"all that is kept", []string{"80", "\n" + strings.Repeat("x", maxTail-1)}, "80", "\n" + strings.Repeat("x", maxTail-1)},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := newOutput()
			for _, text := range c.write {
				if n, err := o.stdout().Write([]byte(text)); n != len(text) || err != nil {
					t.Errorf("%d, %v", n, err)
				}
			}
			first := ""
			select {
			case first = <-o.first:
			default:
			}
			if first != c.first || o.tail() != c.tail {
				t.Errorf("%q, %q, want %q, %q", first, o.tail(), c.first, c.tail)
			}
		})
	}
}
