package api

import (
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// asked has a parameter of every kind.
type asked struct {
	Text  string             `query:"text"`
	List  []string           `query:"list"`
	Worst []schemas.Severity `query:"severity"`
	N     int                `query:"n"`
	Yes   bool               `query:"yes"`
	AsOf  time.Time          `query:"asOf"`
	scansQuery
}

// What a client sends is what the operation gets.
func TestParametersOfEveryKind(t *testing.T) {
	t.Parallel()
	for _, want := range []asked{
		{},
		{
			Text: "a b&c", List: []string{"", "x", "x"}, Worst: []schemas.Severity{"high", ""}, N: -3, Yes: true,
			AsOf: time.Date(2026, 11, 25, 10, 0, 0, 5, time.UTC), scansQuery: scansQuery{Account: "prod", Limit: 7},
		},
	} {
		r := httptest.NewRequest("GET", "/?"+values(want).Encode(), nil)
		if got, err := parametersOf[asked](r); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
	for _, wrong := range []string{"asOf=yesterday", "n=1.5", "yes=1", "severity=", "text=a&text=b", "other=1"} {
		if _, err := parametersOf[asked](httptest.NewRequest("GET", "/?"+wrong, nil)); schemas.CodeOf(err) != schemas.CodeInvalid || err == nil {
			t.Errorf("%s: %v", wrong, err)
		}
	}
}
