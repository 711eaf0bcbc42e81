package aws

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var reportHeader = strings.Join(reportColumns, ",")

// reportAnswer is a credential report made on 2026-03-01, with the columns that
// are read.
func reportAnswer(content string) string {
	return iamAnswer("GetCredentialReport", "<Content>"+base64.StdEncoding.EncodeToString([]byte(content))+"</Content><GeneratedTime>2026-03-01T12:00:00Z</GeneratedTime>")
}

// Users with every kind of entry that a report has, with ages in whole days up
// to the time it was made.
func TestGoldenCredentialReport(t *testing.T) {
	t.Parallel()
	lines := []string{
		reportHeader,
		"<root_account>,arn:root,not_supported,2026-02-01T00:00:00+00:00,not_supported,true,true,2025-01-01T00:00:00+00:00,N/A,false,N/A,N/A",
		"full,arn:full,true,2026-02-27T12:00:00+00:00,2025-12-01T12:00:00+00:00,true,true,2026-01-30T12:00:00+00:00,2026-02-28T13:00:00+00:00,false,2025-03-01T12:00:00+00:00,2025-04-01T12:00:00+00:00",
		"neverused,arn:neverused,true,no_information,2026-01-01T12:00:00+00:00,false,true,2026-02-01T12:00:00+00:00,N/A,false,N/A,N/A",
		"nothing,arn:nothing,false,N/A,N/A,false,false,N/A,N/A,false,N/A,N/A",
		"inactivekey,arn:inactivekey,false,N/A,N/A,false,false,2026-02-01T12:00:00+00:00,N/A,true,N/A,N/A",
		`"quoted,name",arn:q,false,N/A,N/A,false,false,N/A,N/A,false,N/A,N/A`,
	}
	a := newAccount(awsfake.Population{}).says("iam:GetCredentialReport", reportAnswer(strings.Join(lines, "\n")+"\n"))
	list, _, err := credentialReport(t.Context(), a.in(home))
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "iam-credential-report", list)
}

// A report that cannot be read says nothing of anybody.
func TestBrokenCredentialReports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, reason string }{
		"empty":          {reportAnswer(""), "it is empty"},
		"a line too few": {reportAnswer(reportHeader + "\na,b\n"), "wrong number of fields"},
		"no MFA column":  {reportAnswer(strings.Replace(reportHeader, "mfa_active", "mfa", 1) + "\n"), "column mfa_active is missing"},
		"no time":        {iamAnswer("GetCredentialReport", "<Content>"+base64.StdEncoding.EncodeToString([]byte(reportHeader))+"</Content>"), "the time it was made is missing"},
		"no content":     {iamAnswer("GetCredentialReport", ""), "it is empty"},
	} {
		s := newAccount(full).says("iam:GetCredentialReport", c.body).read(t, iamService, schemas.GlobalRegion)
		e := s.scopes[typeCredentialReportUser]
		if e.State != schemas.ScopeFailed || e.Call != "iam:GetCredentialReport" || !strings.Contains(e.Reason, c.reason) || s.count(typeCredentialReportUser) != 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
	// A report of the root account alone is complete.
	s := newAccount(full).says("iam:GetCredentialReport", reportAnswer(reportHeader+"\n<root_account>,a,b,c,d,e,f,g,h,i,j,k\n")).read(t, iamService, schemas.GlobalRegion)
	if e := s.scopes[typeCredentialReportUser]; e.State != schemas.ScopeComplete || e.Seen != 0 {
		t.Errorf("%+v", e)
	}
}

// IAM takes seconds to make a report; it is asked for until it is there, for a
// minute at most.
func TestWaitingForACredentialReport(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := 0
		a := newAccount(full).asked("iam:GenerateCredentialReport", func(string, url.Values) answer {
			if n++; n <= 3 {
				return answer{http.StatusOK, iamAnswer("GenerateCredentialReport", "<State>STARTED</State>")}
			}
			return answer{}
		})
		start := time.Now()
		s := a.read(t, iamService, schemas.GlobalRegion)
		if took := time.Since(start); took != 6*time.Second || s.count(typeCredentialReportUser) != 2 {
			t.Errorf("%d users after %s", s.count(typeCredentialReportUser), took)
		}
		a.says("iam:GenerateCredentialReport", iamAnswer("GenerateCredentialReport", "<State>INPROGRESS</State>"))
		start = time.Now()
		s = a.read(t, iamService, schemas.GlobalRegion)
		e := s.scopes[typeCredentialReportUser]
		if took := time.Since(start); took != time.Minute || e.State != schemas.ScopeFailed || e.Call != "iam:GenerateCredentialReport" || !strings.Contains(e.Reason, "not ready after 1m0s") {
			t.Errorf("%+v after %s", e, took)
		}
	})
}
