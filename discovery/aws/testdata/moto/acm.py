from compare import resource, tags

CERTIFICATE = "aws:acm/certificate:Certificate"

EXPLAINED = {CERTIFICATE: {"subjectAlternativeNames": "ListCertificates of moto has no names but the first one"}}


def seed(aws):
    acm = aws("acm")
    acm.request_certificate(DomainName="shop.example.com", SubjectAlternativeNames=["www.example.com", "api.example.com"],
                            ValidationMethod="DNS", Tags=[{"Key": "owner", "Value": "shop"}])
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
        }, demand={
            "certificateAuthorityArn": c.get("CertificateAuthorityArn"), "validationMethod": c["DomainValidationOptions"][0]["ValidationMethod"],
            "options.certificateTransparencyLoggingPreference": c["Options"]["CertificateTransparencyLoggingPreference"],
            "domainValidationOptions": sorted((
                {"domainName": v["DomainName"], "resourceRecordName": v["ResourceRecord"]["Name"], "resourceRecordType": v["ResourceRecord"]["Type"],
                 "resourceRecordValue": v["ResourceRecord"]["Value"]} for v in c["DomainValidationOptions"] if "ResourceRecord" in v), key=lambda v: v["domainName"]),
            "renewalSummaries": None,
        })
