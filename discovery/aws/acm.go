package aws

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// acmProjection counts changes of the projections in this file.
const acmProjection = 1

const typeCertificate = "aws:acm/certificate:Certificate"

const describeCertificate = "acm:DescribeCertificate"

var listCertificates = listCall("acm:ListCertificates", 1000)

var acmService = &service{
	name:  "acm",
	types: []typeSpec{{token: typeCertificate, calls: []call{listCertificates, tagCall}, onDemand: []call{certificateDetails}, verify: []string{describeCertificate}}},
	// "API rate quotas" of the ACM user guide: DescribeCertificate 10/s, ListCertificates 1/s.
	limits: map[string]limit{"ACM": {rate: 10, burst: 10}, "ACM:ListCertificates": {rate: 1, burst: 2}},
	lists:  acmLists,
}

var acmLists = []list{{listCertificates.action, []string{typeCertificate}, eachCertificate}}

func (s *session) acm() *acm.Client {
	return client(s, "acm", func(c aws.Config) *acm.Client { return acm.NewFromConfig(c) })
}

// eachCertificate names all key types and origins: without it, the list leaves out
// all but 2048-bit RSA certificates, and says nothing of it.
func eachCertificate(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
			out, err := s.acm().DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
			if isNotFound(err, "ResourceNotFoundException") {
				return nil
			}
			if err != nil {
				return err
			}
			if out.Certificate == nil {
				return errors.New(notInAnswer)
			}
			tags, tagsF := tagsByARN(ctx, s, []string{arn})
			return emit(ctx, projectCertificate(s.region, certificateSummary(out.Certificate), tagsF, tags[arn], describedCertificate(ctx, *out.Certificate)))
		})
	}
	p := acm.NewListCertificatesPaginator(s.acm(), &acm.ListCertificatesInput{
		MaxItems: aws.Int32(1000), CertificateKeyPairOrigins: types.CertificateKeyPairOrigin("").Values(),
		Includes: &types.Filters{KeyTypes: types.KeyAlgorithm("").Values()},
	})
	return pages(ctx, p, func(out *acm.ListCertificatesOutput) error {
		return emitCertificates(ctx, s, out.CertificateSummaryList, emit)
	})
}

func emitCertificates(ctx context.Context, s *session, list []types.CertificateSummary, emit observe) error {
	arns := make([]string, len(list))
	for i, c := range list {
		arns[i] = aws.ToString(c.CertificateArn)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, c types.CertificateSummary) error {
		arn := aws.ToString(c.CertificateArn)
		return emit(ctx, projectCertificate(s.region, c, tagsF, tags[arn], moreOfCertificate(ctx, s, arn)))
	})
}

// listedNames is how many alternative names the list has of a certificate.
const listedNames = 100

// certificateSummary is what the list says of a certificate.
func certificateSummary(c *types.CertificateDetail) types.CertificateSummary {
	if c == nil {
		return types.CertificateSummary{}
	}
	s := types.CertificateSummary{
		CertificateArn: c.CertificateArn, DomainName: c.DomainName, Status: c.Status, Type: c.Type, KeyAlgorithm: c.KeyAlgorithm,
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, RenewalEligibility: c.RenewalEligibility,
		SubjectAlternativeNameSummaries:      c.SubjectAlternativeNames[:min(listedNames, len(c.SubjectAlternativeNames))],
		HasAdditionalSubjectAlternativeNames: aws.Bool(len(c.SubjectAlternativeNames) > listedNames),
	}
	if c.Options != nil {
		s.ExportOption = c.Options.Export
	}
	return s
}

func projectCertificate(region string, c types.CertificateSummary, tagsF facet, tags map[string]any, more certificateMore) discovery.Observation {
	arn := aws.ToString(c.CertificateArn)
	listed := facetOf(listCertificates.action, nil)
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("domainName", aws.ToString(c.DomainName))
	d.facet("status", listed.need(c.Status != ""), func() any { return string(c.Status) })
	d.set("type", string(c.Type))
	// One call writes RSA_2048, the other RSA-2048.
	d.facet("keyAlgorithm", listed.need(c.KeyAlgorithm != ""), func() any { return strings.ReplaceAll(string(c.KeyAlgorithm), "-", "_") })
	d.set("notBefore", instant(c.NotBefore)) // a certificate that was never issued has neither
	d.set("notAfter", instant(c.NotAfter))
	d.set("renewalEligibility", string(c.RenewalEligibility))
	d.facet("tags", tagsF, func() any { return tags })
	more.set(d, c)
	sortUnknown(d)
	return d.observe(region, typeCertificate, arn, aws.ToString(c.DomainName), acmProjection)
}

// instant is a time as Pulumi writes it, in seconds; "" for none.
func instant(t *time.Time) string {
	if t == nil {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}
