package apply_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/scanner/apply"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Whatever a file holds, reading it ends, with a document or with an error that
// says what is wrong.
func FuzzParse(f *testing.F) {
	f.Add([]byte(file))
	f.Add([]byte("accounts: &a [{name: x, <<: {profile: p}, labels: {? a : b}}]\n---\ngroups: *a\n"))
	f.Add([]byte("groups: [!!map {name: |\n  x\n, packs: [{pack: &p p, config: {all: {x: *p, y: .nan}}}]}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := apply.Parse([]apply.File{{Name: "a.yaml", Data: data}}, nil)
		if err != nil {
			if schemas.CodeOf(err) != schemas.CodeInvalid || err.Error() == "" {
				t.Errorf("got error %v", err)
			}
			return
		}
		_, _ = apply.Compare(d, apply.State{}, rules(), false)
	})
}
