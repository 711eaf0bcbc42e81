package aws

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func certificates(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"certificate": n}})
}

// certificateList is a list of one certificate with some more fields.
func certificateList(fields string) string {
	return `{"CertificateSummaryList":[{"CertificateArn":"arn:aws:acm:us-east-1:123456789012:certificate/1"` + fields + `}]}`
}

func TestGoldenCertificates(t *testing.T) {
	t.Parallel()
	golden(t, "acm", certificates(2).read(t, acmService, home).sorted())
	full := certificateList(`,"DomainName":"example.com","SubjectAlternativeNameSummaries":["b.example.com","a.example.com"],"HasAdditionalSubjectAlternativeNames":false,"Status":"EXPIRED","Type":"IMPORTED",` +
		`"KeyAlgorithm":"RSA-1024","ExportOption":"DISABLED","InUse":true,"RenewalEligibility":"INELIGIBLE","NotBefore":1.7356896E9,"NotAfter":1.767225599E9`)
	golden(t, "acm-full", certificates(0).says("acm:ListCertificates", full).read(t, acmService, home).sorted())
	denied := certificates(1).fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
	golden(t, "acm-denied", denied.read(t, acmService, home).sorted())
	silent := certificates(0).says("acm:ListCertificates", certificateList("")).says("tagging:GetResources", `{"ResourceTagMappingList":[]}`)
	golden(t, "acm-silent", silent.read(t, acmService, home).sorted())
}

// The list has the first hundred names; a part of them is no answer.
func TestCertificateWithMoreNames(t *testing.T) {
	t.Parallel()
	s := certificates(0).says("acm:ListCertificates", certificateList(`,"SubjectAlternativeNameSummaries":["a.example.com"],"HasAdditionalSubjectAlternativeNames":true`)).read(t, acmService, home)
	wantUnknown(t, s.list[0], "subjectAlternativeNames", schemas.FacetNotRead, describeCertificate)
	if s.list[0].Properties["subjectAlternativeNames"] != nil {
		t.Errorf("%v", s.list[0].Properties)
	}
	detail := &types.CertificateDetail{CertificateArn: aws.String("arn")}
	for i := range 101 {
		detail.SubjectAlternativeNames = append(detail.SubjectAlternativeNames, fmt.Sprintf("%d.example.com", i))
	}
	if c := certificateSummary(detail); len(c.SubjectAlternativeNameSummaries) != 100 || !*c.HasAdditionalSubjectAlternativeNames {
		t.Errorf("%d names, more: %t", len(c.SubjectAlternativeNameSummaries), *c.HasAdditionalSubjectAlternativeNames)
	}
}

// Every key type and origin that the SDK knows is asked for by name.
func TestCertificatesOfAllKindsAreAskedFor(t *testing.T) {
	t.Parallel()
	var asked struct {
		Includes                  struct{ KeyTypes []string }
		CertificateKeyPairOrigins []string
		CertificateStatuses       []string
	}
	certificates(0).asked("acm:ListCertificates", func(_ string, q url.Values) answer {
		if err := json.NewDecoder(strings.NewReader(q.Get("body"))).Decode(&asked); err != nil {
			t.Error(err)
		}
		return answer{}
	}).read(t, acmService, home)
	for _, k := range types.KeyAlgorithm("").Values() {
		if !slices.Contains(asked.Includes.KeyTypes, string(k)) {
			t.Errorf("%s is not in %+v", k, asked)
		}
	}
	if len(asked.CertificateKeyPairOrigins) != len(types.CertificateKeyPairOrigin("").Values()) || asked.CertificateStatuses != nil {
		t.Errorf("asked for %+v", asked)
	}
}

func TestVerifyCertificates(t *testing.T) {
	t.Parallel()
	operations := map[string]string{typeCertificate: "acm:DescribeCertificate"}
	for _, id := range []string{"000000000000", "000000000001"} {
		removedOrThere(t, acmService, awsfake.Population{More: map[string]int{"*": 2}}, operations,
			schemas.Key{Region: home, Type: typeCertificate, ID: "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-" + id})
	}
}
