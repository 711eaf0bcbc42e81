package aws

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// passwordPolicy is the account's password policy: always as a fact, and as
// Pulumi's resource when one is configured.
func passwordPolicy(ctx context.Context, s *session) []discovery.Observation {
	out, err := s.iam().GetAccountPasswordPolicy(ctx, nil)
	f := facetOf("iam:GetAccountPasswordPolicy", err, "NoSuchEntity")
	values := map[string]any{}
	if err == nil {
		if f = f.need(out.PasswordPolicy != nil); out.PasswordPolicy != nil {
			values = passwordRules(out.PasswordPolicy)
		}
	}
	fact, resource := newDocument(), newDocument()
	fact.set("accountId", s.awsAccount)
	if f.state.Unknown() {
		fact.facet("configured", f, nil)
	} else {
		fact.set("configured", f.state == schemas.FacetPresent)
	}
	for _, name := range passwordRuleNames {
		fact.facet(name, f, func() any { return values[name] })
		resource.facet(name, f, func() any { return values[name] })
	}
	const id = "iam-account-password-policy"
	list := []discovery.Observation{global(fact, typePasswordPolicy, s.awsAccount, s.awsAccount)}
	return append(list, resource.observeIf(f, schemas.GlobalRegion, typeAccountPasswordPolicy, id, id, iamProjection)...)
}

var passwordRuleNames = []string{
	"allowUsersToChangePassword", "hardExpiry", "maxPasswordAge", "minimumPasswordLength", "passwordReusePrevention",
	"requireLowercaseCharacters", "requireNumbers", "requireSymbols", "requireUppercaseCharacters",
}

// passwordRules leaves out no number: what IAM does not return is 0, "not limited".
func passwordRules(p *types.PasswordPolicy) map[string]any {
	return map[string]any{
		"allowUsersToChangePassword": p.AllowUsersToChangePassword, "hardExpiry": aws.ToBool(p.HardExpiry),
		"maxPasswordAge": int(aws.ToInt32(p.MaxPasswordAge)), "minimumPasswordLength": int(aws.ToInt32(p.MinimumPasswordLength)),
		"passwordReusePrevention": int(aws.ToInt32(p.PasswordReusePrevention)), "requireLowercaseCharacters": p.RequireLowercaseCharacters,
		"requireNumbers": p.RequireNumbers, "requireSymbols": p.RequireSymbols, "requireUppercaseCharacters": p.RequireUppercaseCharacters,
	}
}

// rootAccount tells of the root user what the account summary says: it is
// current, where the credential report may be four hours old.
func rootAccount(ctx context.Context, s *session) discovery.Observation {
	out, err := s.iam().GetAccountSummary(ctx, nil)
	f := facetOf("iam:GetAccountSummary", err)
	d := newDocument()
	d.set("accountId", s.awsAccount)
	summary := func(key types.SummaryKeyType) func() any {
		return func() any {
			n, ok := out.SummaryMap[string(key)]
			if !ok {
				return nil
			}
			return n > 0
		}
	}
	for name, key := range map[string]types.SummaryKeyType{
		"mfaActive":         types.SummaryKeyTypeAccountMFAEnabled,
		"accessKeysPresent": types.SummaryKeyTypeAccountAccessKeysPresent,
	} {
		d.facet(name, f, summary(key))
		if f.state == schemas.FacetPresent && d.properties[name] == nil {
			d.facet(name, f.need(false), nil)
		}
	}
	sortUnknown(d)
	return global(d, typeRootAccount, s.awsAccount, "root")
}

// reportPolls and reportWait bound the wait for a credential report, which
// takes IAM seconds to make.
const (
	reportPolls = 30
	reportWait  = 2 * time.Second
)

