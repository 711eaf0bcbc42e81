package awsfake

import (
	"bytes"
	"fmt"
	"net/url"
)

var stsOperations = map[string]operation{
	"GetCallerIdentity": func(q *request, _ url.Values, b *bytes.Buffer) *fault {
		fmt.Fprintf(b, "<Arn>arn:aws:iam::%s:role/insights-reader</Arn><UserId>AROAFAKE</UserId><Account>%s</Account>", q.pop.AccountID, q.pop.AccountID)
		return nil
	},
	"AssumeRole": func(_ *request, f url.Values, b *bytes.Buffer) *fault {
		fmt.Fprintf(b, "<AssumedRoleUser><Arn>%s</Arn><AssumedRoleId>AROAFAKE:insights</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIAFAKE</AccessKeyId><SecretAccessKey>fake</SecretAccessKey><SessionToken>fake</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>", esc(f.Get("RoleArn")))
		return nil
	},
}
