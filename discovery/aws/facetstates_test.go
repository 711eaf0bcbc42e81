package aws

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// absentBy are the positive answers "not configured", by IAM action.
var absentBy = map[string]struct {
	code   string
	status int
}{
	"s3:GetBucketPolicy":                         {"NoSuchBucketPolicy", 404},
	"s3:GetEncryptionConfiguration":              {"ServerSideEncryptionConfigurationNotFoundError", 404},
	"s3:GetBucketPublicAccessBlock":              {"NoSuchPublicAccessBlockConfiguration", 404},
	"s3:GetBucketOwnershipControls":              {"OwnershipControlsNotFoundError", 404},
	"s3:GetLifecycleConfiguration":               {"NoSuchLifecycleConfiguration", 404},
	"s3:GetAccountPublicAccessBlock":             {"NoSuchPublicAccessBlockConfiguration", 404},
	"s3:GetReplicationConfiguration":             {"ReplicationConfigurationNotFoundError", 404},
	"s3:GetBucketObjectLockConfiguration":        {"ObjectLockConfigurationNotFoundError", 404},
	"s3:GetBucketWebsite":                        {"NoSuchWebsiteConfiguration", 404},
	"s3:GetBucketCORS":                           {"NoSuchCORSConfiguration", 404},
	"iam:GetAccountPasswordPolicy":               {"NoSuchEntity", 404},
	"kms:GetKeyRotationStatus":                   {"UnsupportedOperationException", 400},
	"ecr:GetRepositoryPolicy":                    {"RepositoryPolicyNotFoundException", 400},
	"ecr:GetLifecyclePolicy":                     {"LifecyclePolicyNotFoundException", 400},
	"elasticfilesystem:DescribeFileSystemPolicy": {"PolicyNotFound", 404},
	"elasticfilesystem:DescribeBackupPolicy":     {"PolicyNotFound", 404},
	"lambda:GetPolicy":                           {"ResourceNotFoundException", 404},
	"backup:GetBackupVaultAccessPolicy":          {"ResourceNotFoundException", 400},
	"cloudtrail:GetInsightSelectors":             {"InsightNotEnabledException", 400},
}

// neverAbsent are the calls that have no such answer: they say "none" within one, or the
// resource that they are asked about is gone.
var neverAbsent = []string{
	"tag:GetResources",
	"s3:GetBucketVersioning", "s3:GetBucketLogging", "s3:GetBucketAcl",
	"ec2:GetEbsEncryptionByDefault", "ec2:DescribeImages",
	"iam:GetAccountSummary", "iam:GenerateCredentialReport",
	"cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "cloudtrail:ListTags", "cloudtrail:GetEventDataStore",
	"config:DescribeConfigurationRecorderStatus",
	"sqs:GetQueueAttributes", "kms:DescribeKey", "kms:GetKeyPolicy",
	"rds:DescribeDBSnapshotAttributes", "rds:DescribeDBClusterSnapshotAttributes",
	"dynamodb:DescribeTable", "dynamodb:DescribeContinuousBackups", "dynamodb:DescribeTimeToLive",
	"secretsmanager:GetResourcePolicy", "sns:GetTopicAttributes",
	"guardduty:GetDetector",
	"elasticloadbalancing:DescribeLoadBalancerAttributes", "elasticloadbalancing:DescribeTargetGroupAttributes", "elasticloadbalancing:DescribeTags",
	"acm:DescribeCertificate", "cloudfront:GetDistributionConfig",
	"lambda:GetFunctionConcurrency", "lambda:GetFunction", "lambda:GetFunctionCodeSigningConfig",
	"iam:GetRole", "iam:GetLoginProfile", "ec2:DescribeInstanceAttribute", "ec2:DescribeVolumes", "sns:GetSubscriptionAttributes", "autoscaling:DescribeLifecycleHooks", "eks:DescribePodIdentityAssociation",
	"elasticloadbalancing:DescribeCapacityReservation", "elasticloadbalancing:DescribeListenerAttributes",
	"secretsmanager:DescribeSecret", "elasticfilesystem:DescribeLifecycleConfiguration", "ec2:DescribeVpcAttribute",
	"ecs:DescribeClusters", "ecs:ListClusters", "ecs:DescribeServices", "ecs:DescribeTaskDefinition",
	"athena:GetWorkGroup", "athena:BatchGetNamedQuery", "athena:GetDataCatalog", "appflow:DescribeFlow", "es:DescribeDomains", "redshift:DescribeLoggingStatus",
	"ec2:DescribeLaunchTemplateVersions",
	"wafv2:GetWebACL", "kinesis:DescribeStreamSummary", "states:DescribeStateMachine", "backup:GetBackupPlan", "ssm:DescribeDocumentPermission",
	"eks:DescribeCluster", "eks:DescribeNodegroup", "eks:DescribeAddon", "eks:ListClusters",
}

