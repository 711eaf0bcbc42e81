from compare import resource

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"

EXPLAINED = {}


def seed(aws):
    front = aws("cloudfront")
    custom = {"Id": "web", "DomainName": "web.example.com", "OriginPath": "/app", "CustomHeaders": {"Quantity": 1, "Items": [{"HeaderName": "X-Verify", "HeaderValue": "v"}]},
              "CustomOriginConfig": {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "match-viewer", "OriginReadTimeout": 20, "OriginKeepaliveTimeout": 4,
                                     "OriginSslProtocols": {"Quantity": 2, "Items": ["TLSv1.2", "TLSv1.1"]}}}
    files = {"Id": "files", "DomainName": "files.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    front.create_distribution_with_tags(DistributionConfigWithTags={
        "Tags": {"Items": [{"Key": "owner", "Value": "shop"}]},
        "DistributionConfig": {
            "CallerReference": "full", "Comment": "shop", "Enabled": True, "Aliases": {"Quantity": 2, "Items": ["www.example.com", "example.com"]},
            "Origins": {"Quantity": 2, "Items": [custom, files]}, "DefaultRootObject": "index.html", "PriceClass": "PriceClass_100",
            "DefaultCacheBehavior": {"TargetOriginId": "web", "ViewerProtocolPolicy": "redirect-to-https", "MinTTL": 5, "Compress": False,
                                     "ForwardedValues": {"QueryString": True, "Cookies": {"Forward": "none"}}},
            "CacheBehaviors": {"Quantity": 1, "Items": [{"PathPattern": "/api", "TargetOriginId": "web", "ViewerProtocolPolicy": "https-only", "CachePolicyId": "cp"}]},
            "Logging": {"Enabled": True, "IncludeCookies": False, "Bucket": "logs.s3.amazonaws.com", "Prefix": "p"},
            "ViewerCertificate": {"CloudFrontDefaultCertificate": False, "ACMCertificateArn": "arn:aws:acm:us-east-1:123456789012:certificate/1",
                                  "SSLSupportMethod": "sni-only", "MinimumProtocolVersion": "TLSv1.2_2021"},
            "WebACLId": "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/1",
            "Restrictions": {"GeoRestriction": {"RestrictionType": "whitelist", "Quantity": 2, "Items": ["US", "DE"]}}}})
    front.create_distribution(DistributionConfig={
        "CallerReference": "bare", "Comment": "", "Enabled": False, "Origins": {"Quantity": 1, "Items": [files]},
        "DefaultCacheBehavior": {"TargetOriginId": "files", "ViewerProtocolPolicy": "allow-all"}})


def some(d):
    return {k: v for k, v in d.items() if v not in (None, "", [], {})}


def behavior(b):
    f = b.get("ForwardedValues")
    return some({
        "pathPattern": b.get("PathPattern"), "targetOriginId": b["TargetOriginId"], "viewerProtocolPolicy": b["ViewerProtocolPolicy"], "cachePolicyId": b.get("CachePolicyId"),
        "originRequestPolicyId": b.get("OriginRequestPolicyId"), "responseHeadersPolicyId": b.get("ResponseHeadersPolicyId"),
        "realtimeLogConfigArn": b.get("RealtimeLogConfigArn"), "fieldLevelEncryptionId": b.get("FieldLevelEncryptionId"), "compress": b.get("Compress"),
        "smoothStreaming": b.get("SmoothStreaming"), "minTtl": b.get("MinTTL"), "maxTtl": b.get("MaxTTL"), "defaultTtl": b.get("DefaultTTL"),
        "allowedMethods": sorted(b.get("AllowedMethods", {}).get("Items", [])), "cachedMethods": sorted(b.get("AllowedMethods", {}).get("CachedMethods", {}).get("Items", [])),
        "forwardedValues": f and some({"queryString": f.get("QueryString"), "cookies": f.get("Cookies") and {"forward": f["Cookies"]["Forward"]},
                                       "headers": sorted(f.get("Headers", {}).get("Items", []))}),
    })


def origin(o):
    c, shield = o.get("CustomOriginConfig"), o.get("OriginShield")
    s3 = o.get("S3OriginConfig")
    return some({
        "originId": o["Id"], "domainName": o["DomainName"], "originPath": o.get("OriginPath"), "connectionAttempts": o.get("ConnectionAttempts"),
        "connectionTimeout": o.get("ConnectionTimeout"),
        "customHeaders": [{"name": h["HeaderName"], "value": h["HeaderValue"]} for h in o.get("CustomHeaders", {}).get("Items", [])],
        "customOriginConfig": c and some({
            "httpPort": c["HTTPPort"], "httpsPort": c["HTTPSPort"], "originProtocolPolicy": c["OriginProtocolPolicy"], "originReadTimeout": c.get("OriginReadTimeout"),
            "originKeepaliveTimeout": c.get("OriginKeepaliveTimeout"), "originSslProtocols": sorted(c.get("OriginSslProtocols", {}).get("Items", []))}),
        "s3OriginConfig": s3 and some({"originAccessIdentity": s3.get("OriginAccessIdentity")}),
        "originShield": shield and some({"enabled": shield.get("Enabled"), "originShieldRegion": shield.get("OriginShieldRegion")}),
    })


def expected(aws):
    front = aws("cloudfront")
    for listed in front.list_distributions()["DistributionList"]["Items"]:
        d = front.get_distribution(Id=listed["Id"])["Distribution"]
        c = d["DistributionConfig"]
        v, geo, log = c["ViewerCertificate"], c["Restrictions"]["GeoRestriction"], c["Logging"]
        aliases = sorted(c["Aliases"].get("Items", []))
        yield resource(DISTRIBUTION, d["Id"], aliases[0] if aliases else d["DomainName"], {
            "arn": d["ARN"], "comment": c["Comment"], "enabled": c["Enabled"], "httpVersion": c["HttpVersion"].lower(), "isIpv6Enabled": c["IsIPV6Enabled"],
            "priceClass": c["PriceClass"], "staging": c.get("Staging"), "webAclId": c.get("WebACLId"), "aliases": aliases,
            "viewerCertificate": some({"cloudfrontDefaultCertificate": v["CloudFrontDefaultCertificate"], "acmCertificateArn": v.get("ACMCertificateArn"),
                                       "iamCertificateId": v.get("IAMCertificateId"), "minimumProtocolVersion": v.get("MinimumProtocolVersion"),
                                       "sslSupportMethod": v.get("SSLSupportMethod")}),
            "origins": sorted((origin(o) for o in c["Origins"]["Items"]), key=lambda o: o["originId"], reverse=True),
            "defaultCacheBehavior": behavior(c["DefaultCacheBehavior"]), "orderedCacheBehaviors": [behavior(b) for b in c["CacheBehaviors"].get("Items", [])],
            "restrictions": {"geoRestriction": some({"restrictionType": geo["RestrictionType"], "locations": sorted(geo.get("Items", []))})},
            "loggingConfig": some({"bucket": log["Bucket"], "prefix": log.get("Prefix"), "includeCookies": log["IncludeCookies"]}) if log["Enabled"] else None,
            "defaultRootObject": c.get("DefaultRootObject"),
            "tags": {t["Key"]: t["Value"] for t in front.list_tags_for_resource(Resource=d["ARN"])["Tags"]["Items"]},
        }, region="global")
