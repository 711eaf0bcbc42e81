package aws

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"
	"github.com/aws/smithy-go"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// ecsProjection counts changes of the projections in ecsproject.go and ecsdeployment.go.
const ecsProjection = 2

const (
	typeECSCluster = "aws:ecs/cluster:Cluster"
	typeECSService = "aws:ecs/service:Service"
	// typeTaskDefinition is every active revision of every family: any of them can
	// be run, by a service or by hand, so that leaving out the older ones would
	// call what still exists gone. A revision that is deregistered leaves, also
	// when a service still runs it.
	typeTaskDefinition = "aws:ecs/taskDefinition:TaskDefinition"
)

var (
	listECSClusters     = listCall("ecs:ListClusters", 100)
	describeECSClusters = call{"ecs:DescribeClusters", "settings", 100}
	listECSServices     = listCall("ecs:ListServices", 100)
	describeECSServices = call{"ecs:DescribeServices", "settings", 10}
	listTaskDefinitions = listCall("ecs:ListTaskDefinitions", 100)
	describeDefinition  = eachCall("ecs:DescribeTaskDefinition", "definition")
)

var ecsService = &service{
	name: "ecs",
	types: []typeSpec{
		{token: typeECSCluster, calls: []call{listECSClusters, describeECSClusters}},
		{token: typeECSService, calls: []call{onceCall(listECSClusters.action, "clusters"), listECSServices, describeECSServices}},
		{token: typeTaskDefinition, calls: []call{listTaskDefinitions, describeDefinition}},
	},
	// "Request throttling for the Amazon ECS API": 20/s in buckets of at least 50 that
	// two or three reading operations share.
	limits: map[string]limit{"ECS": {rate: 20, burst: 50}},
	lists: []list{
		{listECSClusters.action, []string{typeECSCluster, typeECSService}, everyECSCluster},
		{listTaskDefinitions.action, []string{typeTaskDefinition}, everyTaskDefinition},
	},
	direct: []list{
		{describeECSClusters.action, []string{typeECSCluster}, theseECSClusters},
		{describeECSServices.action, []string{typeECSService}, theseECSServices},
		{describeDefinition.action, []string{typeTaskDefinition}, theseTaskDefinitions},
	},
}

// ecsClusterGone is the code for a cluster that does not exist.
const ecsClusterGone = "ClusterNotFoundException"

func (s *session) ecs() *ecs.Client {
	return client(s, "ecs", func(c aws.Config) *ecs.Client { return ecs.NewFromConfig(c) })
}

func everyECSCluster(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := ecs.NewListClustersPaginator(s.ecs(), &ecs.ListClustersInput{MaxResults: aws.Int32(100)})
	err := pages(ctx, p, func(out *ecs.ListClustersOutput) error {
		if len(out.ClusterArns) == 0 {
			return nil // asked for no cluster, ECS tells of the one named "default"
		}
		clusters, err := describeClusters(ctx, s, out.ClusterArns)
		f := facetOf(describeECSClusters.action, err)
		if f.state.Unknown() {
			for _, arn := range out.ClusterArns {
				clusters = append(clusters, types.Cluster{ClusterArn: &arn})
			}
		}
		for _, c := range clusters {
			if err := emit(ctx, projectECSCluster(s.region, f, c)); err != nil {
				return err
			}
		}
		return parallel(ctx, detailParallel, out.ClusterArns, func(ctx context.Context, arn string) error {
			return some.keep(ctx, readECSServices(ctx, s, arn, emit), listECSServices.action, typeECSService)
		})
	})
	return some.or(err)
}

