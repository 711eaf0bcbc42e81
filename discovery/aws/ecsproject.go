package aws

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecs"
	"github.com/aws/aws-sdk-go-v2/service/ecs/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

func ecsTags(list []types.Tag) map[string]any {
	return tagMap(list, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
}

var ecsClusterProperties = []string{"configuration", "serviceConnectDefaults", "settings", "tags"}

func projectECSCluster(region string, f facet, c types.Cluster) discovery.Observation {
	name := afterSlash(aws.ToString(c.ClusterArn))
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(c.ClusterArn))
	if d.unread(f, ecsClusterProperties...) {
		return d.observe(region, typeECSCluster, name, name, ecsProjection)
	}
	settings := wireList(c.Settings)
	sortByJSON(settings)
	d.told("settings", settings, len(settings) > 0, describeECSClusters.action)
	d.set("configuration", clusterConfiguration(c.Configuration))
	d.set("serviceConnectDefaults", wireObject(c.ServiceConnectDefaults))
	d.set("tags", ecsTags(c.Tags))
	return d.observe(region, typeECSCluster, name, name, ecsProjection)
}

func clusterConfiguration(c *types.ClusterConfiguration) map[string]any {
	m := wireObject(c)
	if command, ok := m["executeCommandConfiguration"].(map[string]any); ok {
		if log, ok := command["logConfiguration"].(map[string]any); ok {
			rename(log, "s3EncryptionEnabled", "s3BucketEncryptionEnabled")
		}
	}
	return m
}

var ecsServiceProperties = []string{
	"alarms", "availabilityZoneRebalancing", "capacityProviderStrategies", "deploymentCircuitBreaker", "deploymentConfiguration", "deploymentController", "deploymentMaximumPercent",
	"deploymentMinimumHealthyPercent", "desiredCount", "enableEcsManagedTags", "enableExecuteCommand", "healthCheckGracePeriodSeconds", "iamRole",
	"launchType", "loadBalancers", "networkConfiguration", "orderedPlacementStrategies", "placementConstraints", "platformVersion", "propagateTags",
	"schedulingStrategy", "serviceConnectConfiguration", "serviceRegistries", "tags", "taskDefinition", "volumeConfiguration", "vpcLatticeConfigurations",
}

func projectECSService(region, cluster string, f facet, v types.Service) discovery.Observation {
	name := afterSlash(aws.ToString(v.ServiceArn))
	id := afterSlash(cluster) + "/" + name
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(v.ServiceArn))
	d.set("cluster", cmp.Or(aws.ToString(v.ClusterArn), cluster))
	if d.unread(f, ecsServiceProperties...) {
		return d.observe(region, typeECSService, id, name, ecsProjection)
	}
	d.told("taskDefinition", aws.ToString(v.TaskDefinition), v.TaskDefinition != nil || externallyDeployed(v), describeECSServices.action)
	d.set("desiredCount", int(v.DesiredCount))
	d.set("launchType", string(v.LaunchType))
	d.set("platformVersion", aws.ToString(v.PlatformVersion))
	d.set("iamRole", aws.ToString(v.RoleArn))
	d.set("schedulingStrategy", string(v.SchedulingStrategy))
	d.set("propagateTags", string(v.PropagateTags))
	d.set("availabilityZoneRebalancing", string(v.AvailabilityZoneRebalancing))
	d.set("enableEcsManagedTags", v.EnableECSManagedTags)
	d.set("enableExecuteCommand", v.EnableExecuteCommand)
	if n := v.HealthCheckGracePeriodSeconds; n != nil {
		d.set("healthCheckGracePeriodSeconds", int(*n))
	}
	serviceDeployment(d, v)
	servicePlacement(d, v)
	d.set("tags", ecsTags(v.Tags))
	return d.observe(region, typeECSService, id, name, ecsProjection)
}

func serviceDeployment(d *document, v types.Service) {
	if c := v.DeploymentController; c != nil {
		d.set("deploymentController", map[string]any{"type": string(c.Type)})
	}
	c := v.DeploymentConfiguration
	if c == nil { // every service has one
		d.told("deploymentConfiguration", nil, externallyDeployed(v), describeECSServices.action)
		return
	}
	if a := c.Alarms; a != nil {
		d.set("alarms", map[string]any{"alarmNames": sortedStrings(a.AlarmNames), "enable": a.Enable, "rollback": a.Rollback})
	}
	if b := c.DeploymentCircuitBreaker; b != nil {
		d.set("deploymentCircuitBreaker", map[string]any{"enable": b.Enable, "rollback": b.Rollback})
	}
	d.set("deploymentConfiguration", deploymentConfiguration(*c))
	if c.MaximumPercent != nil {
		d.set("deploymentMaximumPercent", int(*c.MaximumPercent))
	}
	if c.MinimumHealthyPercent != nil {
		d.set("deploymentMinimumHealthyPercent", int(*c.MinimumHealthyPercent))
	}
}

