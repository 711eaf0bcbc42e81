package aws

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const keysXML = `<AccessKeyMetadata><member><UserName>user-000001</UserName><AccessKeyId>AKIA1</AccessKeyId><Status>Active</Status><CreateDate>2026-01-02T03:04:05Z</CreateDate></member>` +
	`<member><UserName>user-000001</UserName><AccessKeyId>AKIA2</AccessKeyId><Status>Inactive</Status><CreateDate>2026-01-02T03:04:05Z</CreateDate></member>` +
	`<member><UserName>user-000001</UserName><AccessKeyId>AKIA3</AccessKeyId></member></AccessKeyMetadata>`

// Keys of a user, one of which is told without its status; users without keys have none.
func TestGoldenAccessKeys(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Users: 3}).asked("iam:ListAccessKeys", func(_ string, q url.Values) answer {
		if q.Get("UserName") != "user-000001" {
			return answer{http.StatusOK, iamAnswer("ListAccessKeys", "<AccessKeyMetadata/>")}
		}
		return answer{http.StatusOK, iamAnswer("ListAccessKeys", keysXML)}
	})
	golden(t, "iam-access-keys", a.readTypes(t, iamService, typeAccessKey))
}

func TestGoldenLoginProfiles(t *testing.T) {
	t.Parallel()
	golden(t, "iam-login-profiles", newAccount(awsfake.Population{Users: 2}).readTypes(t, iamService, typeLoginProfile))
	none := strings.Join([]string{reportHeader, "nobody,arn:nobody,false,N/A,N/A,false,false,N/A,N/A,false,N/A,N/A"}, "\n") + "\n"
	s := newAccount(awsfake.Population{}).says("iam:GetCredentialReport", reportAnswer(none)).read(t, iamService, schemas.GlobalRegion)
	if s.count(typeLoginProfile) != 0 || s.count(typeCredentialReportUser) != 1 || s.scopes[typeLoginProfile].State != schemas.ScopeComplete {
		t.Errorf("%+v", s)
	}
}

// A user that is deleted while users are read has no keys, and no password; one that may not
// be asked for leaves the keys of others alone.
func TestUsersOfWhichNothingIsTold(t *testing.T) {
	t.Parallel()
	of := func(code string, status int) func(string, url.Values) answer {
		return func(_ string, q url.Values) answer {
			if q.Get("UserName") == "user-000001" {
				return answer{status, iamError(code)}
			}
			return answer{}
		}
	}
	gone := newAccount(awsfake.Population{Users: 4}).asked("iam:ListAccessKeys", of("NoSuchEntity", 404)).asked("iam:GetLoginProfile", of("NoSuchEntity", 404)).
		readWith(t, iamService, schemas.GlobalRegion, loginProfileReset.action)
	if gone.count(typeAccessKey) != 3 || gone.count(typeLoginProfile) != 3 || gone.scopes[typeAccessKey].State != schemas.ScopeComplete {
		t.Errorf("%d keys, %d passwords, %+v", gone.count(typeAccessKey), gone.count(typeLoginProfile), gone.scopes[typeAccessKey])
	}
	denied := newAccount(awsfake.Population{Users: 4}).asked("iam:ListAccessKeys", of("AccessDenied", 403)).read(t, iamService, schemas.GlobalRegion)
	if e := denied.scopes[typeAccessKey]; denied.count(typeAccessKey) != 3 || e.State != schemas.ScopeDenied || e.Call != listAccessKeys.action {
		t.Errorf("%d keys, %+v", denied.count(typeAccessKey), e)
	}
	for token, e := range denied.scopes {
		if token != typeAccessKey && e.State != schemas.ScopeComplete {
			t.Errorf("%+v", e)
		}
	}
}

// A key is looked for among those of all users, a password is asked for by itself: the report
// may be older than it.
func TestVerifyKeysAndPasswords(t *testing.T) {
	t.Parallel()
	key := func(token, id string) schemas.Key {
		return schemas.Key{Region: schemas.GlobalRegion, Type: token, ID: id}
	}
	there := []schemas.Key{key(typeAccessKey, "AKIA0000000000000001"), key(typeLoginProfile, "user-000000")}
	never := []schemas.Key{key(typeAccessKey, "AKIA0000000000000009"), key(typeLoginProfile, "user-000009")}
	a := newAccount(awsfake.Population{Users: 2}).says("iam:GetCredentialReport", reportAnswer(reportHeader+"\n"))
	found := a.readTypes(t, iamService, typeAccessKey, typeLoginProfile)
	emitted, gone, err := a.verify(t, iamService, there[0], never[0], there[1], never[1])
	if err != nil || len(emitted) != 2 || emitted[0].Key != there[0] || emitted[1].Key != there[1] || len(gone) != 2 || gone[0] != never[0] || gone[1] != never[1] {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	if len(found) != 2 || encode(found[1].Properties) != encode(emitted[0].Properties) {
		t.Errorf("listed %+v, verified %+v", found, emitted)
	}
	for _, op := range []string{"iam:ListAccessKeys", "iam:GetLoginProfile"} {
		a.fails(op, http.StatusForbidden, iamError("AccessDenied"))
	}
	for _, k := range append(there, never...) {
		if emitted, gone, err := a.verify(t, iamService, k); err == nil || len(gone)+len(emitted) != 0 {
			t.Errorf("%s is refused: emitted %v, gone %v, %v", k, emitted, gone, err)
		}
	}
}
