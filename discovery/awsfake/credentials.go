package awsfake

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// sessionToken is all that is known of credentials that AssumeRole gave. It is
// the token, so nothing is kept.
type sessionToken struct {
	Account string `json:"account"`
	Role    string `json:"role"` // with the session's name: "reader/insights-scanner"
	Expires int64  `json:"expires"`
	Issued  uint64 `json:"issued"` // at which call
}

func (t sessionToken) String() string {
	raw, _ := json.Marshal(t)
	return base64.StdEncoding.EncodeToString(raw)
}

// readToken reads a session token; ok is false for every other text.
func readToken(token string) (t sessionToken, ok bool) {
	if token == "" {
		return t, false
	}
	raw, err := base64.StdEncoding.DecodeString(token)
	return t, err == nil && json.Unmarshal(raw, &t) == nil && t.Account != ""
}

func (q *request) lapsed(t sessionToken) bool {
	return q.serverTime().Unix() >= t.Expires || q.faults.SessionCalls > 0 && q.number > t.Issued+q.faults.SessionCalls
}

// accountOf is the account that an access key is of. Every session has a key of its own,
// as in AWS: clients tell by it whether credentials are others.
func (s *Server) accountOf(key string) string {
	for _, kind := range []string{"AKIA", "ASIA"} {
		if number, ok := strings.CutPrefix(key, kind); ok && len(number) >= 12 && s.pop.has(number[:12]) {
			return number[:12]
		}
	}
	return s.pop.AccountID
}

// caller is the ARN of who asks.
func (q *request) caller() string {
	if t, ok := readToken(q.r.Header.Get("X-Amz-Security-Token")); ok {
		return "arn:aws:sts::" + t.Account + ":assumed-role/" + t.Role
	}
	return "arn:aws:iam::" + q.pop.AccountID + ":role/insights-reader"
}

var stsOperations = map[string]operation{"GetCallerIdentity": callerIdentity, "AssumeRole": assumeRole}

func callerIdentity(q *request, _ url.Values, b *bytes.Buffer) *fault {
	fmt.Fprintf(b, "<Arn>%s</Arn><UserId>AROAFAKE</UserId><Account>%s</Account>", q.caller(), q.pop.AccountID)
	return nil
}

// assumeRole gives credentials for any role of any account that there is.
func assumeRole(q *request, f url.Values, b *bytes.Buffer) *fault {
	arn, name := f.Get("RoleArn"), f.Get("RoleSessionName")
	p := strings.SplitN(arn, ":", 6)
	if len(p) != 6 || !strings.HasPrefix(p[5], "role/") {
		return &fault{status: http.StatusBadRequest, code: "ValidationError", message: arn + " is invalid"}
	}
	if !q.Server.pop.has(p[4]) {
		return &fault{
			status: http.StatusForbidden, code: "AccessDenied",
			message: "User: " + q.caller() + " is not authorized to perform: sts:AssumeRole on resource: " + arn,
		}
	}
	life := time.Hour
	if n := number(f.Get("DurationSeconds")); n > 0 {
		life = time.Duration(n) * time.Second
	}
	if q.faults.SessionLife > 0 {
		life = q.faults.SessionLife
	}
	ends := q.serverTime().Add(life)
	role := p[5][strings.LastIndexByte(p[5], '/')+1:] + "/" + name
	token := sessionToken{Account: p[4], Role: role, Expires: ends.Unix(), Issued: q.number}
	fmt.Fprintf(b, "<AssumedRoleUser><Arn>arn:aws:sts::%[1]s:assumed-role/%[2]s</Arn><AssumedRoleId>AROAFAKEFAKEFAKEFAKE:%[3]s</AssumedRoleId></AssumedRoleUser>"+
		"<Credentials><AccessKeyId>ASIA%[1]s%[6]d</AccessKeyId><SecretAccessKey>fake</SecretAccessKey><SessionToken>%[4]s</SessionToken><Expiration>%[5]s</Expiration></Credentials>",
		p[4], esc(role), esc(name), token, ends.UTC().Format(time.RFC3339), q.number)
	return nil
}
