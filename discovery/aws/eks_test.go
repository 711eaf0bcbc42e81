package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullEKSCluster = `{"cluster":{"name":"eks-000000","arn":"arn:c","roleArn":"arn:r","version":"1.33","deletionProtection":true,"tags":{"a":""},` +
	`"logging":{"clusterLogging":[{"types":["audit","api"],"enabled":true},{"types":["scheduler"],"enabled":false}]},"encryptionConfig":[{"resources":["secrets"],"provider":{"keyArn":"arn:k"}}],` +
	`"resourcesVpcConfig":{"vpcId":"vpc-1","subnetIds":["b","a"],"securityGroupIds":["g"],"clusterSecurityGroupId":"sg","endpointPublicAccess":true,"endpointPrivateAccess":true,"publicAccessCidrs":["10.0.0.0/8","0.0.0.0/0"]},` +
	`"accessConfig":{"authenticationMode":"API","bootstrapClusterCreatorAdminPermissions":false},"upgradePolicy":{"supportType":"STANDARD"},"controlPlaneScalingConfig":{"tier":"standard"},` +
	`"kubeApiServerConfig":{"eventTtl":"1h"},"kubeSchedulerConfig":{"nodeResourcesFit":{"scoringStrategy":{"type":"LeastAllocated","resources":[{"name":"cpu","weight":1}]}}},` +
	`"kubeControllerManagerConfig":{"podGcControllerConfig":{"terminatedPodGcThreshold":100},"horizontalPodAutoscalerControllerConfig":{"horizontalPodAutoscalerSyncPeriod":"15s"}},` +
	`"outpostConfig":{"controlPlaneInstanceType":"m5.large","outpostArns":["arn:o"],"controlPlanePlacement":{"groupName":"g"}},"zonalShiftConfig":{"enabled":true},` +
	`"computeConfig":{"enabled":true,"nodePools":["system"],"nodeRoleArn":"arn:n"},"storageConfig":{"blockStorage":{"enabled":true}},` +
	`"kubernetesNetworkConfig":{"ipFamily":"ipv4","serviceIpv4Cidr":"172.20.0.0/16","elasticLoadBalancing":{"enabled":true}},` +
	`"remoteNetworkConfig":{"remoteNodeNetworks":[{"cidrs":["b","a"]}],"remotePodNetworks":[{"cidrs":["c"]}]}}}`

const fullNodeGroup = `{"nodegroup":{"nodegroupArn":"arn:g","nodeRole":"arn:r","amiType":"CUSTOM","capacityType":"SPOT","version":"1.33","releaseVersion":"1","instanceTypes":["b","a"],"subnets":["s2","s1"],` +
	`"labels":{"a":"b"},"diskSize":20,"scalingConfig":{"minSize":0,"maxSize":3,"desiredSize":1},"updateConfig":{"maxUnavailable":1},"launchTemplate":{"id":"lt","name":"n","version":"1"},` +
	`"nodeRepairConfig":{"enabled":true},"remoteAccess":{"ec2SshKey":"k","sourceSecurityGroups":["g2","g1"]},"taints":[{"key":"k","value":"v","effect":"NO_SCHEDULE"}],"tags":{"a":"b"}}}`

const fullAddon = `{"addon":{"addonArn":"arn:a","addonVersion":"v1","serviceAccountRoleArn":"arn:r","configurationValues":"{}","namespaceConfig":{"namespace":"n"},"podIdentityAssociations":["arn:p"],"tags":{"a":"b"}}}`

func kubernetes(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"eksCluster": n, "nodeGroup": n, "addon": n}})
}

var eksCalls = map[string]string{typeEKSCluster: "eks:DescribeCluster", typeNodeGroup: "eks:DescribeNodegroup", typeAddon: "eks:DescribeAddon"}

