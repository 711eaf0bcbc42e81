package aws

import (
	"net/http"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullECSCluster = `{"clusters":[{"clusterArn":"arn:aws:ecs:us-east-1:123456789012:cluster/cluster-000000","clusterName":"cluster-000000","status":"ACTIVE",` +
	`"settings":[{"name":"containerInsights","value":"enhanced"}],"serviceConnectDefaults":{"namespace":"arn:n"},"tags":[{"key":"a","value":""}],` +
	`"configuration":{"executeCommandConfiguration":{"kmsKeyId":"k","logging":"OVERRIDE","logConfiguration":{"cloudWatchEncryptionEnabled":true,` +
	`"cloudWatchLogGroupName":"g","s3BucketName":"b","s3EncryptionEnabled":true,"s3KeyPrefix":"p"}},"managedStorageConfiguration":{"kmsKeyId":"k1","fargateEphemeralStorageKmsKeyId":"k2"}}}]}`

const fullECSService = `{"services":[{"serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/cluster-000000/service-000000","status":"ACTIVE","clusterArn":"arn:aws:ecs:us-east-1:123456789012:cluster/cluster-000000",` +
	`"taskDefinition":"arn:d","desiredCount":2,"launchType":"EC2","platformVersion":"1.4.0","roleArn":"arn:r","schedulingStrategy":"REPLICA","propagateTags":"SERVICE","availabilityZoneRebalancing":"ENABLED",` +
	`"enableECSManagedTags":true,"enableExecuteCommand":true,"healthCheckGracePeriodSeconds":0,"deploymentController":{"type":"ECS"},` +
	`"deploymentConfiguration":{"strategy":"CANARY","bakeTimeInMinutes":0,"canaryConfiguration":{"canaryPercent":5.5,"canaryBakeTimeInMinutes":10},` +
	`"linearConfiguration":{"stepPercent":10,"stepBakeTimeInMinutes":6},"lifecycleHooks":[{"hookTargetArn":"arn:f","roleArn":"arn:r","lifecycleStages":["PRE_SCALE_UP"],"hookDetails":{"a":[1,"b"]},"targetType":"AWS_LAMBDA",` +
	`"timeoutConfiguration":{"action":"ROLLBACK","timeoutInMinutes":5}}],"alarms":{"alarmNames":["b","a"],"enable":true,"rollback":false},"maximumPercent":200,"minimumHealthyPercent":50,"deploymentCircuitBreaker":{"enable":true,"rollback":true}},` +
	`"capacityProviderStrategy":[{"capacityProvider":"b","weight":1,"base":0},{"capacityProvider":"a","weight":2,"base":1}],"loadBalancers":[{"containerName":"c","containerPort":80,"targetGroupArn":"arn:t"},{"containerName":"c","containerPort":80,"loadBalancerName":"elb"}],` +
	`"serviceRegistries":[{"registryArn":"arn:s","port":1}],"placementConstraints":[{"type":"distinctInstance"}],"placementStrategy":[{"type":"spread","field":"z"},{"type":"binpack","field":"cpu"}],` +
	`"networkConfiguration":{"awsvpcConfiguration":{"subnets":["s2","s1"],"securityGroups":["g"],"assignPublicIp":"ENABLED"}},"tags":[{"key":"a","value":"b"}],` +
	`"deployments":[{"status":"ACTIVE","serviceConnectConfiguration":{"enabled":false}},{"status":"PRIMARY","serviceConnectConfiguration":{"enabled":true,"namespace":"arn:n",` +
	`"accessLogConfiguration":{"format":"JSON","includeQueryParameters":"DISABLED"},"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g"},"secretOptions":[{"name":"n","valueFrom":"arn:s"}]},` +
	`"services":[{"portName":"http","discoveryName":"d","ingressPortOverride":8080,"clientAliases":[{"port":80,"dnsName":"web","testTrafficRules":{"header":{"name":"x","value":{"exact":"y"}}}}],` +
	`"timeout":{"idleTimeoutSeconds":1,"perRequestTimeoutSeconds":2},"tls":{"issuerCertificateAuthority":{"awsPcaAuthorityArn":"arn:pca"},"kmsKey":"k","roleArn":"arn:r"}}]},` +
	`"vpcLatticeConfigurations":[{"portName":"http","roleArn":"arn:r","targetGroupArn":"arn:t"}],"volumeConfigurations":[{"name":"v","managedEBSVolume":{"roleArn":"arn:r","encrypted":true,"filesystemType":"xfs","iops":3000,"kmsKeyId":"k","sizeInGiB":10,"snapshotId":"s","throughput":125,"volumeType":"gp3","tagSpecifications":[{"resourceType":"volume"}]}}]}]}]}`

const fullDefinition = `{"taskDefinition":{"status":"ACTIVE","cpu":"256","memory":"512","networkMode":"host","pidMode":"host","ipcMode":"task","executionRoleArn":"arn:e","taskRoleArn":"arn:t",` +
	`"requiresCompatibilities":["FARGATE","EC2"],"runtimePlatform":{"cpuArchitecture":"ARM64","operatingSystemFamily":"LINUX"},"enableFaultInjection":false,"ephemeralStorage":{"sizeInGiB":30},` +
	`"placementConstraints":[{"type":"memberOf","expression":"e"}],"proxyConfiguration":{"type":"APPMESH","containerName":"envoy","properties":[{"name":"ProxyUID","value":"1337"}]},` +
	`"volumes":[{"name":"h","host":{"sourcePath":"/var"}},{"name":"e","efsVolumeConfiguration":{"fileSystemId":"fs-1","rootDirectory":"/","transitEncryption":"ENABLED","transitEncryptionPort":2049,"authorizationConfig":{"accessPointId":"fsap-1","iam":"ENABLED"}}},` +
	`{"name":"d","configuredAtLaunch":false,"dockerVolumeConfiguration":{"scope":"shared","autoprovision":true,"driver":"local","driverOpts":{"o":""},"labels":{"a":"b"}}},` +
	`{"name":"w","fsxWindowsFileServerVolumeConfiguration":{"fileSystemId":"fs-2","rootDirectory":"/","authorizationConfig":{"credentialsParameter":"arn:c","domain":"d"}}},` +
	`{"name":"s","s3filesVolumeConfiguration":{"fileSystemArn":"arn:f","accessPointArn":"arn:a","rootDirectory":"/","transitEncryptionPort":1}}],` +
	`"containerDefinitions":[{"name":"web","image":"web:1","cpu":0,"memory":128,"essential":true,"privileged":false,"readonlyRootFilesystem":true,"user":"1000","command":["sh","-c","a && b"],` +
	`"environment":[{"name":"B","value":"2"},{"name":"A","value":""}],"secrets":[{"name":"S","valueFrom":"arn:s"}],"environmentFiles":[],"portMappings":[{"containerPort":80,"hostPort":80,"protocol":"tcp"}],` +
	`"dockerLabels":{"x":"y","z":""},"logConfiguration":{"logDriver":"awslogs","options":{"awslogs-group":"g"}},"linuxParameters":{"capabilities":{"add":["SYS_PTRACE"]},"initProcessEnabled":true},` +
	`"healthCheck":{"command":["CMD","true"],"interval":30},"ulimits":[{"name":"nofile","softLimit":1,"hardLimit":2}],"mountPoints":[{"sourceVolume":"h","containerPath":"/h","readOnly":true}]},` +
	`{"name":"proxy","image":"envoy:1","firelensConfiguration":{"type":"fluentbit","options":{"k":"v"}}}]},"tags":[{"key":"a","value":"b"}]}`

func containers(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"ecsCluster": n, "ecsService": n, "taskDefinition": n}})
}

