package sink

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"
)

// Who asks what is being counted waits for it and counts only the rest.
func TestAnAnswerIsCountedOnceAtATime(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	claimed := make(chan struct{})
	first := func(_ context.Context, ids []string) (map[string]string, error) {
		<-claimed
		return map[string]string{ids[0]: "of the first"}, nil
	}
	begun, asked := make(chan struct{}), make(chan map[string]string, 1)
	go func() {
		got, err := answers(t.Context(), sc.s, []string{"a"}, theSame, func(ctx context.Context, ids []string) (map[string]string, error) {
			close(begun)
			return first(ctx, ids)
		})
		if err != nil {
			t.Error(err)
		}
		asked <- got
	}()
	<-begun
	got, err := answers(t.Context(), sc.s, []string{"a", "b"}, theSame, func(_ context.Context, ids []string) (map[string]string, error) {
		close(claimed)
		if !slices.Equal(ids, []string{"b"}) {
			t.Errorf("counted %v", ids)
		}
		return map[string]string{"b": "of the second"}, nil
	})
	if want := map[string]string{"a": "of the first", "b": "of the second"}; err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	if got := <-asked; got["a"] != "of the first" {
		t.Errorf("the first got %v", got)
	}
}

// Who waits for one account of many does not wait for those that are counted after it.
func TestAnAnswerIsGivenBeforeAllAreCounted(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	ids := make([]string, accountsAtOnce+1)
	for i := range ids {
		ids[i] = fmt.Sprintf("%03d", i)
	}
	begun, claimed, answered := make(chan struct{}), make(chan struct{}), make(chan struct{})
	claim := sync.OnceFunc(func() { close(claimed) })
	var all sync.WaitGroup
	all.Go(func() {
		_, err := answers(t.Context(), sc.s, ids, theSame, func(_ context.Context, some []string) (map[string]string, error) {
			out := map[string]string{}
			for _, id := range some {
				out[id] = "of the first"
			}
			if len(some) == 1 {
				<-answered
			} else {
				close(begun)
				<-claimed
			}
			return out, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	got, err := answers(ctx, sc.s, []string{"000", "own"}, theSame, func(context.Context, []string) (map[string]string, error) {
		claim()
		return map[string]string{"own": ""}, nil
	})
	if err != nil || got["000"] != "of the first" {
		t.Errorf("got %v, %v", got, err)
	}
	claim()
	close(answered)
	all.Wait()
}

// When the one who counts leaves, another does.
func TestWhoLeavesCountsForNobody(t *testing.T) {
	t.Parallel()
	sc := newScene(t)
	const readers = 4
	begun, left := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := answers(t.Context(), sc.s, []string{"a"}, theSame, func(context.Context, []string) (map[string]string, error) {
			close(begun)
			<-left
			return nil, context.Canceled
		})
		if !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
	})
	<-begun
	waiting, stop := context.WithCancel(t.Context())
	_, err := answers(waiting, sc.s, []string{"a", "c"}, theSame, func(context.Context, []string) (map[string]string, error) {
		stop()
		return map[string]string{"c": ""}, nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("who waits no more got %v", err)
	}
	leave := sync.OnceFunc(func() { close(left) })
	for range readers {
		all.Go(func() {
			got, err := answers(t.Context(), sc.s, []string{"a", "b"}, theSame, func(_ context.Context, ids []string) (map[string]string, error) {
				if slices.Contains(ids, "b") {
					leave()
				}
				out := map[string]string{}
				for _, id := range ids {
					out[id] = "counted"
				}
				return out, nil
			})
			if err != nil || got["a"] != "counted" || got["b"] != "counted" {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
	all.Wait()
	if n := len(sc.s.counting.now); n > 0 {
		t.Errorf("%d are still said to be counted", n)
	}
}

func theSame(string) string { return "question" }
