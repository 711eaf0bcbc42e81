package pulumi

import (
	"context"
	"maps"
	"slices"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc/status"
)

// isolation is the judging of a resource that policies throw on. It is alone.
type isolation struct {
	*call
	p      *process
	thrown map[string]string // by policy, what
}

// isolate switches off the policies that throw on a resource, asks the others,
// and switches them on again.
func (c *call) isolate(ctx context.Context, p *process, err error) (answer, bool, error) {
	if !c.e.configurable {
		return answer{failure: c.reason(p, err)}, true, nil
	}
	i := &isolation{c, p, map[string]string{}}
	response, err := i.others(ctx, err)
	if err != nil && fateOf(err) == died {
		a, settled, err := c.failed(ctx, p, err)
		a.thrown = i.thrown
		return a, settled, err
	}
	i.restore(ctx)
	switch {
	case err == nil:
		return answer{response: response, thrown: i.thrown}, true, nil
	case fateOf(err) == threw:
		return answer{thrown: i.thrown, failure: c.reason(p, err)}, true, nil
	default:
		a, settled, err := c.failed(ctx, p, err)
		a.thrown = i.thrown
		return a, settled, err
	}
}

// restore switches all policies on. A process that does not take it is ended:
// the next one begins with all of them on.
func (i *isolation) restore(ctx context.Context) {
	if i.p.configure(context.WithoutCancel(ctx), i.e.config, i.e.opt.Call) != nil {
		i.p.kill()
	}
}

// others asks without the policies that throw, taking out one after another.
func (i *isolation) others(ctx context.Context, err error) (response *pulumirpc.AnalyzeResponse, _ error) {
	for err != nil && fateOf(err) == threw {
		var name string
		var next error
		if name, response, next = i.thrower(ctx, err); name == "" {
			if next != nil {
				return nil, next
			}
			return i.askWithout(ctx) // it does not throw any more, or nobody is to blame
		}
		i.thrown[name] = i.reason(i.p, err)
		i.e.suspect(name)
		if err = next; err == nil && response == nil {
			response, err = i.askWithout(ctx)
		}
	}
	return response, err
}

// askWithout asks with the policies off that threw, and some more.
func (i *isolation) askWithout(ctx context.Context, more ...string) (*pulumirpc.AnalyzeResponse, error) {
	off := slices.AppendSeq(more[:len(more):len(more)], maps.Keys(i.thrown))
	if err := i.p.configure(ctx, i.e.config.without(off...), i.e.opt.Call); err != nil {
		return nil, err
	}
	return i.ask(ctx, i.p)
}

// thrower finds the policy that threw: "" when none can be told. The SDK for
// Node names it, that for Python does not: there the one that threw last is
// tried first, then halves. What the pack said without it is returned too, if
// it was asked.
func (i *isolation) thrower(ctx context.Context, err error) (name string, _ *pulumirpc.AnalyzeResponse, _ error) {
	message := status.Convert(err).Message()
	left := slices.DeleteFunc(slices.Clone(i.e.asked), func(name string) bool { _, off := i.thrown[name]; return off })
	for _, name := range left {
		if named(message, name) {
			return name, nil, nil
		}
	}
	if name := i.e.suspected(left); name != "" {
		response, err := i.askWithout(ctx, name)
		switch {
		case err == nil:
			return name, response, nil
		case fateOf(err) != threw:
			return "", nil, err
		case status.Convert(err).Message() != message:
			return name, nil, err // and another one throws too
		}
	}
	name, err = i.search(ctx, left)
	return name, nil, err
}

// search finds the first policy that throws: the pack throws with all after it
// off, and does not with it off too.
func (i *isolation) search(ctx context.Context, left []string) (string, error) {
	low, high := 0, len(left) // the first one that throws is in left[low:high]
	for low < high {
		mid := (low + high) / 2
		_, err := i.askWithout(ctx, left[mid+1:]...)
		switch {
		case err == nil:
			low = mid + 1
		case fateOf(err) == threw:
			high = mid
		default:
			return "", err
		}
	}
	if low == len(left) {
		return "", nil
	}
	return left[low], nil
}

// suspect remembers a policy that threw.
func (e *engine) suspect(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.suspects = append([]string{name}, slices.DeleteFunc(e.suspects, func(s string) bool { return s == name })...)
}

// suspected is the one of some policies that threw last.
func (e *engine) suspected(among []string) string {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, name := range e.suspects {
		if slices.Contains(among, name) {
			return name
		}
	}
	return ""
}