const (
	ecsClustersCall    = "ecs:DescribeClusters"
	ecsServicesCall    = "ecs:DescribeServices"
	ecsDefinitionsCall = "ecs:DescribeTaskDefinition"
)

func TestGoldenContainers(t *testing.T) {
	t.Parallel()
	refused := func(status int, code string) seen {
		a := containers(1)
		for _, operation := range []string{ecsClustersCall, ecsServicesCall, ecsDefinitionsCall} {
			a.fails(operation, status, jsonError(code))
		}
		return a.read(t, ecsService, home)
	}
	golden(t, "ecs", containers(2).read(t, ecsService, home).sorted())
	everything := containers(1).says(ecsClustersCall, fullECSCluster).says(ecsServicesCall, fullECSService).says(ecsDefinitionsCall, fullDefinition).read(t, ecsService, home)
	golden(t, "ecs-full", everything.sorted())
	denied := refused(http.StatusBadRequest, "AccessDeniedException")
	golden(t, "ecs-denied", denied.sorted())
	golden(t, "ecs-failed", refused(http.StatusInternalServerError, "ServerException").sorted())
	saysWhatItMisses(t, everything, denied)
	// What is not in the answer is not "off".
	golden(t, "ecs-silent", containers(1).says(ecsClustersCall, `{"clusters":[{"clusterArn":"arn:aws:ecs:us-east-1:123456789012:cluster/cluster-000000"}]}`).
		says(ecsServicesCall, `{"services":[{"serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/cluster-000000/service-000000"}]}`).
		says(ecsDefinitionsCall, `{"taskDefinition":{"status":"ACTIVE"}}`).read(t, ecsService, home).sorted())
}

// saysWhatItMisses checks that a refused read lists every property that a full one has.
func saysWhatItMisses(t *testing.T, full, refused seen) {
	t.Helper()
	for _, o := range full.list {
		r, ok := refused.one(o.Type, o.ID)
		if !ok {
			t.Errorf("%s is missing", o.Key)
		}
		for name := range o.Properties {
			if _, known := r.Properties[name]; !known && unknown(r, name) == nil {
				t.Errorf("%s: %s is missing and not unknown", o.Key, name)
			}
		}
	}
}

