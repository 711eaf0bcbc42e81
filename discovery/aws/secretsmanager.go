package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// secretsmanagerProjection counts changes of the projections in this file.
const secretsmanagerProjection = 1

const (
	typeSecret         = "aws:secretsmanager/secret:Secret"
	typeSecretRotation = "aws:secretsmanager/secretRotation:SecretRotation"
	typeSecretPolicy   = "aws:secretsmanager/secretPolicy:SecretPolicy"
)

// secretTypes come from the one list. Values are never asked for.
var secretTypes = []string{typeSecret, typeSecretRotation, typeSecretPolicy}

var (
	listSecrets    = listCall("secretsmanager:ListSecrets", 100)
	secretPolicy   = eachCall("secretsmanager:GetResourcePolicy", "policy")
	describeSecret = []string{"secretsmanager:DescribeSecret"}
	// On demand, of secrets that the list told of.
	secretDescription = eachCall("secretsmanager:DescribeSecret", "replicas")
)

var secretsmanagerService = &service{
	name: "secretsmanager",
	types: []typeSpec{
		{token: typeSecret, calls: []call{listSecrets, secretPolicy}, verify: describeSecret, onDemand: []call{secretDescription}},
		{token: typeSecretRotation, calls: []call{listSecrets}, with: typeSecret, verify: describeSecret},
		{token: typeSecretPolicy, calls: []call{listSecrets, secretPolicy}, with: typeSecret, verify: describeSecret},
	},
	// "AWS Secrets Manager quotas": 50 a second for calls about policies.
	limits: map[string]limit{"Secrets Manager:GetResourcePolicy": {rate: 50, burst: 50}},
	lists:  secretsmanagerLists,
}

var secretsmanagerLists = []list{{listSecrets.action, secretTypes, eachSecret}}

func (s *session) secretsmanager() *secretsmanager.Client {
	return client(s, "secretsmanager", func(c aws.Config) *secretsmanager.Client { return secretsmanager.NewFromConfig(c) })
}

// eachSecret leaves out secrets that wait for their deletion, as the list does:
// nobody can use or change them.
func eachSecret(ctx context.Context, s *session, arns []string, emit observe) error {
	if arns != nil {
		return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
			out, err := s.secretsmanager().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: &arn})
			if isNotFound(err, "ResourceNotFoundException") {
				return nil
			}
			if err != nil {
				return err
			}
			if out.DeletedDate != nil {
				return nil
			}
			return readSecret(ctx, s, listedSecret(out), emit)
		})
	}
	p := secretsmanager.NewListSecretsPaginator(s.secretsmanager(), &secretsmanager.ListSecretsInput{MaxResults: aws.Int32(100)})
	return pages(ctx, p, func(out *secretsmanager.ListSecretsOutput) error {
		return parallel(ctx, detailParallel, out.SecretList, func(ctx context.Context, v types.SecretListEntry) error {
			return readSecret(ctx, s, v, emit)
		})
	})
}

// listedSecret is a description as the list has it.
func listedSecret(v *secretsmanager.DescribeSecretOutput) types.SecretListEntry {
	return types.SecretListEntry{
		ARN: v.ARN, Name: v.Name, Description: v.Description, KmsKeyId: v.KmsKeyId, Tags: v.Tags, Type: v.Type,
		RotationEnabled: v.RotationEnabled, RotationLambdaARN: v.RotationLambdaARN, RotationRules: v.RotationRules,
		ExternalSecretRotationRoleArn: v.ExternalSecretRotationRoleArn,
	}
}

// readSecret reads the policy of a secret and emits the secret if it still exists.
func readSecret(ctx context.Context, s *session, v types.SecretListEntry, emit observe) error {
	out, err := s.secretsmanager().GetResourcePolicy(ctx, &secretsmanager.GetResourcePolicyInput{SecretId: v.ARN})
	if isNotFound(err, "ResourceNotFoundException") {
		return nil
	}
	f, policy := facetOf(secretPolicy.action, err), ""
	if err == nil {
		policy = canonicalPolicy(aws.ToString(out.ResourcePolicy))
		// An answer of which secret it is and no policy says that it has none.
		if f = f.need(out.ARN != nil || policy != ""); f.state == schemas.FacetPresent && policy == "" {
			f.state = schemas.FacetAbsent
		}
	}
	var replicas []types.ReplicationStatusType
	replicasF := onDemand(ctx, secretDescription.action, func() facet {
		out, err := s.secretsmanager().DescribeSecret(ctx, &secretsmanager.DescribeSecretInput{SecretId: v.ARN})
		f := facetOf(secretDescription.action, err)
		if err == nil {
			f, replicas = f.need(out.ARN != nil), out.ReplicationStatus // none are left out
		}
		return f
	})
	return emit(ctx, projectSecret(s.region, v, f, policy, replicasF, replicas)...)
}

func projectSecret(region string, v types.SecretListEntry, policyF facet, policy string, replicasF facet, replicas []types.ReplicationStatusType) []discovery.Observation {
	arn, name := aws.ToString(v.ARN), aws.ToString(v.Name)
	d := newDocument()
	d.set("region", region)
	d.texts(map[string]*string{"arn": v.ARN, "name": v.Name, "description": v.Description, "kmsKeyId": v.KmsKeyId, "type": v.Type})
	d.set("tags", tagMap(v.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value }))
	d.facet("policy", policyF, func() any { return policy })
	d.facet("replicas", replicasF, func() any { return secretReplicas(replicas) })
	list := []discovery.Observation{d.observe(region, typeSecret, arn, name, secretsmanagerProjection), secretRotation(region, v)}
	split := newDocument()
	split.set("region", region)
	split.set("secretArn", arn)
	split.facet("policy", policyF, func() any { return policy })
	return append(list, split.observeIf(policyF, region, typeSecretPolicy, arn, name, secretsmanagerProjection)...)
}

func secretReplicas(list []types.ReplicationStatusType) []any {
	out := make([]any, len(list))
	for i, r := range list {
		d := newDocument()
		d.texts(map[string]*string{"region": r.Region, "kmsKeyId": r.KmsKeyId})
		out[i] = d.properties
	}
	sortByJSON(out)
	return out
}

// secretRotation is there for every secret, so that a pack can judge it: "if the
// secret has never been configured for rotation, Secrets Manager returns null".
func secretRotation(region string, v types.SecretListEntry) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("secretId", aws.ToString(v.ARN))
	d.set("rotationEnabled", aws.ToBool(v.RotationEnabled))
	d.set("rotationLambdaArn", aws.ToString(v.RotationLambdaARN))
	d.set("externalSecretRotationRoleArn", aws.ToString(v.ExternalSecretRotationRoleArn))
	if r := v.RotationRules; r != nil {
		rules := newDocument()
		rules.set("automaticallyAfterDays", optional(r.AutomaticallyAfterDays))
		rules.set("duration", aws.ToString(r.Duration))
		rules.set("scheduleExpression", aws.ToString(r.ScheduleExpression))
		d.set("rotationRules", rules.properties)
	}
	return d.observe(region, typeSecretRotation, aws.ToString(v.ARN), aws.ToString(v.Name), secretsmanagerProjection)
}