// readECSServices emits the services of a cluster. The error of the list call is a
// listError.
func readECSServices(ctx context.Context, s *session, cluster string, emit observe) error {
	p := ecs.NewListServicesPaginator(s.ecs(), &ecs.ListServicesInput{Cluster: &cluster, MaxResults: aws.Int32(100)})
	err := pages(ctx, p, func(out *ecs.ListServicesOutput) error {
		for arns := range slices.Chunk(out.ServiceArns, describeECSServices.per) {
			services, err := describeServices(ctx, s, cluster, arns)
			f := facetOf(describeECSServices.action, err)
			if f.state.Unknown() {
				for _, arn := range arns {
					services = append(services, types.Service{ServiceArn: &arn})
				}
			}
			for _, v := range services {
				if err := emit(ctx, projectECSService(s.region, cluster, f, v)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if isNotFound(err, ecsClusterGone) {
		return nil
	}
	return err
}

// describeClusters reads those of at most 100 clusters, by name or ARN, that exist.
func describeClusters(ctx context.Context, s *session, clusters []string) ([]types.Cluster, error) {
	out, err := s.ecs().DescribeClusters(ctx, &ecs.DescribeClustersInput{
		Clusters: clusters, Include: []types.ClusterField{types.ClusterFieldTags, types.ClusterFieldSettings, types.ClusterFieldConfigurations},
	})
	if err != nil {
		return nil, err
	}
	names := make([]string, len(out.Clusters))
	for i, c := range out.Clusters {
		names[i] = afterSlash(aws.ToString(c.ClusterArn))
	}
	if err := answered(clusters, names, out.Failures); err != nil {
		return nil, err
	}
	// What was deleted is told of for a while, as inactive.
	return slices.DeleteFunc(out.Clusters, func(c types.Cluster) bool { return aws.ToString(c.Status) == "INACTIVE" }), nil
}

// describeServices reads those of at most 10 services of a cluster, by name or ARN,
// that exist.
func describeServices(ctx context.Context, s *session, cluster string, services []string) ([]types.Service, error) {
	out, err := s.ecs().DescribeServices(ctx, &ecs.DescribeServicesInput{Cluster: &cluster, Services: services, Include: []types.ServiceField{types.ServiceFieldTags}})
	if isNotFound(err, ecsClusterGone) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names := make([]string, len(out.Services))
	for i, v := range out.Services {
		names[i] = afterSlash(aws.ToString(v.ServiceArn))
	}
	if err := answered(services, names, out.Failures); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(out.Services, func(v types.Service) bool { return aws.ToString(v.Status) == "INACTIVE" }), nil
}

// answered checks that everything that was asked for is found or positively
// missing; ECS may also fail to tell.
func answered(asked, found []string, failures []types.Failure) error {
	missing := map[string]bool{}
	for _, f := range failures {
		if aws.ToString(f.Reason) != "MISSING" {
			return fmt.Errorf("%s: %s", aws.ToString(f.Arn), aws.ToString(f.Reason))
		}
		missing[afterSlash(aws.ToString(f.Arn))] = true
	}
	for _, a := range asked {
		if name := afterSlash(a); !missing[name] && !slices.Contains(found, name) {
			return fmt.Errorf("%s: %s", a, notInAnswer)
		}
	}
	return nil
}

// afterSlash is the name at the end of an ARN, or the name itself.
func afterSlash(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

func theseECSClusters(ctx context.Context, s *session, names []string, emit observe) error {
	for chunk := range slices.Chunk(names, describeECSClusters.per) {
		clusters, err := describeClusters(ctx, s, chunk)
		if err != nil {
			return listError{err: err}
		}
		for _, c := range clusters {
			if err := emit(ctx, projectECSCluster(s.region, facet{state: schemas.FacetPresent}, c)); err != nil {
				return err
			}
		}
	}
	return nil
}

// theseECSServices reads services by ids of the form "cluster/service".
func theseECSServices(ctx context.Context, s *session, ids []string, emit observe) error {
	for _, cluster := range parents(ids, "/") {
		var names []string
		for _, id := range ids {
			if c, name, _ := strings.Cut(id, "/"); c == cluster {
				names = append(names, name)
			}
		}
		for chunk := range slices.Chunk(names, describeECSServices.per) {
			services, err := describeServices(ctx, s, cluster, chunk)
			if err != nil {
				return listError{err: err}
			}
			for _, v := range services {
				if err := emit(ctx, projectECSService(s.region, cluster, facet{state: schemas.FacetPresent}, v)); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func everyTaskDefinition(ctx context.Context, s *session, _ []string, emit observe) error {
	p := ecs.NewListTaskDefinitionsPaginator(s.ecs(), &ecs.ListTaskDefinitionsInput{Status: types.TaskDefinitionStatusActive, MaxResults: aws.Int32(100)})
	return pages(ctx, p, func(out *ecs.ListTaskDefinitionsOutput) error {
		return parallel(ctx, detailParallel, out.TaskDefinitionArns, func(ctx context.Context, arn string) error {
			d, exists, err := taskDefinition(ctx, s, arn)
			if !exists {
				return nil
			}
			return emit(ctx, projectTaskDefinition(s.region, arn, facetOf(describeDefinition.action, err), d))
		})
	})
}

func theseTaskDefinitions(ctx context.Context, s *session, arns []string, emit observe) error {
	return parallel(ctx, detailParallel, arns, func(ctx context.Context, arn string) error {
		d, exists, err := taskDefinition(ctx, s, arn)
		if err != nil {
			return listError{err: err}
		}
		if !exists {
			return nil
		}
		return emit(ctx, projectTaskDefinition(s.region, arn, facet{state: schemas.FacetPresent}, d))
	})
}

// taskDefinition reads one revision; exists is false for one that was deregistered.
func taskDefinition(ctx context.Context, s *session, arn string) (out *ecs.DescribeTaskDefinitionOutput, exists bool, err error) {
	out, err = s.ecs().DescribeTaskDefinition(ctx, &ecs.DescribeTaskDefinitionInput{
		TaskDefinition: &arn, Include: []types.TaskDefinitionField{types.TaskDefinitionFieldTags},
	})
	switch {
	case definitionGone(err):
		return nil, false, nil
	case err != nil:
		return nil, true, err
	case out.TaskDefinition == nil:
		return nil, true, errors.New(notInAnswer)
	}
	return out, out.TaskDefinition.Status == types.TaskDefinitionStatusActive, nil
}

// definitionGone looks at the message: the code is that of every wrong request.
func definitionGone(err error) bool {
	api, ok := errors.AsType[smithy.APIError](err)
	return ok && api.ErrorCode() == "ClientException" && strings.HasPrefix(api.ErrorMessage(), "Unable to describe task definition")
}