// servicePlacement is where tasks run and how they are reached.
func servicePlacement(d *document, v types.Service) {
	strategies, registries, constraints := wireList(v.CapacityProviderStrategy), wireList(v.ServiceRegistries), wireList(v.PlacementConstraints)
	balancers := wireList(v.LoadBalancers)
	for _, b := range balancers {
		rename(b.(map[string]any), "loadBalancerName", "elbName")
	}
	for _, list := range [][]any{strategies, registries, constraints, balancers} {
		sortByJSON(list)
	}
	d.set("capacityProviderStrategies", strategies)
	d.set("placementConstraints", constraints)
	d.set("loadBalancers", balancers)
	d.set("orderedPlacementStrategies", wireList(v.PlacementStrategy))
	if len(registries) > 0 { // there is one at most
		d.set("serviceRegistries", registries[0])
	}
	if c := serviceNetwork(v); c != nil {
		d.set("networkConfiguration", map[string]any{
			"assignPublicIp": c.AssignPublicIp == types.AssignPublicIpEnabled, "subnets": sortedStrings(c.Subnets), "securityGroups": sortedStrings(c.SecurityGroups),
		})
	}
	told := externallyDeployed(v) // by task sets, which are resources of their own
	for _, p := range v.Deployments {
		if aws.ToString(p.Status) != "PRIMARY" {
			continue
		}
		told = true
		if len(p.VolumeConfigurations) > 0 { // there is one at most
			d.set("volumeConfiguration", serviceVolume(p.VolumeConfigurations[0]))
		}
		d.set("serviceConnectConfiguration", serviceConnect(p.ServiceConnectConfiguration))
		d.set("vpcLatticeConfigurations", latticeConfigurations(p.VpcLatticeConfigurations))
	}
	for _, name := range []string{"serviceConnectConfiguration", "volumeConfiguration", "vpcLatticeConfigurations"} {
		if !told {
			d.told(name, nil, false, describeECSServices.action)
		}
	}
}

func externallyDeployed(v types.Service) bool {
	return v.DeploymentController != nil && v.DeploymentController.Type == types.DeploymentControllerTypeExternal
}

// serviceNetwork is that of the primary task set where these are made by hand.
func serviceNetwork(v types.Service) *types.AwsVpcConfiguration {
	n := v.NetworkConfiguration
	for _, set := range v.TaskSets {
		if n == nil && aws.ToString(set.Status) == "PRIMARY" {
			n = set.NetworkConfiguration
		}
	}
	if n == nil {
		return nil
	}
	return n.AwsvpcConfiguration
}

func serviceVolume(v types.ServiceVolumeConfiguration) map[string]any {
	m := wireObject(&v)
	if disk, ok := m["managedEBSVolume"].(map[string]any); ok {
		rename(disk, "sizeInGiB", "sizeInGb")
		rename(disk, "filesystemType", "fileSystemType")
		delete(disk, "tagSpecifications")
		rename(m, "managedEBSVolume", "managedEbsVolume")
	}
	return m
}

var taskDefinitionProperties = []string{
	"containerDefinitions", "cpu", "enableFaultInjection", "ephemeralStorage", "executionRoleArn", "ipcMode", "memory", "networkMode", "pidMode",
	"placementConstraints", "proxyConfiguration", "requiresCompatibilities", "runtimePlatform", "tags", "taskRoleArn", "volumes",
}

