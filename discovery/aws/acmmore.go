package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"
)

// certificateDetails are read on demand, of certificates that the list told of.
var certificateDetails = eachCall(describeCertificate, "details")

// certificateMore is what the list does not say of a certificate.
type certificateMore struct {
	detail types.CertificateDetail
	facet  facet
}

func moreOfCertificate(ctx context.Context, s *session, arn string) (m certificateMore) {
	m.facet = onDemand(ctx, certificateDetails.action, func() facet {
		out, err := s.acm().DescribeCertificate(ctx, &acm.DescribeCertificateInput{CertificateArn: &arn})
		if err == nil && out.Certificate != nil {
			m.detail = *out.Certificate
		}
		return facetOf(certificateDetails.action, err).need(m.detail.CertificateArn != nil)
	})
	return m
}

// describedCertificate is it of a certificate that was read directly: as little is
// told of it as of a listed one, so that both are the same resource.
func describedCertificate(ctx context.Context, c types.CertificateDetail) certificateMore {
	return certificateMore{c, onDemand(ctx, certificateDetails.action, func() facet { return facetOf(certificateDetails.action, nil) })}
}

// set puts it into the document of the certificate. Imported ones are validated by
// nobody, and were never renewed.
func (m *certificateMore) set(d *document, listed types.CertificateSummary) {
	c := m.detail
	if aws.ToBool(listed.HasAdditionalSubjectAlternativeNames) { // the list does not have all of them
		d.facet("subjectAlternativeNames", m.facet, func() any { return sortedStrings(c.SubjectAlternativeNames) })
	} else {
		d.set("subjectAlternativeNames", sortedStrings(listed.SubjectAlternativeNameSummaries))
	}
	options := newDocument()
	options.set("export", string(listed.ExportOption))
	if !d.unread(m.facet, "options.certificateTransparencyLoggingPreference") && c.Options != nil {
		options.set("certificateTransparencyLoggingPreference", string(c.Options.CertificateTransparencyLoggingPreference)) //nolint:staticcheck // deprecated by ACM, and an input of the classic type
	}
	d.set("options", options.properties)
	d.facet("certificateAuthorityArn", m.facet, func() any { return aws.ToString(c.CertificateAuthorityArn) })
	d.facet("domainValidationOptions", m.facet, func() any { return validationRecords(c.DomainValidationOptions) })
	d.facet("validationMethod", m.facet, func() any { return validationMethod(c) })
	d.facet("renewalSummaries", m.facet, func() any { return renewalSummaries(c.RenewalSummary) })
}

// validationRecords are the DNS records that prove domains, of those that are proved by
// such.
func validationRecords(list []types.DomainValidation) []any {
	out := []any{}
	for _, v := range list {
		if r := v.ResourceRecord; r != nil {
			out = append(out, texts(map[string]string{
				"domainName": aws.ToString(v.DomainName), "resourceRecordName": aws.ToString(r.Name),
				"resourceRecordType": string(r.Type), "resourceRecordValue": aws.ToString(r.Value),
			}))
		}
	}
	sortByJSON(out)
	return out
}

// validationMethod is that of the first domain, as the classic provider has it: all
// domains of a certificate are validated in one way.
func validationMethod(c types.CertificateDetail) string {
	if c.Type == types.CertificateTypeAmazonIssued {
		for _, v := range c.DomainValidationOptions {
			if v.ValidationMethod != "" {
				return string(v.ValidationMethod)
			}
		}
	}
	return "NONE"
}

func renewalSummaries(r *types.RenewalSummary) []any {
	if r == nil {
		return nil
	}
	return []any{texts(map[string]string{
		"renewalStatus": string(r.RenewalStatus), "renewalStatusReason": string(r.RenewalStatusReason), "updatedAt": instant(r.UpdatedAt),
	})}
}