// subResources are the operations of S3, which awsfake's callers name by sub-resource; all
// others are called like their actions.
var subResources = map[string]string{
	"s3:ListAllMyBuckets": "s3:", "s3:GetAccountPublicAccessBlock": "s3control:publicAccessBlock",
	"s3:GetBucketVersioning": "s3:versioning", "s3:GetBucketPolicy": "s3:policy", "s3:GetEncryptionConfiguration": "s3:encryption",
	"s3:GetBucketLogging": "s3:logging", "s3:GetBucketAcl": "s3:acl", "s3:GetLifecycleConfiguration": "s3:lifecycle",
	"s3:GetBucketPublicAccessBlock": "s3:publicAccessBlock", "s3:GetBucketOwnershipControls": "s3:ownershipControls",
	"s3:GetReplicationConfiguration": "s3:replication", "s3:GetBucketObjectLockConfiguration": "s3:object-lock",
	apigatewayGet:         "apigateway:GetRestApis", // the first of several
	"s3:GetBucketWebsite": "s3:website", "s3:GetBucketCORS": "s3:cors",
}

// facetCall is a call behind a facet, or the list, of types of a service.
type facetCall struct {
	svc    *service
	call   call
	tokens []string
}

func (c facetCall) String() string { return c.svc.name + "/" + c.call.action }

// facetCalls are those of the tables, each once.
func facetCalls() (all []facetCall) {
	for _, svc := range services {
		for _, spec := range svc.types {
			for _, c := range slices.Concat(spec.calls, spec.onDemand) {
				i := slices.IndexFunc(all, func(f facetCall) bool { return f.svc == svc && f.call.action == c.action })
				if i < 0 {
					i, all = len(all), append(all, facetCall{svc: svc, call: c})
				}
				all[i].tokens = append(all[i].tokens, spec.token)
			}
		}
	}
	return all
}

// operation is what the requests of the call are named; empty when none was made.
func (c facetCall) operation(a *account) string {
	if op, ok := subResources[c.call.action]; ok {
		return op
	}
	_, name, _ := strings.Cut(c.call.action, ":")
	for _, made := range a.calls {
		if op, _, _ := strings.Cut(made, " "); strings.HasSuffix(op, ":"+name) {
			return op
		}
	}
	return ""
}

// told are the states that something of a reading is in because of each call.
func told(s seen) map[string][]string {
	states := map[string][]string{}
	note := func(call, state string, passing bool) {
		if passing {
			state += ", passing"
		}
		if !slices.Contains(states[call], state) {
			states[call] = append(states[call], state)
		}
	}
	for _, o := range s.list {
		for _, u := range o.Unknown {
			if u.State == schemas.FacetDenied || u.State == schemas.FacetFailed {
				note(u.Call, string(u.State), o.Passing)
			}
		}
	}
	for _, e := range s.scopes {
		if e.State != schemas.ScopeComplete {
			note(e.Call, string(e.State), e.Passing)
		}
	}
	return states
}

