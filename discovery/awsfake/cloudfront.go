package awsfake

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

const cloudfrontNS = `xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/"`

var cloudfrontRoutes = []restRoute{
	{pattern: "GET /2020-05-31/distribution", operation: "ListDistributions", answer: listDistributions},
	{pattern: "GET /2020-05-31/distribution/{id}", operation: "GetDistribution", answer: ofDistribution(func(q *request, i int) *fault {
		return q.xml(fmt.Sprintf(`<Distribution %s><Id>%s</Id><ARN>%s</ARN><Status>Deployed</Status><LastModifiedTime>2025-01-01T00:00:00Z</LastModifiedTime><InProgressInvalidationBatches>0</InProgressInvalidationBatches><DomainName>%s</DomainName>%s</Distribution>`,
			cloudfrontNS, distributionID(i), q.distributionARN(i), distributionDomain(i), q.distributionConfig("", i)))
	})},
	{pattern: "GET /2020-05-31/distribution/{id}/config", operation: "GetDistributionConfig", answer: ofDistribution(func(q *request, i int) *fault {
		return q.xml(q.distributionConfig(cloudfrontNS, i))
	})},
}

func distributionID(i int) string { return fmt.Sprintf("E%012d", i) }

func distributionDomain(i int) string { return fmt.Sprintf("d%012d.cloudfront.net", i) }

func (q *request) distributionARN(i int) string {
	return fmt.Sprintf("arn:aws:cloudfront::%s:distribution/%s", q.pop.AccountID, distributionID(i))
}

// ofDistribution finds the distribution that the path names.
func ofDistribution(answer func(q *request, i int) *fault) func(*request) *fault {
	return func(q *request) *fault {
		id := q.r.PathValue("id")
		i, err := strconv.Atoi(strings.TrimPrefix(id, "E"))
		if err != nil || i >= q.pop.more("distribution") || distributionID(i) != id || q.gone(id) {
			return &fault{status: http.StatusNotFound, code: "NoSuchDistribution", message: "The specified distribution does not exist."}
		}
		return answer(q, i)
	}
}

func listDistributions(q *request) *fault {
	v := q.r.URL.Query()
	size := number(v.Get("MaxItems"))
	if size > 100 {
		return &fault{status: http.StatusBadRequest, code: "InvalidArgument", message: "MaxItems is over 100"}
	}
	from, to, next := q.window(v.Get("Marker"), size, 100, q.pop.more("distribution"))
	var b strings.Builder
	for i := from; i < to; i++ {
		if !q.gone(distributionID(i)) {
			fmt.Fprintf(&b, `<DistributionSummary><Id>%s</Id><ARN>%s</ARN><Status>Deployed</Status><LastModifiedTime>2025-01-01T00:00:00Z</LastModifiedTime><DomainName>%s</DomainName>%s<HttpVersion>HTTP2</HttpVersion></DistributionSummary>`,
				distributionID(i), q.distributionARN(i), distributionDomain(i), q.distributionBody(i))
		}
	}
	if next != "" {
		next = "<NextMarker>" + next + "</NextMarker>"
	}
	return q.xml(fmt.Sprintf(`<DistributionList %s><Marker>%s</Marker>%s<MaxItems>100</MaxItems><IsTruncated>%t</IsTruncated><Quantity>%d</Quantity><Items>%s</Items></DistributionList>`,
		cloudfrontNS, v.Get("Marker"), next, next != "", to-from, b.String()))
}

func (q *request) distributionConfig(namespace string, i int) string {
	root := ""
	if q.touched(distributionID(i)) {
		root = "index.html"
	}
	return fmt.Sprintf(`<DistributionConfig %s><CallerReference>ref-%d</CallerReference>%s<HttpVersion>http2</HttpVersion><DefaultRootObject>%s</DefaultRootObject><Logging><Enabled>%t</Enabled><IncludeCookies>false</IncludeCookies><Bucket>logs.s3.amazonaws.com</Bucket><Prefix/></Logging><ContinuousDeploymentPolicyId/></DistributionConfig>`,
		namespace, i, q.distributionBody(i), root, i%2 == 0)
}

// distributionBody is what the list and the configuration share.
func (q *request) distributionBody(i int) string {
	policy := "redirect-to-https"
	if i%4 == 0 {
		policy = "allow-all"
	}
	return fmt.Sprintf(`<Aliases><Quantity>0</Quantity></Aliases><Origins><Quantity>1</Quantity><Items><Origin><Id>app</Id><DomainName>app-%d.example.com</DomainName><OriginPath/><CustomHeaders><Quantity>0</Quantity></CustomHeaders><CustomOriginConfig><HTTPPort>80</HTTPPort><HTTPSPort>443</HTTPSPort><OriginProtocolPolicy>https-only</OriginProtocolPolicy><OriginSslProtocols><Quantity>1</Quantity><Items><SslProtocol>TLSv1.2</SslProtocol></Items></OriginSslProtocols><OriginReadTimeout>30</OriginReadTimeout><OriginKeepaliveTimeout>5</OriginKeepaliveTimeout></CustomOriginConfig><ConnectionAttempts>3</ConnectionAttempts><ConnectionTimeout>10</ConnectionTimeout></Origin></Items></Origins><OriginGroups><Quantity>0</Quantity></OriginGroups><DefaultCacheBehavior><TargetOriginId>app</TargetOriginId><ViewerProtocolPolicy>%s</ViewerProtocolPolicy><Compress>true</Compress><CachePolicyId>cache-policy</CachePolicyId></DefaultCacheBehavior><CacheBehaviors><Quantity>0</Quantity></CacheBehaviors><CustomErrorResponses><Quantity>0</Quantity></CustomErrorResponses><Comment/><PriceClass>PriceClass_All</PriceClass><Enabled>true</Enabled><ViewerCertificate><CloudFrontDefaultCertificate>true</CloudFrontDefaultCertificate><MinimumProtocolVersion>TLSv1</MinimumProtocolVersion></ViewerCertificate><Restrictions><GeoRestriction><RestrictionType>none</RestrictionType><Quantity>0</Quantity></GeoRestriction></Restrictions><WebACLId/><IsIPV6Enabled>true</IsIPV6Enabled><Staging>false</Staging>`,
		i, policy)
}
