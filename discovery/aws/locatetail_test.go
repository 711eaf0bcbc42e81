package aws

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// A resource of the long tail is found by its ARN, whether it is identified by that, by its
// name or by several parts: Cloud Control is asked for what it may be.
func TestLocateInTheTail(t *testing.T) {
	sdkFiles(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "AKIAFAKE")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "fake")
	a := newAccount(awsfake.Population{Tail: 3})
	srv := httptest.NewServer(a)
	defer srv.Close()
	p, account := New(zerolog.Nop(), time.Now), schemas.Account{ID: "aws-" + self, Name: "prod", Endpoint: srv.URL, Tail: schemas.TailEachScan}
	const pca = "arn:aws:acm-pca:eu-west-1:123456789012:certificate-authority/ca-000001"
	for resource, want := range map[string][2]string{
		pca: {"eu-west-1/cloudcontrol", "eu-west-1|aws-native:acmpca:CertificateAuthority|" + pca},
		"arn:aws:ec2:eu-west-1:123456789012:key-pair/team-000002":   {"eu-west-1/cloudcontrol", "eu-west-1|aws-native:ec2:KeyPair|team-000002"},
		"arn:aws:iam::123456789012:saml-provider/corp-000000":       {"global/cloudcontrol", "global|aws-native:iam:SamlProvider|arn:aws:iam::123456789012:saml-provider/corp-000000"},
		"arn:aws:quicksight:us-east-1:123456789012:theme/th-000000": {"us-east-1/cloudcontrol", "us-east-1|aws-native:quicksight:Theme|th-000000|123456789012"},
		"us-east-1|aws-native:logs:QueryDefinition|a-000001":        {"us-east-1/cloudcontrol", "us-east-1|aws-native:logs:QueryDefinition|a-000001"},
	} {
		unit, keys, err := p.Locate(t.Context(), account, resource)
		if err != nil || unit.String() != want[0] || keyTexts(keys) != want[1] {
			t.Errorf("%s: %s in %s, %v; want %v", resource, keyTexts(keys), unit, err, want)
		}
	}
	refused := func(resource string, code schemas.Code, texts ...string) {
		t.Helper()
		_, keys, err := p.Locate(t.Context(), account, resource)
		if len(keys) > 0 || schemas.CodeOf(err) != code {
			t.Errorf("%s: %v, %v; want %s", resource, keys, err, code)
			return
		}
		for _, text := range texts {
			if !strings.Contains(err.Error(), text) {
				t.Errorf("%s: %v does not say %q", resource, err, text)
			}
		}
	}
	refused("arn:aws:ec2:eu-west-1:123456789012:key-pair/none-000009", schemas.CodeNotFound, "AWS::EC2::KeyPair", `--resource "eu-west-1|aws-native:ec2:KeyPair|ID"`)
	refused("arn:aws:braket:eu-west-1:123456789012:job/1", schemas.CodeNotFound, "nothing is known of ARNs like")
	account.Tail = schemas.TailOff
	refused(pca, schemas.CodeInvalid, "AWS::ACMPCA::CertificateAuthority", "not read in account prod", "insights account update prod --tail daily")
	account.Tail = schemas.TailEachScan
	a.fails("cloudcontrolapi:GetResource", 400, `{"__type":"GeneralServiceException","Message":"User: x is not authorized to perform: acm-pca:DescribeCertificateAuthority on resource: y"}`)
	refused(pca, schemas.CodeDenied, "acm-pca:DescribeCertificateAuthority")
	a.fails("cloudcontrolapi:GetResource", 400, `{"__type":"AccessDeniedException","Message":"no"}`)
	refused(pca, schemas.CodeDenied, "Allow cloudformation:GetResource")
}

func TestGuesses(t *testing.T) {
	t.Parallel()
	for pattern, c := range map[string]struct {
		text  string
		parts []string
		fits  bool
	}{
		"thing/*":      {"thing/a/b", []string{"a/b"}, true}, // a name with a slash
		"thing/*/*":    {"thing/a/b", []string{"a", "b"}, true},
		"thing/*/of/*": {"thing/a/of/b:1", []string{"a", "b:1"}, true},
		"*:x":          {"a:x", []string{"a"}, true},
		"thing":        {"thing", nil, true},
		"thing/":       {"thing", nil, false},
		"other/*":      {"thing/a", nil, false},
		"thing:*":      {"thing:", nil, false},
		"thing/*:*":    {"thing/a/b", nil, false},
		"thing/*/x/*":  {"thing/a/y/b", nil, false},
	} {
		parts, fits := wildcards(pattern, c.text)
		if fits != c.fits || fits && !slices.Equal(parts, c.parts) {
			t.Errorf("%s of %s: %q, %t", pattern, c.text, parts, fits)
		}
	}
	// What services read is not guessed.
	for _, text := range []string{"arn:aws:kinesis:us-east-1:123456789012:stream/s", "arn:aws:athena:us-east-1:123456789012:workgroup/w"} {
		a, err := arn.Parse(text)
		if list := guesses(a); err != nil || len(list) > 0 {
			t.Errorf("%s: %v, %v", text, list, err)
		}
	}
}
