package aws

import (
	"context"
	"encoding/json"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// ecrProjection counts changes of the projections in this file.
const ecrProjection = 1

const (
	typeRepository          = "aws:ecr/repository:Repository"
	typeRepositoryPolicy    = "aws:ecr/repositoryPolicy:RepositoryPolicy"
	typeRepositoryLifecycle = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
)

var (
	listRepositories    = listCall("ecr:DescribeRepositories", 1000)
	repositoryPolicy    = eachCall("ecr:GetRepositoryPolicy", "policy")
	repositoryLifecycle = eachCall("ecr:GetLifecyclePolicy", "lifecycle")
)

// ECR publishes no rates for these operations.
var ecrService = &service{
	name: "ecr",
	types: []typeSpec{
		{token: typeRepository, calls: []call{listRepositories, tagCall}},
		{token: typeRepositoryPolicy, calls: []call{listRepositories, repositoryPolicy}, recorded: recordedRepositories},
		{token: typeRepositoryLifecycle, calls: []call{listRepositories, repositoryLifecycle}, recorded: recordedRepositories},
	},
	lists: ecrLists,
}

var ecrLists = []list{{listRepositories.action, []string{typeRepository, typeRepositoryPolicy, typeRepositoryLifecycle}, eachRepository}}

// repositoryGone is the code for a repository that does not exist.
const repositoryGone = "RepositoryNotFoundException"

// recordedRepositories have both policies of a repository, empty objects where there is none.
var recordedRepositories = &recordedType{name: "AWS::ECR::Repository", calls: []recordedCall{
	{call: repositoryPolicy, operation: "ECR:GetRepositoryPolicy", by: "RepositoryName", answer: func(i *recordedItem) (any, error) {
		switch text := i.configuration.text("RepositoryPolicyText"); {
		case text != "":
			return &ecr.GetRepositoryPolicyOutput{PolicyText: &text}, nil
		case string(i.configuration["RepositoryPolicyText"]) == "{}":
			return nil, saysNone("RepositoryPolicyNotFoundException")
		}
		return nil, nil
	}},
	{call: repositoryLifecycle, operation: "ECR:GetLifecyclePolicy", by: "RepositoryName", answer: func(i *recordedItem) (any, error) {
		var v object
		if json.Unmarshal(i.configuration["LifecyclePolicy"], &v) != nil || v == nil {
			return nil, nil
		}
		if len(v) == 0 {
			return nil, saysNone("LifecyclePolicyNotFoundException")
		}
		if text := v.text("LifecyclePolicyText"); text != "" {
			return &ecr.GetLifecyclePolicyOutput{LifecyclePolicyText: &text}, nil
		}
		return nil, nil
	}},
}}

func (s *session) ecr() *ecr.Client {
	return client(s, "ecr", func(c aws.Config) *ecr.Client { return ecr.NewFromConfig(c) })
}

// eachRepository asks for names one by one: of several, one that does not exist
// fails the call.
func eachRepository(ctx context.Context, s *session, names []string, emit observe) error {
	if names == nil {
		p := ecr.NewDescribeRepositoriesPaginator(s.ecr(), &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1000)})
		return pages(ctx, p, func(out *ecr.DescribeRepositoriesOutput) error {
			return readRepositories(ctx, s, out.Repositories, emit)
		})
	}
	for _, name := range names {
		out, err := s.ecr().DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{RepositoryNames: []string{name}})
		if isNotFound(err, repositoryGone) {
			continue
		}
		if err != nil {
			return listError{err: err}
		}
		if err := readRepositories(ctx, s, out.Repositories, emit); err != nil {
			return err
		}
	}
	return nil
}

func readRepositories(ctx context.Context, s *session, list []types.Repository, emit observe) error {
	arns, names := make([]string, len(list)), make([]string, len(list))
	for i, r := range list {
		arns[i], names[i] = aws.ToString(r.RepositoryArn), aws.ToString(r.RepositoryName)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedRepositories, s.region, names)
	leaveOlder(ctx, list, func(r types.Repository) (*string, *time.Time) { return r.RepositoryName, r.CreatedAt })
	return parallel(ctx, detailParallel, list, func(ctx context.Context, r types.Repository) error {
		policy, errPolicy := s.ecr().GetRepositoryPolicy(ctx, &ecr.GetRepositoryPolicyInput{RepositoryName: r.RepositoryName})
		lifecycle, errLifecycle := s.ecr().GetLifecyclePolicy(ctx, &ecr.GetLifecyclePolicyInput{RepositoryName: r.RepositoryName})
		if isNotFound(errPolicy, repositoryGone) || isNotFound(errLifecycle, repositoryGone) {
			return nil
		}
		observed := []discovery.Observation{projectRepository(s.region, r, tagsF, tags[aws.ToString(r.RepositoryArn)])}
		f, text := facetOf(repositoryPolicy.action, errPolicy, "RepositoryPolicyNotFoundException"), ""
		if errPolicy == nil {
			text = canonicalPolicy(aws.ToString(policy.PolicyText))
		}
		observed = append(observed, repositoryPart(s.region, typeRepositoryPolicy, r, f.need(text != ""), text)...)
		f, text = facetOf(repositoryLifecycle.action, errLifecycle, "LifecyclePolicyNotFoundException"), ""
		if errLifecycle == nil {
			text = aws.ToString(lifecycle.LifecyclePolicyText)
		}
		return emit(ctx, append(observed, repositoryPart(s.region, typeRepositoryLifecycle, r, f.need(text != ""), text)...)...)
	})
}

func projectRepository(region string, r types.Repository, tagsF facet, tags map[string]any) discovery.Observation {
	name, list := aws.ToString(r.RepositoryName), listRepositories.action
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(r.RepositoryArn))
	d.set("registryId", aws.ToString(r.RegistryId))
	d.set("repositoryUrl", aws.ToString(r.RepositoryUri))
	d.told("imageTagMutability", string(r.ImageTagMutability), r.ImageTagMutability != "", list)
	filters := []any{}
	for _, f := range r.ImageTagMutabilityExclusionFilters {
		filters = append(filters, map[string]any{"filter": aws.ToString(f.Filter), "filterType": string(f.FilterType)})
	}
	sortByJSON(filters)
	d.set("imageTagMutabilityExclusionFilters", filters)
	scan := false
	if r.ImageScanningConfiguration != nil {
		scan = r.ImageScanningConfiguration.ScanOnPush
	}
	d.told("imageScanningConfiguration", map[string]any{"scanOnPush": scan}, r.ImageScanningConfiguration != nil, list)
	encryption := newDocument()
	if e := r.EncryptionConfiguration; e != nil {
		encryption.set("encryptionType", string(e.EncryptionType))
		encryption.set("kmsKey", aws.ToString(e.KmsKey))
	}
	d.told("encryptionConfigurations", []any{encryption.properties}, r.EncryptionConfiguration != nil, list)
	d.facet("tags", tagsF, func() any { return tags })
	sortUnknown(d)
	return d.observe(region, typeRepository, name, name, ecrProjection)
}

// repositoryPart is a policy of a repository, nothing where there is none.
func repositoryPart(region, token string, r types.Repository, f facet, text string) []discovery.Observation {
	name := aws.ToString(r.RepositoryName)
	d := newDocument()
	d.set("region", region)
	d.set("repository", name)
	d.set("registryId", aws.ToString(r.RegistryId))
	d.facet("policy", f, func() any { return text })
	return d.observeIf(f, region, token, name, name, ecrProjection)
}