// What ECS neither shows nor calls missing is not gone, and what it calls missing or
// inactive is.
func TestContainersInHalfAnAnswer(t *testing.T) {
	t.Parallel()
	const arn = `"arn:aws:ecs:us-east-1:123456789012:cluster/cluster-000000"`
	key := schemas.Key{Region: home, Type: typeECSCluster, ID: "cluster-000000"}
	for name, c := range map[string]struct {
		answer string
		gone   bool
		reason string
	}{
		"nothing":  {`{}`, false, notInAnswer},
		"failure":  {`{"failures":[{"arn":` + arn + `,"reason":"INTERNAL"}]}`, false, "INTERNAL"},
		"missing":  {`{"failures":[{"arn":` + arn + `,"reason":"MISSING"}]}`, true, ""},
		"inactive": {`{"clusters":[{"clusterArn":` + arn + `,"status":"INACTIVE"}]}`, true, ""},
	} {
		a := containers(1).says(ecsClustersCall, c.answer)
		emitted, gone, err := a.verify(t, ecsService, key)
		if (len(gone) == 1) != c.gone || (err == nil) != c.gone || len(emitted) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", name, emitted, gone, err)
		}
		s := a.read(t, ecsService, home)
		o, there := s.one(typeECSCluster, "cluster-000000")
		if there == c.gone || s.scopes[typeECSCluster].State != schemas.ScopeComplete {
			t.Errorf("%s: read %+v, %+v", name, o, s.scopes[typeECSCluster])
		}
		if u := unknown(o, "settings"); !c.gone && (u == nil || u.State != schemas.FacetFailed || !strings.Contains(u.Reason, c.reason)) {
			t.Errorf("%s: settings are %+v", name, u)
		}
	}
}

// What goes while it is read is not there.
func TestContainersDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	gone := answer{http.StatusBadRequest, jsonError(ecsClusterGone)}
	for _, operation := range []string{"ecs:ListServices", ecsServicesCall} {
		s := containers(2).asked(operation, naming("cluster-000000", gone)).read(t, ecsService, home)
		if s.count(typeECSService) != 0 || s.scopes[typeECSService].State != schemas.ScopeComplete {
			t.Errorf("%s: %d services, %+v", operation, s.count(typeECSService), s.scopes[typeECSService])
		}
	}
	for name, c := range map[string]struct {
		body  string
		state schemas.FacetState // of what is there all the same
	}{
		"deregistered":  {`{"taskDefinition":{"status":"INACTIVE"}}`, ""},
		"gone":          {`{"__type":"ClientException","message":"Unable to describe task definition."}`, ""},
		"wrong request": {`{"__type":"ClientException","message":"Invalid identifier"}`, schemas.FacetFailed},
		"no answer":     {`{}`, schemas.FacetFailed},
	} {
		status := http.StatusOK
		if strings.Contains(c.body, "__type") {
			status = http.StatusBadRequest
		}
		a := containers(2).asked(ecsDefinitionsCall, naming("family-000000", answer{status, c.body}))
		s := a.read(t, ecsService, home)
		key := schemas.Key{Region: home, Type: typeTaskDefinition, ID: "arn:aws:ecs:us-east-1:123456789012:task-definition/family-000000:1"}
		o, there := s.one(key.Type, key.ID)
		if there != (c.state != "") || s.count(typeTaskDefinition) < 1 || s.scopes[typeTaskDefinition].State != schemas.ScopeComplete {
			t.Errorf("%s: %+v, %+v", name, o, s.scopes[typeTaskDefinition])
		}
		if there {
			wantUnknown(t, o, "containerDefinitions", c.state, ecsDefinitionsCall)
		}
		if _, gone, err := a.verify(t, ecsService, key); (len(gone) == 1) == there || (err != nil) != there {
			t.Errorf("%s: gone %v, %v", name, gone, err)
		}
	}
}

// Where an external controller deploys, the primary task set has the network.
func TestServiceOfTaskSets(t *testing.T) {
	t.Parallel()
	s := containers(1).says(ecsServicesCall, `{"services":[{"serviceArn":"arn:aws:ecs:us-east-1:123456789012:service/cluster-000000/service-000000","deploymentController":{"type":"EXTERNAL"},`+
		`"taskSets":[{"status":"ACTIVE","networkConfiguration":{"awsvpcConfiguration":{"subnets":["a"],"assignPublicIp":"DISABLED"}}},`+
		`{"status":"PRIMARY","networkConfiguration":{"awsvpcConfiguration":{"subnets":["b"],"assignPublicIp":"ENABLED"}}}]}]}`).read(t, ecsService, home)
	o, _ := s.one(typeECSService, "cluster-000000/service-000000")
	network, _ := o.Properties["networkConfiguration"].(map[string]any)
	if network["assignPublicIp"] != true || unknown(o, "taskDefinition") != nil {
		t.Errorf("%+v", o)
	}
}

func TestVerifyContainers(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"ecsCluster": 3, "ecsService": 12, "taskDefinition": 3}}
	verifies(t, ecsService, p, "service-000011", map[string]string{typeECSService: ecsServicesCall})
	verifies(t, ecsService, p, "cluster-000000", map[string]string{typeECSCluster: ecsClustersCall, typeECSService: ecsServicesCall})
	verifies(t, ecsService, p, "family-000000:1", map[string]string{typeTaskDefinition: ecsDefinitionsCall})
}
