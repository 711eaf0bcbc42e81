from compare import resource, tags

CERTIFICATE = "aws:acm/certificate:Certificate"

EXPLAINED = {CERTIFICATE: {"subjectAlternativeNames": "ListCertificates of moto has no names but the first one"}}


def seed(aws):
    acm = aws("acm")
    acm.request_certificate(DomainName="shop.example.com", SubjectAlternativeNames=["www.example.com", "api.example.com"], Tags=[{"Key": "owner", "Value": "shop"}])
    acm.request_certificate(DomainName="bare.example.com")


def expected(aws):
    acm = aws("acm")
    for listed in acm.list_certificates()["CertificateSummaryList"]:
        arn = listed["CertificateArn"]
        c = acm.describe_certificate(CertificateArn=arn)["Certificate"]
        yield resource(CERTIFICATE, arn, c["DomainName"], {
            "region": "us-east-1", "arn": arn, "domainName": c["DomainName"], "status": c["Status"], "type": c["Type"], "keyAlgorithm": c["KeyAlgorithm"],
            "notBefore": c["NotBefore"].strftime("%Y-%m-%dT%H:%M:%SZ"), "notAfter": c["NotAfter"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "renewalEligibility": c["RenewalEligibility"], "subjectAlternativeNames": sorted(c["SubjectAlternativeNames"]),
            "tags": tags(acm.list_tags_for_certificate(CertificateArn=arn)["Tags"]),
        }, unknown=["certificateAuthorityArn", "domainValidationOptions", "options.certificateTransparencyLoggingPreference", "renewalSummaries", "validationMethod"])
