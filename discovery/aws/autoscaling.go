package aws

import (
	"context"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
)

// autoscalingProjection counts changes of the projections in autoscalingproject.go.
const autoscalingProjection = 1

const (
	typeScalingGroup        = "aws:autoscaling/group:Group"
	typeLaunchConfiguration = "aws:ec2/launchConfiguration:LaunchConfiguration"
)

var (
	listScalingGroups        = listCall("autoscaling:DescribeAutoScalingGroups", 100)
	listLaunchConfigurations = listCall("autoscaling:DescribeLaunchConfigurations", 100)
	scalingHooks             = eachCall("autoscaling:DescribeLifecycleHooks", "lifecycle hooks") // on demand
	// Which block device is the root device is known by the image alone.
	rootDevicesCall = call{"ec2:DescribeImages", "root devices", 100}
)

// autoscalingService has no request limits of its own: none are published.
var autoscalingService = &service{
	name: "autoscaling",
	types: []typeSpec{
		{token: typeScalingGroup, calls: []call{listScalingGroups}, onDemand: []call{scalingHooks}},
		{token: typeLaunchConfiguration, calls: []call{listLaunchConfigurations, rootDevicesCall}},
	},
	lists: autoscalingLists,
}

var autoscalingLists = []list{
	{listScalingGroups.action, []string{typeScalingGroup}, eachScalingGroup},
	{listLaunchConfigurations.action, []string{typeLaunchConfiguration}, eachLaunchConfiguration},
}

func (s *session) autoscaling() *autoscaling.Client {
	return client(s, "autoscaling", func(c aws.Config) *autoscaling.Client { return autoscaling.NewFromConfig(c) })
}

// scalingNames is how many names one call takes; those that do not exist are left
// out of the answer.
const scalingNames = 50

// eachNames calls read with nil, or with so many of the names at a time.
func eachNames(names []string, read func(names []string) error) error {
	if names == nil {
		return read(nil)
	}
	for chunk := range slices.Chunk(names, scalingNames) {
		if err := read(chunk); err != nil {
			return err
		}
	}
	return nil
}

func eachScalingGroup(ctx context.Context, s *session, names []string, emit observe) error {
	return eachNames(names, func(names []string) error {
		p := autoscaling.NewDescribeAutoScalingGroupsPaginator(s.autoscaling(), &autoscaling.DescribeAutoScalingGroupsInput{
			AutoScalingGroupNames: names, MaxRecords: aws.Int32(100), IncludeInstances: aws.Bool(false),
		})
		return pages(ctx, p, func(out *autoscaling.DescribeAutoScalingGroupsOutput) error {
			return parallel(ctx, detailParallel, out.AutoScalingGroups, func(ctx context.Context, g types.AutoScalingGroup) error {
				var hooks []types.LifecycleHook
				hooksF := onDemand(ctx, scalingHooks.action, func() facet {
					out, err := s.autoscaling().DescribeLifecycleHooks(ctx, &autoscaling.DescribeLifecycleHooksInput{AutoScalingGroupName: g.AutoScalingGroupName})
					if err == nil {
						hooks = out.LifecycleHooks
					}
					return facetOf(scalingHooks.action, err).need(hooks != nil) // also when there are none
				})
				return emit(ctx, projectScalingGroup(s.region, g, hooksF, hooks))
			})
		})
	})
}

func eachLaunchConfiguration(ctx context.Context, s *session, names []string, emit observe) error {
	return eachNames(names, func(names []string) error {
		p := autoscaling.NewDescribeLaunchConfigurationsPaginator(s.autoscaling(), &autoscaling.DescribeLaunchConfigurationsInput{
			LaunchConfigurationNames: names, MaxRecords: aws.Int32(100),
		})
		return pages(ctx, p, func(out *autoscaling.DescribeLaunchConfigurationsOutput) error {
			roots, f := rootDevices(ctx, s, out.LaunchConfigurations)
			for _, c := range out.LaunchConfigurations {
				if err := emit(ctx, projectLaunchConfiguration(s.region, c, f, roots[aws.ToString(c.ImageId)])); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// rootDevices are the names of the root devices by image. Images that are gone, or
// not shared any longer, are not in it.
func rootDevices(ctx context.Context, s *session, list []types.LaunchConfiguration) (map[string]string, facet) {
	var images []string
	for _, c := range list {
		if id := aws.ToString(c.ImageId); id != "" && hasVolumes(c) && !slices.Contains(images, id) {
			images = append(images, id)
		}
	}
	roots := map[string]string{}
	if len(images) == 0 {
		return roots, facetOf(rootDevicesCall.action, nil)
	}
	p := ec2.NewDescribeImagesPaginator(s.ec2(), &ec2.DescribeImagesInput{
		MaxResults: ec2PageSize, Filters: idFilter("image-id", images), IncludeDeprecated: aws.Bool(true), IncludeDisabled: aws.Bool(true),
	})
	err := pages(ctx, p, func(out *ec2.DescribeImagesOutput) error {
		for _, i := range out.Images {
			roots[aws.ToString(i.ImageId)] = aws.ToString(i.RootDeviceName)
		}
		return nil
	})
	return roots, facetOf(rootDevicesCall.action, err)
}

// hasVolumes tells whether a launch configuration says anything of volumes.
func hasVolumes(c types.LaunchConfiguration) bool {
	return slices.ContainsFunc(c.BlockDeviceMappings, func(m types.BlockDeviceMapping) bool { return m.VirtualName == nil })
}