// Every call of every reader in the states that its answer can put a facet into: present,
// absent by the service's positive answer, denied, and failed, of which time may mend some. A call that
// is in neither table above has to be put into one.
func TestEveryCallInEveryState(t *testing.T) {
	t.Parallel()
	for _, c := range facetCalls() {
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			quiet := newAccount(full)
			if got := told(quiet.readWith(t, c.svc, home, c.call.action)); len(got) > 0 {
				t.Errorf("present: %v", got)
			}
			operation := c.operation(quiet)
			if operation == "" {
				t.Fatal("was not called")
			}
			state := func(name, code string, status int, want string) {
				no := refusal(operation, code, status)
				got := told(newAccount(full).fails(operation, no.status, no.body).readWith(t, c.svc, home, c.call.action))
				switch {
				case want == "" && len(got) == 0:
				case len(got) != 1 || len(got[c.call.action]) != 1 || got[c.call.action][0] != want:
					t.Errorf("%s: %v, want %q of %s alone", name, got, want, c.call.action)
				}
			}
			state("denied", "AccessDenied", http.StatusForbidden, "denied")
			state("broken", "InternalError", http.StatusInternalServerError, "failed, passing")
			state("throttled", "Throttling", http.StatusBadRequest, "failed, passing")
			state("failed", "ValidationError", http.StatusBadRequest, "failed")
			absent, can := absentBy[c.call.action]
			if can {
				state("absent", absent.code, absent.status, "")
			}
			lists := c.call.facet == "list" || slices.ContainsFunc(allLists, func(l listed) bool { return l.action == c.call.action })
			if n := slices.Index(neverAbsent, c.call.action); can == (n >= 0) && !lists || can && n >= 0 {
				t.Error("is to be in absentBy or in neverAbsent")
			}
		})
	}
}

// perhaps are the types of which not every item has one, with the call that tells.
var perhaps = map[string]string{
	typeBucketPolicy: "s3:GetBucketPolicy", typeBucketEncryption: "s3:GetEncryptionConfiguration", typeBucketLogging: "s3:GetBucketLogging",
	typeBucketOwnership: "s3:GetBucketOwnershipControls", typeBucketLifecycle: "s3:GetLifecycleConfiguration", typeBucketReplication: "s3:GetReplicationConfiguration",
	typeAccountPAB: "s3:GetAccountPublicAccessBlock", typeAccountPasswordPolicy: "iam:GetAccountPasswordPolicy",
	typeQueuePolicy: "sqs:GetQueueAttributes", typeSecretPolicy: "secretsmanager:GetResourcePolicy", typeVaultPolicy: "backup:GetBackupVaultAccessPolicy",
	typeRepositoryPolicy: "ecr:GetRepositoryPolicy", typeRepositoryLifecycle: "ecr:GetLifecyclePolicy",
	typeFileSystemPolicy: "elasticfilesystem:DescribeFileSystemPolicy", typeFileSystemBackup: "elasticfilesystem:DescribeBackupPolicy",
	typeRedshiftLogging: "redshift:DescribeLoggingStatus",
	typeKey:             "kms:DescribeKey", typeKeyState: "kms:DescribeKey", // there may be AWS's own key
}

// What may not be there says so when the call that tells is refused or fails, and its scope is not
// complete; everything else is there whatever fails. Types that are gone when a call says "none" are
// all in the table.
func TestExistenceIsReadOrSaidToBeUnread(t *testing.T) {
	t.Parallel()
	for _, c := range facetCalls() {
		if c.call.facet == "list" {
			continue
		}
		t.Run(c.String(), func(t *testing.T) {
			t.Parallel()
			quiet := newAccount(full)
			want := quiet.read(t, c.svc, home)
			operation := c.operation(quiet)
			read := func(code string, status int) seen {
				no := refusal(operation, code, status)
				return newAccount(full).fails(operation, no.status, no.body).read(t, c.svc, home)
			}
			for code, state := range map[string]schemas.FacetState{"AccessDenied": schemas.FacetDenied, "ValidationError": schemas.FacetFailed} {
				got := read(code, http.StatusForbidden)
				unread := map[string]bool{}
				for _, o := range got.list {
					if o.Unread == nil {
						continue
					}
					unread[o.Type] = true
					if want := (schemas.UnknownPath{State: state, Call: c.call.action, Reason: code}); *o.Unread != want || len(o.Unknown) == 0 {
						t.Errorf("%s: %+v, unknown %+v, want %+v", o.Key, o.Unread, o.Unknown, want)
					}
				}
				for token, action := range perhaps {
					if c.svc.emits(token) && unread[token] != (action == c.call.action) {
						t.Errorf("%s, %s: unread %t", code, token, unread[token])
					}
				}
				for token := range unread {
					if e := got.scopes[token]; perhaps[token] != c.call.action || e.State != scopeState(state) || e.Call != c.call.action || e.Reason != code || e.Seen != 0 || e.Unread != uint64(got.count(token)) || !e.Closes() {
						t.Errorf("%s, %s: %+v", code, token, e)
					}
				}
			}
			if none, can := absentBy[c.call.action]; can {
				got := read(none.code, none.status)
				for token := range want.scopes {
					if want.count(token) > 0 && got.count(token) == 0 && got.scopes[token].State == schemas.ScopeComplete && perhaps[token] != c.call.action && token != typePermission {
						t.Errorf("%s is gone where %s says that there is none", token, c.call.action)
					}
				}
			}
		})
	}
}