// credentialReport has one resource per IAM user of the report. The report is
// up to four hours old; ages are whole days up to the time it was made, so that
// they change once a day and not with every scan. call is the one that an error is of.
func credentialReport(ctx context.Context, s *session) (list []discovery.Observation, call string, err error) {
	call = "iam:GenerateCredentialReport"
	if err := generateReport(ctx, s.iam()); err != nil {
		return nil, call, err
	}
	call = "iam:GetCredentialReport"
	out, err := s.iam().GetCredentialReport(ctx, nil)
	if err != nil {
		return nil, call, err
	}
	rows, err := reportRows(out.Content)
	if err != nil {
		return nil, call, err
	}
	if out.GeneratedTime == nil {
		return nil, call, errors.New("credential report: the time it was made is missing")
	}
	made := *out.GeneratedTime
	for _, row := range rows[1:] {
		r := reportRow{}
		for i, column := range rows[0] {
			if i < len(row) {
				r[column] = row[i]
			}
		}
		if r["user"] != "<root_account>" {
			list = append(list, r.observe(made))
		}
	}
	return list, call, nil
}

// reportColumns are those that are read. A report without one says nothing of
// it; "no MFA" would be made up.
var reportColumns = []string{
	"user", "arn", "password_enabled", "password_last_used", "password_last_changed", "mfa_active",
	"access_key_1_active", "access_key_1_last_rotated", "access_key_1_last_used_date",
	"access_key_2_active", "access_key_2_last_rotated", "access_key_2_last_used_date",
}

// reportRows are the lines of a credential report, the first with the columns.
func reportRows(content []byte) ([][]string, error) {
	rows, err := csv.NewReader(bytes.NewReader(content)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read credential report: %w", err)
	}
	if len(rows) == 0 {
		return nil, errors.New("credential report: it is empty")
	}
	for _, c := range reportColumns {
		if !slices.Contains(rows[0], c) {
			return nil, fmt.Errorf("credential report: column %s is missing", c)
		}
	}
	return rows, nil
}

func generateReport(ctx context.Context, c *iam.Client) error {
	for range reportPolls {
		out, err := c.GenerateCredentialReport(ctx, nil)
		if err != nil {
			return err
		}
		if out.State == types.ReportStateTypeComplete {
			return nil
		}
		t := time.NewTimer(reportWait)
		select {
		case <-ctx.Done():
			t.Stop()
			return ctx.Err()
		case <-t.C:
		}
	}
	return schemas.Errorf(schemas.CodeUnavailable, "credential report not ready after %s", reportPolls*reportWait)
}

// reportRow is a line of the credential report by column name.
type reportRow map[string]string

func (r reportRow) flag(column string) bool { return r[column] == "true" }

// days is how many whole days before the report something happened; nil for
// "N/A", "no_information" and "not_supported".
func (r reportRow) days(column string, made time.Time) any {
	at, err := time.Parse(time.RFC3339, r[column])
	if err != nil {
		return nil
	}
	return int(made.Sub(at).Hours() / 24)
}

func (r reportRow) observe(made time.Time) discovery.Observation {
	name := r["user"]
	d := newDocument()
	d.set("user", name)
	d.set("arn", r["arn"])
	d.set("passwordEnabled", r.flag("password_enabled"))
	d.set("mfaActive", r.flag("mfa_active"))
	if r.flag("password_enabled") {
		// A password that was never used is unused since it was set.
		unused := r.days("password_last_used", made)
		if unused == nil {
			unused = r.days("password_last_changed", made)
		}
		d.set("passwordUnusedDays", unused)
		d.set("passwordAgeDays", r.days("password_last_changed", made))
	}
	keys := []any{}
	for _, n := range []string{"1", "2"} {
		prefix := "access_key_" + n + "_"
		if r[prefix+"last_rotated"] == "N/A" && !r.flag(prefix+"active") {
			continue
		}
		key := map[string]any{"number": int(n[0] - '0'), "active": r.flag(prefix + "active")}
		if age := r.days(prefix+"last_rotated", made); age != nil {
			key["ageDays"] = age
		}
		unused := r.days(prefix+"last_used_date", made)
		if unused == nil {
			unused = r.days(prefix+"last_rotated", made)
		}
		if unused != nil {
			key["unusedDays"] = unused
		}
		keys = append(keys, key)
	}
	d.properties["accessKeys"] = keys
	return global(d, typeCredentialReportUser, name, name)
}