func projectTaskDefinition(region, arn string, f facet, out *ecs.DescribeTaskDefinitionOutput) discovery.Observation {
	name := afterSlash(arn) // family:revision
	family, revision, _ := strings.Cut(name, ":")
	d := newDocument()
	d.set("region", region)
	d.set("arn", arn)
	d.set("family", family)
	d.set("revision", number(revision))
	if d.unread(f, taskDefinitionProperties...) {
		return d.observe(region, typeTaskDefinition, arn, name, ecsProjection)
	}
	v := out.TaskDefinition
	d.told("containerDefinitions", containerDefinitions(v.ContainerDefinitions), len(v.ContainerDefinitions) > 0, describeDefinition.action)
	d.set("cpu", aws.ToString(v.Cpu))
	d.set("memory", aws.ToString(v.Memory))
	d.set("networkMode", string(v.NetworkMode))
	d.set("pidMode", string(v.PidMode))
	d.set("ipcMode", string(v.IpcMode))
	d.set("executionRoleArn", aws.ToString(v.ExecutionRoleArn))
	d.set("taskRoleArn", aws.ToString(v.TaskRoleArn))
	d.set("requiresCompatibilities", sortedStrings(v.RequiresCompatibilities))
	d.set("runtimePlatform", wireObject(v.RuntimePlatform))
	constraints := wireList(v.PlacementConstraints)
	sortByJSON(constraints)
	d.set("placementConstraints", constraints)
	d.set("volumes", taskVolumes(v.Volumes))
	if v.EnableFaultInjection != nil {
		d.set("enableFaultInjection", *v.EnableFaultInjection)
	}
	if s := v.EphemeralStorage; s != nil {
		d.set("ephemeralStorage", map[string]any{"sizeInGib": int(s.SizeInGiB)})
	}
	if p := v.ProxyConfiguration; p != nil {
		properties := map[string]any{}
		for _, pair := range p.Properties {
			properties[aws.ToString(pair.Name)] = aws.ToString(pair.Value)
		}
		d.set("proxyConfiguration", map[string]any{"containerName": aws.ToString(p.ContainerName), "type": string(p.Type), "properties": properties})
	}
	d.set("tags", ecsTags(out.Tags))
	return d.observe(region, typeTaskDefinition, arn, name, ecsProjection)
}

func taskVolumes(list []types.Volume) []any {
	volumes := wireList(list)
	for _, v := range volumes {
		m := v.(map[string]any)
		rename(m, "configuredAtLaunch", "configureAtLaunch")
		if host, ok := m["host"].(map[string]any); ok {
			m["hostPath"] = host["sourcePath"]
		}
		delete(m, "host")
	}
	sortByJSON(volumes)
	return volumes
}

// containerDefinitions is the JSON text that the classic provider makes of them,
// in the words of the API. Variables and secrets have no order.
func containerDefinitions(list []types.ContainerDefinition) string {
	for i := range list {
		slices.SortStableFunc(list[i].Environment, func(a, b types.KeyValuePair) int { return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name)) })
		slices.SortStableFunc(list[i].Secrets, func(a, b types.Secret) int { return cmp.Compare(aws.ToString(a.Name), aws.ToString(b.Name)) })
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(wireList(list)); err != nil {
		return "" // of maps, slices and scalars only
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// wireList and wireObject are values of the SDK as the API writes them.
func wireList[T any](list []T) []any {
	out, _ := wire(reflect.ValueOf(list)).([]any)
	return out
}

func wireObject[T any](v *T) map[string]any {
	out, _ := wire(reflect.ValueOf(v)).(map[string]any)
	return out
}

// wire names fields as the json protocols do, with a small letter in front. What
// is nil or empty is left out.
func wire(v reflect.Value) any {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return element(v.Elem())
	case reflect.Struct:
		m := map[string]any{}
		for i := range v.NumField() {
			if field := v.Type().Field(i); field.IsExported() {
				if value := wire(v.Field(i)); value != nil {
					m[strings.ToLower(field.Name[:1])+field.Name[1:]] = value
				}
			}
		}
		return m
	case reflect.Map:
		m := map[string]any{}
		for _, k := range v.MapKeys() {
			m[k.String()] = element(v.MapIndex(k))
		}
		return notEmpty(m, len(m))
	case reflect.Slice:
		list := make([]any, v.Len())
		for i := range list {
			list[i] = element(v.Index(i))
		}
		return notEmpty(list, len(list))
	case reflect.String:
		return notEmpty(v.String(), v.Len())
	case reflect.Int32, reflect.Int64:
		return int(v.Int())
	default:
		return v.Interface()
	}
}

// element is a value that is there, also when it is "".
func element(v reflect.Value) any {
	if v.Kind() == reflect.String {
		return v.String()
	}
	return wire(v)
}

func notEmpty(v any, length int) any {
	if length == 0 {
		return nil
	}
	return v
}

func rename(m map[string]any, from, to string) {
	if v, ok := m[from]; ok {
		delete(m, from)
		m[to] = v
	}
}
