package aws

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// What is read on demand of others than buckets: properties as awsfake answers of
// the first of a kind, and of an answer that says that nothing is configured.
var moreOnDemand = []struct {
	svc        *service
	population awsfake.Population
	token      string
	call       call
	op         string // of awsfake
	says, want string // an answer with everything, and what becomes of it
	none       string // an answer that says that nothing is configured
	wantNone   string
	paths      []string
	silent     string // an answer that says nothing
}{
	{
		dynamodbService, one("table"), typeTable, tableTTL, "dynamodb:DescribeTimeToLive",
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"expires"}}`, `{"ttl":{"attributeName":"expires","enabled":true}}`,
		`{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}`, `{"ttl":{"enabled":false}}`,
		[]string{"ttl"},
		`{}`,
	},
	{
		efsService, one("fileSystem"), typeFileSystem, fileSystemLifecycle, "elasticfilesystem:DescribeLifecycleConfiguration",
		`{"LifecyclePolicies":[{"TransitionToPrimaryStorageClass":"AFTER_1_ACCESS"},{"TransitionToIA":"AFTER_7_DAYS"},{"TransitionToArchive":"AFTER_90_DAYS"}]}`,
		`{"lifecyclePolicies":[{"transitionToArchive":"AFTER_90_DAYS"},{"transitionToIa":"AFTER_7_DAYS"},{"transitionToPrimaryStorageClass":"AFTER_1_ACCESS"}]}`,
		`{"LifecyclePolicies":[]}`, `{}`,
		[]string{"lifecyclePolicies"},
		`{}`,
	},
	{
		lambdaService, one("function"), typeFunction, functionCode, "lambda:GetFunction",
		`{"Code":{"RepositoryType":"ECR","ImageUri":"image:1","SourceKMSKeyArn":"arn:key","Location":"https://secret"}}`, `{"imageUri":"image:1","sourceKmsKeyArn":"arn:key"}`,
		`{"Code":{"RepositoryType":"S3"}}`, `{}`,
		[]string{"imageUri", "sourceKmsKeyArn"},
		`{}`,
	},
	{
		lambdaService, one("function"), typeFunction, functionSigning, "lambda:GetFunctionCodeSigningConfig",
		`{"FunctionName":"f","CodeSigningConfigArn":"arn:c"}`, `{"codeSigningConfigArn":"arn:c"}`, `{"FunctionName":"f"}`, `{}`,
		[]string{"codeSigningConfigArn"},
		`{}`,
	},
	{
		secretsmanagerService, one("secret"), typeSecret, secretDescription, "secretsmanager:DescribeSecret",
		`{"ARN":"a","ReplicationStatus":[{"Region":"us-west-2","KmsKeyId":"k"},{"Region":"eu-west-1"}]}`, `{"replicas":[{"kmsKeyId":"k","region":"us-west-2"},{"region":"eu-west-1"}]}`,
		`{"ARN":"a"}`, `{}`,
		[]string{"replicas"},
		`{}`,
	},
	{
		acmService, one("certificate"), typeCertificate, certificateDetails, "acm:DescribeCertificate",
		`{"Certificate":{"CertificateArn":"a","Type":"AMAZON_ISSUED","CertificateAuthorityArn":"arn:ca","DomainValidationOptions":[{"DomainName":"b","ValidationMethod":"DNS",` +
			`"ResourceRecord":{"Name":"n","Type":"CNAME","Value":"v"}},{"DomainName":"a","ValidationMethod":"DNS"}],"RenewalSummary":{"RenewalStatus":"FAILED",` +
			`"RenewalStatusReason":"NO_AVAILABLE_CONTACTS","UpdatedAt":1735689600},"Options":{"CertificateTransparencyLoggingPreference":"DISABLED"}}}`,
		`{"certificateAuthorityArn":"arn:ca","domainValidationOptions":[{"domainName":"b","resourceRecordName":"n","resourceRecordType":"CNAME","resourceRecordValue":"v"}],` +
			`"renewalSummaries":[{"renewalStatus":"FAILED","renewalStatusReason":"NO_AVAILABLE_CONTACTS","updatedAt":"2025-01-01T00:00:00Z"}],"validationMethod":"DNS"}`,
		`{"Certificate":{"CertificateArn":"a","Type":"IMPORTED"}}`, `{"validationMethod":"NONE"}`,
		[]string{"certificateAuthorityArn", "domainValidationOptions", "options.certificateTransparencyLoggingPreference", "renewalSummaries", "validationMethod"},
		`{}`,
	},
	{
		elbv2Service, one("loadBalancer"), typeLoadBalancer, loadBalancerCapacity, "elasticloadbalancing:DescribeCapacityReservation",
		iamAnswer("DescribeCapacityReservation", `<MinimumLoadBalancerCapacity><CapacityUnits>100</CapacityUnits></MinimumLoadBalancerCapacity>`),
		`{"minimumLoadBalancerCapacity":{"capacityUnits":100}}`,
		iamAnswer("DescribeCapacityReservation", `<CapacityReservationState/>`), `{}`,
		[]string{"minimumLoadBalancerCapacity"},
		iamAnswer("DescribeCapacityReservation", ``),
	},
	{
		autoscalingService, one("scalingGroup"), typeScalingGroup, scalingHooks, "autoscaling:DescribeLifecycleHooks",
		iamAnswer("DescribeLifecycleHooks", `<LifecycleHooks><member><LifecycleHookName>b</LifecycleHookName><LifecycleTransition>t</LifecycleTransition><HeartbeatTimeout>60</HeartbeatTimeout>`+
			`<DefaultResult>ABANDON</DefaultResult><NotificationMetadata>m</NotificationMetadata><NotificationTargetARN>arn:n</NotificationTargetARN><RoleARN>arn:r</RoleARN></member>`+
			`<member><LifecycleHookName>a</LifecycleHookName></member></LifecycleHooks>`),
		`{"initialLifecycleHooks":[{"defaultResult":"ABANDON","heartbeatTimeout":60,"lifecycleTransition":"t","name":"b","notificationMetadata":"m","notificationTargetArn":"arn:n","roleArn":"arn:r"},{"name":"a"}]}`,
		iamAnswer("DescribeLifecycleHooks", `<LifecycleHooks/>`), `{}`,
		[]string{"initialLifecycleHooks"},
		iamAnswer("DescribeLifecycleHooks", ``),
	},
	{
		eksService,
		awsfake.Population{More: map[string]int{"eksCluster": 1, "addon": 1}},
		typeAddon, addonIdentity, "eks:DescribePodIdentityAssociation",
		`{"association":{"roleArn":"arn:r","serviceAccount":"s"}}`, `{"podIdentityAssociations":[{"roleArn":"arn:r","serviceAccount":"s"}]}`,
		`{"association":{"roleArn":"arn:r"}}`, `{"podIdentityAssociations":[{"roleArn":"arn:r"}]}`,
		[]string{"podIdentityAssociations"},
		`{}`,
	},
	{
		snsService, one("topicSubscription"), typeTopicSubscription, subscriptionAttributes, "sns:GetSubscriptionAttributes",
		attributesAnswer("GetSubscriptionAttributes", "TopicArn", "t", "ConfirmationWasAuthenticated", "true", "RawMessageDelivery", "true", "DeliveryPolicy", "d", "FilterPolicy", "f",
			"FilterPolicyScope", "MessageBody", "RedrivePolicy", "r", "ReplayPolicy", "y", "SubscriptionRoleArn", "arn:r"),
		`{"confirmationWasAuthenticated":true,"deliveryPolicy":"d","filterPolicy":"f","filterPolicyScope":"MessageBody","rawMessageDelivery":true,"redrivePolicy":"r","replayPolicy":"y","subscriptionRoleArn":"arn:r"}`,
		attributesAnswer("GetSubscriptionAttributes", "TopicArn", "t", "ConfirmationWasAuthenticated", "false", "RawMessageDelivery", "false"),
		`{"confirmationWasAuthenticated":false,"rawMessageDelivery":false}`,
		[]string{
			"confirmationWasAuthenticated", "deliveryPolicy", "filterPolicy", "filterPolicyScope", "rawMessageDelivery", "redrivePolicy", "replayPolicy", "subscriptionRoleArn",
		},
		attributesAnswer("GetSubscriptionAttributes"),
	},
	{
		iamService,
		awsfake.Population{Roles: 1},
		typeRole, roleDescription, "iam:GetRole",
		iamAnswer("GetRole", `<Role><Description>d</Description><MaxSessionDuration>7200</MaxSessionDuration></Role>`), `{"description":"d","maxSessionDuration":7200}`,
		iamAnswer("GetRole", `<Role><MaxSessionDuration>3600</MaxSessionDuration></Role>`), `{"maxSessionDuration":3600}`,
		[]string{"description", "maxSessionDuration"},
		iamAnswer("GetRole", `<Role/>`),
	},
	{
		iamService,
		awsfake.Population{Users: 1},
		typeLoginProfile, loginProfileReset, "iam:GetLoginProfile",
		iamAnswer("GetLoginProfile", `<LoginProfile><UserName>u</UserName><PasswordResetRequired>true</PasswordResetRequired></LoginProfile>`), `{"passwordResetRequired":true}`,
		iamAnswer("GetLoginProfile", `<LoginProfile><UserName>u</UserName><PasswordResetRequired>false</PasswordResetRequired></LoginProfile>`), `{"passwordResetRequired":false}`,
		[]string{"passwordResetRequired"},
		iamAnswer("GetLoginProfile", ``),
	},
}

// one is a population with one of a kind.
func one(kind string) awsfake.Population { return awsfake.Population{More: map[string]int{kind: 1}} }

// readFacets reads the first resource of a type with some facets.
func (a *account) readFacets(t *testing.T, svc *service, token string, calls ...string) (found discovery.Observation) {
	t.Helper()
	var mu sync.Mutex
	r := &reader{svc: svc, session: a.in(home), unitRegion: home, facets: calls}
	_, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
		mu.Lock()
		defer mu.Unlock()
		if o.Type == token {
			found = o
		}
		return nil
	})
	if err != nil || found.ID == "" {
		t.Fatalf("%s: found %+v, %v", token, found, err)
	}
	return found
}

// A facet that is read on demand is read when its call is named, in every state, and
// no other time; awsfake answers it.
func TestFacetsOnDemand(t *testing.T) {
	t.Parallel()
	for _, c := range moreOnDemand {
		one := func() *account { return newAccount(c.population) }
		check := func(what string, o discovery.Observation, want string, state schemas.FacetState) {
			t.Helper()
			got := map[string]any{}
			for _, path := range c.paths {
				if v, ok := o.Properties[path]; ok {
					got[path] = v
				}
				u := unknown(o, path)
				if state == "" && u != nil || state != "" && (u == nil || u.State != state || u.Call != c.call.action) {
					t.Errorf("%s, %s: %s is unknown as %+v, want %q", c.call.action, what, path, u, state)
				}
			}
			if raw, err := json.Marshal(got); err != nil || string(raw) != want {
				t.Errorf("%s, %s: %s\nwant %s", c.call.action, what, raw, want)
			}
		}
		no := refusal(c.op, "AccessDenied", http.StatusForbidden)
		check("everything", one().says(c.op, c.says).readFacets(t, c.svc, c.token, c.call.action), c.want, "")
		check("none", one().says(c.op, c.none).readFacets(t, c.svc, c.token, c.call.action), c.wantNone, "")
		check("silent", one().says(c.op, c.silent).readFacets(t, c.svc, c.token, c.call.action), "{}", schemas.FacetFailed)
		check("denied", one().fails(c.op, no.status, no.body).readFacets(t, c.svc, c.token, c.call.action), "{}", schemas.FacetDenied)
		a := one()
		check("not asked for", a.readFacets(t, c.svc, c.token, "ec2:Other"), "{}", schemas.FacetNotRead)
		if n := a.count(c.op); n != 0 {
			t.Errorf("%s was called %d times without need", c.op, n)
		}
		o := a.readFacets(t, c.svc, c.token, c.call.action)
		if n := a.count(c.op); n != 1 || slices.ContainsFunc(c.paths, func(p string) bool { return unknown(o, p) != nil }) {
			t.Errorf("%s was called %d times; unknown %+v", c.op, n, o.Unknown)
		}
		in := schemas.UnitKey{Region: home, Service: c.svc.name}
		if c.svc.global {
			in.Region = schemas.GlobalRegion
		}
		if u, ok := OnDemand(o.Key, c.call.action); !ok || u != in {
			t.Errorf("%s is read in %s, %v", c.call.action, u, ok)
		}
	}
}

// Of a VPC each attribute takes a call of its own, and one that fails is unknown alone.
func TestVPCAttributesOnDemand(t *testing.T) {
	t.Parallel()
	one := func() *account { return newAccount(awsfake.Population{VPCs: 1}) }
	paths := []string{"enableDnsHostnames", "enableDnsSupport", "enableNetworkAddressUsageMetrics"}
	states := func(o discovery.Observation) (list []any) {
		for _, p := range paths {
			if u := unknown(o, p); u != nil {
				list = append(list, u.State)
			} else {
				list = append(list, o.Properties[p])
			}
		}
		return list
	}
	const op = "ec2:DescribeVpcAttribute"
	for what, c := range map[string]struct {
		a    *account
		call string
		want []any
	}{
		"read":       {one(), describeVPCAttribute, []any{false, true, false}},
		"not needed": {one(), "ec2:Other", []any{schemas.FacetNotRead, schemas.FacetNotRead, schemas.FacetNotRead}},
		"one denied": {one().asked(op, func(_ string, q url.Values) answer {
			if q.Get("Attribute") == "enableDnsSupport" {
				return answer{http.StatusForbidden, ec2Error("UnauthorizedOperation")}
			}
			return answer{}
		}), describeVPCAttribute, []any{false, schemas.FacetDenied, false}},
		"silent": {one().says(op, `<DescribeVpcAttributeResponse/>`), describeVPCAttribute, []any{schemas.FacetFailed, schemas.FacetFailed, schemas.FacetFailed}},
	} {
		if got := states(c.a.readFacets(t, ec2Service, typeVPC, c.call)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
}

// What a call for each of several things tells, of instances and their volumes, and of
// the replicas of tables in their regions.
func TestInstanceFacetsOnDemand(t *testing.T) {
	t.Parallel()
	one := func() *account { return newAccount(awsfake.Population{Instances: 1}) }
	const attributes, volumes = "ec2:DescribeInstanceAttribute", "ec2:DescribeVolumes"
	states := func(o discovery.Observation) (list []any) {
		for _, p := range []string{"disableApiStop", "disableApiTermination", "rootBlockDevice.encrypted", "userData"} {
			if u := unknown(o, p); u != nil {
				list = append(list, u.State)
			} else if root, _ := o.Properties["rootBlockDevice"].(map[string]any); p == "rootBlockDevice.encrypted" {
				list = append(list, root["encrypted"])
			} else {
				list = append(list, o.Properties[p])
			}
		}
		return list
	}
	no, notRead := answer{http.StatusForbidden, ec2Error("UnauthorizedOperation")}, schemas.FacetNotRead
	for what, c := range map[string]struct {
		a    *account
		call string
		want []any
	}{
		"attributes":  {one(), attributes, []any{false, false, notRead, notRead}},
		"not needed":  {one(), "ec2:Other", []any{notRead, notRead, notRead, notRead}},
		"silent":      {one().says(attributes, `<DescribeInstanceAttributeResponse/>`), attributes, []any{schemas.FacetFailed, schemas.FacetFailed, notRead, notRead}},
		"volumes":     {one(), volumes, []any{notRead, notRead, false, notRead}},
		"volume gone": {one().says(volumes, `<DescribeVolumesResponse><volumeSet/></DescribeVolumesResponse>`), volumes, []any{notRead, notRead, schemas.FacetFailed, notRead}},
		"denied":      {one().fails(volumes, no.status, no.body), volumes, []any{notRead, notRead, schemas.FacetDenied, notRead}},
		"one denied": {one().asked(attributes, func(_ string, q url.Values) answer {
			if q.Get("Attribute") == "disableApiStop" {
				return no
			}
			return answer{}
		}), attributes, []any{schemas.FacetDenied, false, notRead, notRead}},
	} {
		if got := states(c.a.readFacets(t, ec2Service, typeInstance, c.call)); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", what, got, c.want)
		}
	}
	if u, ok := OnDemand(schemas.Key{Region: home, Type: typeInstance, ID: "i"}, ""); ok {
		t.Errorf("user data is read on demand in %s", u)
	}
}

func TestReplicaFacetsOnDemand(t *testing.T) {
	t.Parallel()
	const table, backups = "dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups"
	// far answers an operation in the region of the replica.
	far := func(op string, answers answer) *account {
		return newAccount(one("table")).asked(op, func(region string, _ url.Values) answer {
			if region != "eu-west-1" {
				return answer{}
			}
			return answers
		})
	}
	bare := `[{"regionName":"eu-west-1"}]`
	for what, c := range map[string]struct {
		a                    *account
		call                 string
		want                 string
		protection, recovery schemas.FacetState
	}{
		"not needed": {newAccount(one("table")), tableTTL.action, bare, schemas.FacetNotRead, schemas.FacetNotRead},
		"protection": {newAccount(one("table")), table, `[{"deletionProtectionEnabled":true,"regionName":"eu-west-1"}]`, "", schemas.FacetNotRead},
		"recovery":   {newAccount(one("table")), backups, `[{"pointInTimeRecovery":true,"regionName":"eu-west-1"}]`, schemas.FacetNotRead, ""},
		"denied":     {far(table, answer{http.StatusBadRequest, jsonError("AccessDeniedException")}), table, bare, schemas.FacetDenied, schemas.FacetNotRead},
		"silent":     {far(backups, answer{http.StatusOK, `{}`}), backups, bare, schemas.FacetNotRead, schemas.FacetFailed},
	} {
		o := c.a.readFacets(t, dynamodbService, typeTable, c.call)
		got, err := json.Marshal(o.Properties["replicas"])
		if err != nil || string(got) != c.want {
			t.Errorf("%s: %s, want %s", what, got, c.want)
		}
		for path, want := range map[string]schemas.FacetState{"replicas.deletionProtectionEnabled": c.protection, "replicas.pointInTimeRecovery": c.recovery} {
			if u := unknown(o, path); (u == nil) != (want == "") || u != nil && u.State != want {
				t.Errorf("%s: %s is %+v, want %q", what, path, u, want)
			}
		}
	}
}

// A role that is read directly takes no calls for others.
func TestOnlyTheRoleThatIsAskedForIsRead(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Roles: 5})
	var found []discovery.Observation
	r := &reader{svc: iamService, session: a.in(home), unitRegion: home, facets: []string{roleDescription.action}}
	key := schemas.Key{Region: schemas.GlobalRegion, Type: typeRole, ID: "role-000003"}
	gone, err := r.Verify(t.Context(), []schemas.Key{key}, func(_ context.Context, o discovery.Observation) error {
		found = append(found, o)
		return nil
	})
	// Whether it exists, and what is told of it.
	if n := a.count("iam:GetRole"); err != nil || len(gone) > 0 || len(found) != 1 || found[0].Properties["maxSessionDuration"] != 3600 || n != 2 {
		t.Errorf("%+v, gone %v, %v, %d calls", found, gone, err, n)
	}
}
