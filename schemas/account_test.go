package schemas

import (
	"encoding/json"
	"strings"
	"testing"
)

// A share of 0 is refused: it is not the default, which is told by leaving it out.
func TestShares(t *testing.T) {
	for given, want := range map[string]string{
		`{}`: "", `{"maxShare":null}`: "", `{"maxShare":0.01,"tailShare":1}`: "",
		`{"maxShare":0}`:   "maxShare: 0 must be over 0, and 1 at most",
		`{"tailShare":0}`:  "tailShare: 0 must be over 0, and 1 at most",
		`{"maxShare":1.5}`: "maxShare: 1.5 must be over 0",
		`{"maxShare":-1}`:  "maxShare: -1 must be over 0",
	} {
		a := Account{Name: "prod", Provider: "aws"}
		if err := json.Unmarshal([]byte(given), &a); err != nil {
			t.Fatal(err)
		}
		err := a.Validate()
		if (err == nil) != (want == "") || err != nil && (CodeOf(err) != CodeInvalid || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", given, err, want)
		}
		if back, err := json.Marshal(a); err != nil || want != "" && !strings.Contains(string(back), given[1:len(given)-1]) {
			t.Errorf("%s is sent as %s, %v", given, back, err)
		}
	}
}
