package bus_test

import (
	"strings"
	"testing"

	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/scanner/bus/bustest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestCheckTellsWhatDiffersFromSetup(t *testing.T) {
	t.Parallel()
	ctx := testContext(t)
	s := bustest.Server(t)
	b := must[*bus.Bus](t)(bus.Connect(ctx, bus.Options{InProcess: s, Log: zerolog.Nop()}))
	t.Cleanup(b.Close)
	check := func() bus.Health { t.Helper(); return must[bus.Health](t)(b.Check(ctx)) }
	if h := check(); h.SetUp || len(h.Problems) > 0 || h.Server == "" {
		t.Errorf("before the first start: %+v", h)
	}
	if err := b.Setup(ctx); err != nil {
		t.Fatal(err)
	}
	if h := check(); !h.SetUp || len(h.Problems) > 0 || h.Dead != 0 {
		t.Errorf("after it: %+v", h)
	}
	js := rawJetStream(t, s)
	for _, err := range []error{
		js.DeleteConsumer(ctx, schemas.StreamUnits, schemas.ConsumerDiscovery),
		js.DeleteStream(ctx, "KV_"+schemas.BucketTokens),
		js.DeleteStream(ctx, schemas.StreamVerdicts),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	config := must[*jetstream.StreamInfo](t)(must[jetstream.Stream](t)(js.Stream(ctx, schemas.StreamSnapshots)).Info(ctx)).Config
	config.Subjects = append(config.Subjects, "strange.>")
	must[jetstream.Stream](t)(js.UpdateStream(ctx, config))
	if _, err := js.Publish(ctx, schemas.SubjectDead("X"), nil); err != nil {
		t.Fatal(err)
	}
	h := check()
	want := []string{
		"consumer discovery of stream INSIGHTS_UNITS is missing", "stream KV_insights-tokens is missing",
		"stream INSIGHTS_VERDICTS is missing", "stream INSIGHTS_SNAPSHOTS has subjects [snapshots.> strange.>]",
	}
	if len(h.Problems) != len(want) || h.Dead != 1 {
		t.Errorf("got %+v", h)
	}
	for _, w := range want {
		if !strings.Contains(strings.Join(h.Problems, "\n"), w) {
			t.Errorf("%q is missing in %q", w, h.Problems)
		}
	}
	three := must[*bus.Bus](t)(bus.Connect(ctx, bus.Options{InProcess: s, Replicas: 3, Log: zerolog.Nop()}))
	t.Cleanup(three.Close)
	if h := must[bus.Health](t)(three.Check(ctx)); !strings.Contains(strings.Join(h.Problems, "\n"), "stream INSIGHTS_UNITS has 1 replicas, the configuration says 3") {
		t.Errorf("got %+v", h)
	}
}