func TestGoldenKubernetes(t *testing.T) {
	t.Parallel()
	refused := func(status int, code string) seen {
		a := kubernetes(1)
		for _, operation := range eksCalls {
			a.fails(operation, status, jsonError(code))
		}
		return a.read(t, eksService, home)
	}
	golden(t, "eks", kubernetes(2).read(t, eksService, home).sorted())
	everything := kubernetes(1).says("eks:DescribeCluster", fullEKSCluster).says("eks:DescribeNodegroup", fullNodeGroup).says("eks:DescribeAddon", fullAddon).read(t, eksService, home)
	golden(t, "eks-full", everything.sorted())
	denied := refused(http.StatusForbidden, "AccessDeniedException")
	golden(t, "eks-denied", denied.sorted())
	golden(t, "eks-failed", refused(http.StatusInternalServerError, "ServerException").sorted())
	saysWhatItMisses(t, everything, denied)
	// What is not in the answer is not "off".
	golden(t, "eks-silent", kubernetes(1).says("eks:DescribeCluster", `{"cluster":{"name":"eks-000000"}}`).says("eks:DescribeNodegroup", `{}`).says("eks:DescribeAddon", `{}`).
		read(t, eksService, home).sorted())
}

// What goes while it is read is not there; a cluster takes its parts along.
func TestKubernetesDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	gone := answer{http.StatusNotFound, jsonError(eksGone)}
	for operation, left := range map[string]map[string]int{
		"eks:DescribeCluster":   {typeEKSCluster: 1, typeNodeGroup: 2, typeAddon: 2},
		"eks:ListNodegroups":    {typeEKSCluster: 2, typeNodeGroup: 0, typeAddon: 2},
		"eks:ListAddons":        {typeEKSCluster: 2, typeNodeGroup: 2, typeAddon: 0},
		"eks:DescribeNodegroup": {typeEKSCluster: 2, typeNodeGroup: 0, typeAddon: 2},
		"eks:DescribeAddon":     {typeEKSCluster: 2, typeNodeGroup: 2, typeAddon: 0},
	} {
		s := kubernetes(2).asked(operation, naming("eks-000000", gone)).read(t, eksService, home)
		for token, n := range left {
			if s.count(token) != n || s.scopes[token].State != schemas.ScopeComplete {
				t.Errorf("%s: %d of %s, %+v", operation, s.count(token), token, s.scopes[token])
			}
		}
	}
}

// One cluster whose node groups may not be listed leaves those of the others, and a
// list that is not complete.
func TestOneDeniedClusterOfMany(t *testing.T) {
	t.Parallel()
	s := kubernetes(2).asked("eks:ListNodegroups", naming("eks-000001", answer{http.StatusForbidden, jsonError("AccessDeniedException")})).read(t, eksService, home)
	if e := s.scopes[typeNodeGroup]; s.count(typeNodeGroup) != 2 || e.State != schemas.ScopeDenied || e.Call != "eks:ListNodegroups" {
		t.Errorf("%d node groups, %+v", s.count(typeNodeGroup), e)
	}
	if s.scopes[typeEKSCluster].State != schemas.ScopeComplete || s.scopes[typeAddon].State != schemas.ScopeComplete {
		t.Errorf("%+v", s.scopes)
	}
}

func TestVerifyKubernetes(t *testing.T) {
	t.Parallel()
	// An answer without a cluster does not say that there is one.
	key := schemas.Key{Region: home, Type: typeEKSCluster, ID: "eks-000000"}
	if emitted, gone, err := kubernetes(1).says("eks:DescribeCluster", `{}`).verify(t, eksService, key); err == nil || len(emitted)+len(gone) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	p := awsfake.Population{More: map[string]int{"eksCluster": 2, "nodeGroup": 3, "addon": 3}}
	verifies(t, eksService, p, "eks-000000", eksCalls)
	for token, name := range map[string]string{typeNodeGroup: "nodes-000001", typeAddon: "addon-000001"} {
		verifies(t, eksService, p, name, map[string]string{token: eksCalls[token]})
	}
}
