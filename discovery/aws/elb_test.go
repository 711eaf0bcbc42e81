package aws

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func classics(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"classicLoadBalancer": n}})
}

var fullClassic = iamAnswer("DescribeLoadBalancers", `<LoadBalancerDescriptions><member><LoadBalancerName>old</LoadBalancerName><Scheme>internal</Scheme>
<AvailabilityZones><member>us-east-1b</member><member>us-east-1a</member></AvailabilityZones><Subnets><member>subnet-2</member><member>subnet-1</member></Subnets>
<SecurityGroups><member>sg-2</member><member>sg-1</member></SecurityGroups><SourceSecurityGroup><OwnerAlias>123456789012</OwnerAlias><GroupName>default</GroupName></SourceSecurityGroup>
<Instances><member><InstanceId>i-2</InstanceId></member><member><InstanceId>i-1</InstanceId></member></Instances>
<HealthCheck><Target>HTTP:80/</Target><Interval>30</Interval><Timeout>5</Timeout><UnhealthyThreshold>2</UnhealthyThreshold><HealthyThreshold>10</HealthyThreshold></HealthCheck>
<ListenerDescriptions><member><Listener><Protocol>SSL</Protocol><LoadBalancerPort>8443</LoadBalancerPort><InstanceProtocol>TCP</InstanceProtocol><InstancePort>8080</InstancePort><SSLCertificateId>arn:cert</SSLCertificateId></Listener></member>
<member><Listener><Protocol>HTTP</Protocol><LoadBalancerPort>80</LoadBalancerPort><InstanceProtocol>HTTP</InstanceProtocol><InstancePort>80</InstancePort></Listener></member></ListenerDescriptions></member></LoadBalancerDescriptions>`)

var fullClassicAttributes = iamAnswer("DescribeLoadBalancerAttributes", `<LoadBalancerAttributes><CrossZoneLoadBalancing><Enabled>true</Enabled></CrossZoneLoadBalancing>
<AccessLog><Enabled>true</Enabled><S3BucketName>logs</S3BucketName><S3BucketPrefix>p</S3BucketPrefix><EmitInterval>5</EmitInterval></AccessLog>
<ConnectionDraining><Enabled>true</Enabled><Timeout>30</Timeout></ConnectionDraining><ConnectionSettings><IdleTimeout>70</IdleTimeout></ConnectionSettings>
<AdditionalAttributes><member><Key>elb.http.desyncmitigationmode</Key><Value>strictest</Value></member></AdditionalAttributes></LoadBalancerAttributes>`)

func TestGoldenClassicLoadBalancers(t *testing.T) {
	t.Parallel()
	golden(t, "elb", classics(2).read(t, elbService, home).sorted())
	full := classics(0).says("elasticloadbalancing:DescribeLoadBalancers", fullClassic).says("elasticloadbalancing:DescribeLoadBalancerAttributes", fullClassicAttributes)
	golden(t, "elb-full", full.read(t, elbService, home).sorted())
	denied := classics(1).fails("elasticloadbalancing:DescribeLoadBalancerAttributes", http.StatusForbidden, iamError("AccessDenied")).
		fails("tagging:GetResources", http.StatusBadRequest, jsonError("AccessDeniedException"))
	golden(t, "elb-denied", denied.read(t, elbService, home).sorted())
	failed := classics(1).fails("elasticloadbalancing:DescribeLoadBalancerAttributes", http.StatusInternalServerError, iamError("InternalFailure"))
	golden(t, "elb-failed", failed.read(t, elbService, home).sorted())
	silent := classics(0).says("elasticloadbalancing:DescribeLoadBalancers", iamAnswer("DescribeLoadBalancers", "<LoadBalancerDescriptions><member><LoadBalancerName>old</LoadBalancerName></member></LoadBalancerDescriptions>")).
		says("elasticloadbalancing:DescribeLoadBalancerAttributes", iamAnswer("DescribeLoadBalancerAttributes", ""))
	golden(t, "elb-silent", silent.read(t, elbService, home).sorted())
}

func TestClassicLoadBalancerDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	a := classics(2).asked("elasticloadbalancing:DescribeLoadBalancerAttributes", func(_ string, q url.Values) answer {
		if strings.HasSuffix(q.Get("LoadBalancerName"), "0") {
			return answer{http.StatusBadRequest, iamError("LoadBalancerNotFound")}
		}
		return answer{}
	})
	s := a.read(t, elbService, home)
	if s.count(typeClassicLoadBalancer) != 1 || s.scopes[typeClassicLoadBalancer].State != schemas.ScopeComplete {
		t.Errorf("%d load balancers, %+v", s.count(typeClassicLoadBalancer), s.scopes[typeClassicLoadBalancer])
	}
}

func TestVerifyClassicLoadBalancers(t *testing.T) {
	t.Parallel()
	removedOrThere(t, elbService, awsfake.Population{More: map[string]int{"*": 2}}, map[string]string{typeClassicLoadBalancer: "elasticloadbalancing:DescribeLoadBalancers"},
		schemas.Key{Region: home, Type: typeClassicLoadBalancer, ID: "classic-000001"})
}
