package evaluator

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// A pack judges the regions that it covers, and is absent elsewhere; one that
// covers no resource of a batch is not even loaded for it.
func TestPacksOfSomeRegionsOnly(t *testing.T) {
	everywhere, newer, elsewhere := pack("p"), pack("p"), pack("q")
	everywhere.Except = []string{"eu-west-1"}
	newer.Version, newer.Digest, newer.Regions = "2", "dp2", []string{"eu-west-1"}
	elsewhere.Regions = []string{"ap-south-1"}
	b := batch("x", "y", "z")
	b.Resources[1].Region, b.Resources[2].Region = "eu-west-1", schemas.GlobalRegion
	for name, openErr := range map[string]error{"judged": nil, "not opened": errors.New("no such key")} {
		t.Run(name, func(t *testing.T) {
			w := with(newer, elsewhere, everywhere)
			w.openErr = openErr
			if err := w.worker(t, io.Discard).Handle(t.Context(), b); err != nil {
				t.Fatal(err)
			}
			got := w.published[0]
			if want := "[{p 2 g [deny warn]} {p 1 g [deny warn]}]"; fmt.Sprint(got.Packs) != want {
				t.Fatalf("packs %v, want %s", got.Packs, want)
			}
			var absent []bool
			for _, v := range got.Verdicts {
				for i, p := range v.Packs {
					absent = append(absent, p.Absent)
					if p.Absent != (p.Outcomes == "") || p.Absent && len(p.Told) > 0 {
						t.Errorf("%s under %s: %+v", v.ID, got.Packs[i].Version, p)
					}
				}
			}
			if want := []bool{true, false, false, true, true, false}; !slices.Equal(absent, want) {
				t.Errorf("absent %v, want %v", absent, want)
			}
			if slices.Contains(w.loads, "q") {
				t.Errorf("loaded %v", w.loads)
			}
		})
	}
}

// The engines of one version and configuration are one, whichever regions it covers.
func TestRegionsDoNotMakeAnotherEngine(t *testing.T) {
	a, b := pack("p"), pack("p")
	a.Except, b.Regions = []string{"eu-west-1"}, []string{"eu-west-1"}
	b.Group = "other"
	w := with(a, b)
	snapshots := batch("x", "y")
	snapshots.Resources[1].Region = "eu-west-1"
	if err := w.worker(t, io.Discard).Handle(t.Context(), snapshots); err != nil {
		t.Fatal(err)
	}
	if len(w.loads) != 1 {
		t.Errorf("loaded %v", w.loads)
	}
}
