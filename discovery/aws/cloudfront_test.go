package aws

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func distributions(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"distribution": n}})
}

func distributionList(items string) string {
	return `<DistributionList><IsTruncated>false</IsTruncated><Items><DistributionSummary><Id>E1</Id>` + items + `</DistributionSummary></Items></DistributionList>`
}

// A behavior with all that it can have.
const fullBehavior = `<TargetOriginId>web</TargetOriginId><ViewerProtocolPolicy>https-only</ViewerProtocolPolicy><CachePolicyId>cp</CachePolicyId><OriginRequestPolicyId>orp</OriginRequestPolicyId>
<ResponseHeadersPolicyId>rhp</ResponseHeadersPolicyId><RealtimeLogConfigArn>arn:log</RealtimeLogConfigArn><FieldLevelEncryptionId>fle</FieldLevelEncryptionId><Compress>false</Compress><SmoothStreaming>true</SmoothStreaming>
<MinTTL>0</MinTTL><MaxTTL>10</MaxTTL><DefaultTTL>5</DefaultTTL><AllowedMethods><Items><Method>HEAD</Method><Method>GET</Method></Items><CachedMethods><Items><Method>GET</Method></Items></CachedMethods></AllowedMethods>
<TrustedKeyGroups><Enabled>true</Enabled><Items><KeyGroup>kg</KeyGroup></Items></TrustedKeyGroups><TrustedSigners><Enabled>true</Enabled><Items><AwsAccountNumber>self</AwsAccountNumber></Items></TrustedSigners><GrpcConfig><Enabled>true</Enabled></GrpcConfig>
<ForwardedValues><QueryString>true</QueryString><Cookies><Forward>whitelist</Forward><WhitelistedNames><Items><Name>c</Name></Items></WhitelistedNames></Cookies><Headers><Items><Name>Origin</Name></Items></Headers><QueryStringCacheKeys><Items><Name>q</Name></Items></QueryStringCacheKeys></ForwardedValues>
<FunctionAssociations><Items><FunctionAssociation><EventType>viewer-request</EventType><FunctionARN>arn:f</FunctionARN></FunctionAssociation></Items></FunctionAssociations>
<LambdaFunctionAssociations><Items><LambdaFunctionAssociation><EventType>origin-request</EventType><LambdaFunctionARN>arn:l</LambdaFunctionARN><IncludeBody>true</IncludeBody></LambdaFunctionAssociation></Items></LambdaFunctionAssociations>`

const fullDistribution = `<ARN>arn:aws:cloudfront::123456789012:distribution/E1</ARN><DomainName>d1.cloudfront.net</DomainName><Aliases><Items><CNAME>www.example.com</CNAME><CNAME>example.com</CNAME></Items></Aliases>
<Origins><Items><Origin><Id>web</Id><DomainName>web.example.com</DomainName><OriginPath>/app</OriginPath><CustomHeaders><Items><OriginCustomHeader><HeaderName>X-Verify</HeaderName><HeaderValue>s3cret</HeaderValue></OriginCustomHeader></Items></CustomHeaders>
<CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>match-viewer</OriginProtocolPolicy><OriginSslProtocols><Items><SslProtocol>TLSv1.2</SslProtocol><SslProtocol>SSLv3</SslProtocol></Items></OriginSslProtocols>
<OriginReadTimeout>30</OriginReadTimeout><OriginKeepaliveTimeout>5</OriginKeepaliveTimeout><IpAddressType>ipv4</IpAddressType><OriginMtlsConfig><ClientCertificateArn>arn:c</ClientCertificateArn></OriginMtlsConfig></CustomOriginConfig>
<ConnectionAttempts>3</ConnectionAttempts><ConnectionTimeout>10</ConnectionTimeout><ResponseCompletionTimeout>60</ResponseCompletionTimeout><OriginShield><Enabled>true</Enabled><OriginShieldRegion>us-east-1</OriginShieldRegion></OriginShield></Origin>
<Origin><Id>files</Id><DomainName>files.s3.amazonaws.com</DomainName><OriginAccessControlId>oac</OriginAccessControlId><S3OriginConfig><OriginAccessIdentity>origin-access-identity/cloudfront/E2</OriginAccessIdentity></S3OriginConfig></Origin>
<Origin><Id>inside</Id><DomainName>inside.example.com</DomainName><VpcOriginConfig><VpcOriginId>vo</VpcOriginId><OwnerAccountId>123456789012</OwnerAccountId><OriginReadTimeout>30</OriginReadTimeout><OriginKeepaliveTimeout>5</OriginKeepaliveTimeout></VpcOriginConfig></Origin></Items></Origins>
<OriginGroups><Items><OriginGroup><Id>both</Id><FailoverCriteria><StatusCodes><Items><StatusCode>503</StatusCode><StatusCode>500</StatusCode></Items></StatusCodes></FailoverCriteria><Members><Items><OriginGroupMember><OriginId>web</OriginId></OriginGroupMember><OriginGroupMember><OriginId>files</OriginId></OriginGroupMember></Items></Members></OriginGroup></Items></OriginGroups>
<DefaultCacheBehavior>` + fullBehavior + `</DefaultCacheBehavior><CacheBehaviors><Items><CacheBehavior><PathPattern>/z</PathPattern>` + fullBehavior + `</CacheBehavior><CacheBehavior><PathPattern>/a</PathPattern><ViewerProtocolPolicy>allow-all</ViewerProtocolPolicy></CacheBehavior></Items></CacheBehaviors>
<CustomErrorResponses><Items><CustomErrorResponse><ErrorCode>404</ErrorCode><ErrorCachingMinTTL>10</ErrorCachingMinTTL><ResponseCode>200</ResponseCode><ResponsePagePath>/i</ResponsePagePath></CustomErrorResponse><CustomErrorResponse><ErrorCode>403</ErrorCode><ResponseCode/></CustomErrorResponse></Items></CustomErrorResponses>
<Comment>shop</Comment><PriceClass>PriceClass_100</PriceClass><Enabled>false</Enabled><ViewerCertificate><CloudFrontDefaultCertificate>false</CloudFrontDefaultCertificate><ACMCertificateArn>arn:cert</ACMCertificateArn><IAMCertificateId>iam</IAMCertificateId><SSLSupportMethod>sni-only</SSLSupportMethod><MinimumProtocolVersion>TLSv1.2_2021</MinimumProtocolVersion></ViewerCertificate>
<Restrictions><GeoRestriction><RestrictionType>whitelist</RestrictionType><Items><Location>US</Location><Location>DE</Location></Items></GeoRestriction></Restrictions><WebACLId>arn:waf</WebACLId><HttpVersion>HTTP2AND3</HttpVersion><IsIPV6Enabled>true</IsIPV6Enabled><Staging>true</Staging>
<AnycastIpListId>any</AnycastIpListId><ViewerMtlsConfig><Mode>required</Mode><TrustStoreConfig><TrustStoreId>ts</TrustStoreId><AdvertiseTrustStoreCaNames>true</AdvertiseTrustStoreCaNames><IgnoreCertificateExpiry>false</IgnoreCertificateExpiry></TrustStoreConfig></ViewerMtlsConfig><ConnectionFunctionAssociation><Id>cf</Id></ConnectionFunctionAssociation>`