// What is not read, and what no call returns, is listed as such: testdata/unread.txt has
// every property of every type (-update writes it anew).
func TestWhatIsNotReadIsListed(t *testing.T) {
	t.Parallel()
	var lines []string
	for _, svc := range services {
		for _, o := range newAccount(full).read(t, svc, home).list {
			for _, u := range o.Unknown {
				want := map[schemas.FacetState]string{schemas.FacetNotRead: "not read", schemas.FacetNotReadable: "never returned"}[u.State]
				if u.State == schemas.FacetNotRead && u.Call == "" {
					want = "not read: it may hold secrets"
				}
				if want == "" || u.Reason != want || u.State == schemas.FacetNotReadable && u.Call != "" {
					t.Errorf("%s: %+v", o.Key, u)
				}
				if _, known := o.Properties[u.Path]; known {
					t.Errorf("%s: %s is known and unknown", o.Key, u.Path)
				}
				lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s %s", o.Type, u.Path, u.State, u.Call)))
			}
		}
	}
	slices.Sort(lines)
	got := strings.Join(slices.Compact(lines), "\n") + "\n"
	path := filepath.Join("testdata", "unread.txt")
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// refusals are the words in which AWS refuses, with the reason that people are told: which kind of
// policy it was, and what is no matter of policies.
var refusals = []struct {
	name, code, message string
	status              int
	state               schemas.FacetState
	reason              string
}{
	{"missing permission", "AccessDenied", "User: arn:aws:sts::123456789012:assumed-role/reader/insights is not authorized to perform: sqs:listqueues on resource: arn:aws:sqs:us-east-1:123456789012: because no identity-based policy allows the sqs:listqueues action", 403, schemas.FacetDenied, "AccessDenied: no identity-based policy allows it"},
	{"denied by a policy of the role", "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/reader/insights is not authorized to perform: kms:DescribeKey on resource: * with an explicit deny in an identity-based policy", 400, schemas.FacetDenied, "AccessDeniedException: denied by an identity-based policy"},
	{"service control policy", "AccessDeniedException", "User: arn:aws:sts::123456789012:assumed-role/reader/insights is not authorized to perform: eks:ListClusters on resource: arn:aws:eks:us-east-1:123456789012:cluster/* with an explicit deny in a service control policy", 403, schemas.FacetDenied, "AccessDeniedException: denied by a service control policy"},
	{"service control policy that is named", "AccessDeniedException", "User: arn:x is not authorized to perform: eks:ListClusters on resource: * with an explicit deny in a service control policy: arn:aws:organizations::123456789012:policy/o-1/service_control_policy/p-1", 403, schemas.FacetDenied, "AccessDeniedException: denied by a service control policy"},
	{"no service control policy", "UnauthorizedOperation", "You are not authorized to perform this operation. User: arn:aws:sts::123456789012:assumed-role/reader/insights is not authorized to perform: ec2:DescribeVpcs because no service control policy allows the ec2:DescribeVpcs action. Encoded authorization failure message: b3Bh", 403, schemas.FacetDenied, "UnauthorizedOperation: no service control policy allows it"},
	{"resource control policy", "AccessDenied", `User: arn:x is not authorized to perform: s3:GetBucketPolicy on resource: "arn:aws:s3:::b" with an explicit deny in a resource control policy`, 403, schemas.FacetDenied, "AccessDenied: denied by a resource control policy"},
	{"session policy", "AccessDenied", "User: arn:x is not authorized to perform: iam:GetAccountSummary on resource: * because no session policy allows the iam:GetAccountSummary action", 403, schemas.FacetDenied, "AccessDenied: no session policy allows it"},
	{"permissions boundary", "AccessDenied", "User: arn:x is not authorized to perform: iam:GetAccountSummary on resource: * because no permissions boundary allows the iam:GetAccountSummary action", 403, schemas.FacetDenied, "AccessDenied: no permissions boundary allows it"},
	{"permissions boundary that denies", "AccessDenied", "User: arn:x is not authorized to perform: iam:GetAccountSummary on resource: * with an explicit deny in a permissions boundary", 403, schemas.FacetDenied, "AccessDenied: denied by a permissions boundary"},
	{"resource policy", "AccessDenied", `User: arn:x is not authorized to perform: s3:GetBucketPolicy on resource: "arn:aws:s3:::b" with an explicit deny in a resource-based policy`, 403, schemas.FacetDenied, "AccessDenied: denied by a resource-based policy"},
	{"endpoint policy", "AccessDeniedException", "User: arn:x is not authorized to perform: logs:DescribeLogGroups because no VPC endpoint policy allows the logs:DescribeLogGroups action", 400, schemas.FacetDenied, "AccessDeniedException: no VPC endpoint policy allows it"},
	{"refusal without words", "AccessDenied", "Access Denied", 403, schemas.FacetDenied, "AccessDenied"},
	{"region not enabled, EC2", "AuthFailure", "AWS was not able to validate the provided access credentials", 401, schemas.FacetDenied, "AuthFailure: the region may not be enabled for the account"},
	{"region not enabled", "UnrecognizedClientException", "The security token included in the request is invalid.", 400, schemas.FacetDenied, "UnrecognizedClientException: the region may not be enabled for the account"},
	{"not subscribed", "OptInRequired", "You are not subscribed to this service. Please go to http://aws.amazon.com to subscribe.", 401, schemas.FacetDenied, "OptInRequired: the account is not subscribed to the service"},
	{"no access yet", "SubscriptionRequiredException", "The AWS Access Key Id needs a subscription for the service", 400, schemas.FacetDenied, "SubscriptionRequiredException: the account is not subscribed to the service"},
	{"call not in the region", "InvalidAction", "The action DescribeVpcs is not valid for this web service.", 400, schemas.FacetFailed, "InvalidAction: the service does not offer the call in this region"},
	{"call not in the region, json", "UnknownOperationException", "", 400, schemas.FacetFailed, "UnknownOperationException: the service does not offer the call in this region"},
}

// Why something is not known is told in a few words that are the same for all that was
// refused for one reason, in every protocol.
func TestReasonsTellRefusalsApart(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		for operation, body := range map[string]string{
			"s3:policy":             "<Error><Code>%s</Code><Message>%s</Message></Error>",
			"iam:GetAccountSummary": "<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error></ErrorResponse>",
			"ec2:DescribeSnapshots": "<Response><Errors><Error><Code>%s</Code><Message>%s</Message></Error></Errors></Response>",
			"kms:DescribeKey":       `{"__type":"com.amazonaws.kms#%s","message":"%s"}`,
			"lambda:GetPolicy":      `{"__type":"%s","Message":"%s"}`,
		} {
			message := c.message
			if strings.HasPrefix(body, "{") {
				message = strings.ReplaceAll(message, `"`, `\"`)
			}
			name, _, _ := strings.Cut(operation, ":")
			s := newAccount(full).fails(operation, c.status, fmt.Sprintf(body, c.code, message)).read(t, serviceNamed(name), home)
			n := 0
			for _, o := range s.list {
				for _, u := range o.Unknown {
					if u.State != schemas.FacetDenied && u.State != schemas.FacetFailed {
						continue
					}
					if n++; u.State != c.state || u.Reason != c.reason {
						t.Errorf("%s, %s: %s %s, want %s %s", c.name, operation, u.State, u.Reason, c.state, c.reason)
					}
				}
			}
			for _, e := range s.scopes {
				if e.State == schemas.ScopeComplete {
					continue
				}
				if n++; string(e.State) != string(c.state) || e.Reason != c.reason {
					t.Errorf("%s, %s: %+v, want %s %s", c.name, operation, e, c.state, c.reason)
				}
			}
			if n == 0 {
				t.Errorf("%s, %s: nothing tells of it", c.name, operation)
			}
		}
	}
}
