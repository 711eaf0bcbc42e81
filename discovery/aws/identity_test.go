package aws_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// AWS's time is told with an answer and with a refusal alike: whose clock is
// wrong is refused.
func TestCallerTellsWhoAndWhen(t *testing.T) {
	sdkEnvironment(t, true)
	s := newSTS(t)
	date := time.Now().Add(-7 * time.Minute).UTC().Truncate(time.Second)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date.Format(http.TimeFormat))
		s.ServeHTTP(w, r)
	}))
	t.Cleanup(srv.Close)
	a := schemas.Account{Name: "prod", Endpoint: srv.URL}
	p := provider()
	for range 2 { // it asks anew
		c, err := p.Caller(t.Context(), a)
		if err != nil || c.ID != "aws-123456789012" || !c.AWSTime.Equal(date) || time.Since(c.OurTime).Abs() > time.Minute {
			t.Errorf("got %+v, %v", c, err)
		}
	}
	if n := len(s.of("GetCallerIdentity")); n != 2 {
		t.Errorf("asked %d times", n)
	}
	s.fail["GetCallerIdentity"] = [2]string{"403", "SignatureDoesNotMatch"}
	c, err := p.Caller(t.Context(), a)
	wantError(t, err, schemas.CodeDenied, "SignatureDoesNotMatch")
	if c.ID != "" || !c.AWSTime.Equal(date) || c.OurTime.IsZero() {
		t.Errorf("refused: %+v", c)
	}
	srv.Close()
	c, err = p.Caller(t.Context(), a)
	wantError(t, err, schemas.CodeUnavailable, "sts:GetCallerIdentity")
	if !c.AWSTime.IsZero() {
		t.Errorf("no answer, and yet %+v", c)
	}
}