const fullDistributionConfig = `<DistributionConfig><DefaultRootObject>index.html</DefaultRootObject><Logging><Enabled>true</Enabled><IncludeCookies>true</IncludeCookies><Bucket>logs.s3.amazonaws.com</Bucket><Prefix>p</Prefix></Logging>` +
	`<ContinuousDeploymentPolicyId>cd</ContinuousDeploymentPolicyId><CacheTagConfig><HeaderName>h</HeaderName></CacheTagConfig></DistributionConfig>`

func TestGoldenDistributions(t *testing.T) {
	t.Parallel()
	golden(t, "cloudfront", distributions(2).read(t, cloudfrontService, home).sorted())
	full := distributions(0).says("cloudfront:ListDistributions", distributionList(fullDistribution)).says("cloudfront:GetDistributionConfig", fullDistributionConfig)
	golden(t, "cloudfront-full", full.read(t, cloudfrontService, home).sorted())
	denied := distributions(1).fails("cloudfront:GetDistributionConfig", http.StatusForbidden, iamError("AccessDenied")).
		fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
	golden(t, "cloudfront-denied", denied.read(t, cloudfrontService, home).sorted())
	failed := distributions(1).fails("cloudfront:GetDistributionConfig", http.StatusInternalServerError, iamError("InternalError"))
	golden(t, "cloudfront-failed", failed.read(t, cloudfrontService, home).sorted())
	// What is not in the answer is not "no certificate", "no logging" or "no firewall".
	silent := distributions(0).says("cloudfront:ListDistributions", distributionList("")).says("cloudfront:GetDistributionConfig", "<DistributionConfig/>")
	golden(t, "cloudfront-silent", silent.read(t, cloudfrontService, home).sorted())
}

func TestDistributionDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := distributions(2).fails("cloudfront:GetDistributionConfig", http.StatusNotFound, iamError("NoSuchDistribution"))
	s := a.read(t, cloudfrontService, home)
	if s.count(typeDistribution) != 0 || s.scopes[typeDistribution].State != schemas.ScopeComplete {
		t.Errorf("%d distributions, %+v", s.count(typeDistribution), s.scopes[typeDistribution])
	}
}

func TestVerifyDistributions(t *testing.T) {
	t.Parallel()
	removedOrThere(t, cloudfrontService, awsfake.Population{More: map[string]int{"*": 2}}, map[string]string{typeDistribution: "cloudfront:GetDistribution"},
		schemas.Key{Region: schemas.GlobalRegion, Type: typeDistribution, ID: "E000000000001"})
	// Read directly, a distribution with everything says what the list says.
	a := distributions(0).says("cloudfront:ListDistributions", distributionList(fullDistribution)).says("cloudfront:GetDistributionConfig", fullDistributionConfig)
	listed, _ := a.read(t, cloudfrontService, home).one(typeDistribution, "E1")
	a.says("cloudfront:GetDistribution", `<Distribution><Id>E1</Id><ARN>arn:aws:cloudfront::123456789012:distribution/E1</ARN><DomainName>d1.cloudfront.net</DomainName><DistributionConfig>`+
		fullDistribution+fullDistributionConfig[len("<DistributionConfig>"):]+`</Distribution>`)
	emitted, gone, err := a.verify(t, cloudfrontService, listed.Key)
	if err != nil || len(gone) != 0 || len(emitted) != 1 || encode(emitted[0]) != encode(listed) {
		t.Errorf("emitted\n%s\nlisted\n%s\n%v, %v", encode(emitted), encode(listed), gone, err)
	}
}

// All operations of CloudFront share one pace: there is one for the account.
func TestCloudFrontIsPaced(t *testing.T) {
	t.Parallel()
	list, l := limitOf(cloudfront.ServiceID, "ListDistributions")
	config, _ := limitOf(cloudfront.ServiceID, "GetDistributionConfig")
	if list != config || l.rate != 10 {
		t.Errorf("%s and %s, %v a second", list, config, l.rate)
	}
}
