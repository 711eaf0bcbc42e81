package aws

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eks"
	"github.com/aws/aws-sdk-go-v2/service/eks/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// eksProjection counts changes of the projections in this file.
const eksProjection = 1

const (
	typeEKSCluster = "aws:eks/cluster:Cluster"
	typeNodeGroup  = "aws:eks/nodeGroup:NodeGroup"
	typeAddon      = "aws:eks/addon:Addon"
)

var (
	listEKSClusters    = listCall("eks:ListClusters", 100)
	describeEKSCluster = eachCall("eks:DescribeCluster", "settings")
	listNodeGroups     = listCall("eks:ListNodegroups", 100)
	describeNodeGroup  = eachCall("eks:DescribeNodegroup", "settings")
	listAddons         = listCall("eks:ListAddons", 100)
	describeAddon      = eachCall("eks:DescribeAddon", "settings")
	// On demand, for each of an add-on's associations.
	addonIdentity = eachCall("eks:DescribePodIdentityAssociation", "pod identity")
)

// EKS publishes no rates for these operations.
var eksService = &service{
	name: "eks",
	types: []typeSpec{
		{token: typeEKSCluster, calls: []call{listEKSClusters, describeEKSCluster}},
		{token: typeNodeGroup, calls: []call{onceCall(listEKSClusters.action, "clusters"), listNodeGroups, describeNodeGroup}},
		{token: typeAddon, calls: []call{onceCall(listEKSClusters.action, "clusters"), listAddons, describeAddon}, onDemand: []call{addonIdentity}},
	},
	lists: []list{{listEKSClusters.action, []string{typeEKSCluster, typeNodeGroup, typeAddon}, everyEKSCluster}},
	direct: []list{
		{describeEKSCluster.action, []string{typeEKSCluster}, theseEKS(readEKSCluster)},
		{describeNodeGroup.action, []string{typeNodeGroup}, theseEKS(readNodeGroup)},
		{describeAddon.action, []string{typeAddon}, theseEKS(readAddon)},
	},
}

// eksGone is the code for a cluster, and for a part of one, that does not exist.
const eksGone = "ResourceNotFoundException"

func (s *session) eks() *eks.Client {
	return client(s, "eks", func(c aws.Config) *eks.Client { return eks.NewFromConfig(c) })
}

// everyEKSCluster lists clusters and what belongs to each.
func everyEKSCluster(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	p := eks.NewListClustersPaginator(s.eks(), &eks.ListClustersInput{MaxResults: aws.Int32(100)})
	err := pages(ctx, p, func(out *eks.ListClustersOutput) error {
		return parallel(ctx, detailParallel, out.Clusters, func(ctx context.Context, cluster string) error {
			if err := emitEKS(ctx, s, cluster, readEKSCluster, emit); err != nil {
				return err
			}
			if err := some.keep(ctx, eachNodeGroup(ctx, s, cluster, emit), listNodeGroups.action, typeNodeGroup); err != nil {
				return err
			}
			return some.keep(ctx, eachAddon(ctx, s, cluster, emit), listAddons.action, typeAddon)
		})
	})
	return some.or(err)
}

func eachNodeGroup(ctx context.Context, s *session, cluster string, emit observe) error {
	p := eks.NewListNodegroupsPaginator(s.eks(), &eks.ListNodegroupsInput{ClusterName: &cluster, MaxResults: aws.Int32(100)})
	err := pages(ctx, p, func(out *eks.ListNodegroupsOutput) error {
		return parallel(ctx, detailParallel, out.Nodegroups, func(ctx context.Context, name string) error {
			return emitEKS(ctx, s, cluster+":"+name, readNodeGroup, emit)
		})
	})
	if isNotFound(err, eksGone) {
		return nil
	}
	return err
}

func eachAddon(ctx context.Context, s *session, cluster string, emit observe) error {
	p := eks.NewListAddonsPaginator(s.eks(), &eks.ListAddonsInput{ClusterName: &cluster, MaxResults: aws.Int32(100)})
	err := pages(ctx, p, func(out *eks.ListAddonsOutput) error {
		return parallel(ctx, detailParallel, out.Addons, func(ctx context.Context, name string) error {
			return emitEKS(ctx, s, cluster+":"+name, readAddon, emit)
		})
	})
	if isNotFound(err, eksGone) {
		return nil
	}
	return err
}

// readEKS describes one cluster, or by "cluster:name" a part of one. The observation
// says what is not known when there is an error.
type readEKS func(ctx context.Context, s *session, id string) (discovery.Observation, error)

// emitEKS emits what was listed, unless it is deleted meanwhile.
func emitEKS(ctx context.Context, s *session, id string, read readEKS, emit observe) error {
	o, err := read(ctx, s, id)
	if isNotFound(err, eksGone) {
		return nil
	}
	return emit(ctx, o)
}

// theseEKS reads by ids.
func theseEKS(read readEKS) func(context.Context, *session, []string, observe) error {
	return func(ctx context.Context, s *session, ids []string, emit observe) error {
		return parallel(ctx, detailParallel, ids, func(ctx context.Context, id string) error {
			o, err := read(ctx, s, id)
			switch {
			case isNotFound(err, eksGone):
				return nil
			case err != nil:
				return listError{err: err}
			}
			return emit(ctx, o)
		})
	}
}

var eksClusterProperties = []string{
	"accessConfig", "arn", "computeConfig", "controlPlaneScalingConfig", "deletionProtection", "enabledClusterLogTypes", "encryptionConfig",
	"kubeApiServerConfig", "kubeControllerManagerConfig", "kubeSchedulerConfig", "kubernetesNetworkConfig", "outpostConfig", "remoteNetworkConfig", "roleArn", "storageConfig", "tags", "upgradePolicy", "version", "vpcConfig", "zonalShiftConfig",
}

func readEKSCluster(ctx context.Context, s *session, name string) (discovery.Observation, error) {
	out, err := s.eks().DescribeCluster(ctx, &eks.DescribeClusterInput{Name: &name})
	if err == nil && out.Cluster == nil {
		err = errors.New(notInAnswer)
	}
	d := newDocument()
	d.set("region", s.region)
	d.set("name", name)
	if !d.unread(facetOf(describeEKSCluster.action, err), eksClusterProperties...) {
		projectEKSCluster(d, out.Cluster)
	}
	return d.observe(s.region, typeEKSCluster, name, name, eksProjection), err
}

func projectEKSCluster(d *document, c *types.Cluster) {
	d.set("arn", aws.ToString(c.Arn))
	d.set("roleArn", aws.ToString(c.RoleArn))
	d.told("version", aws.ToString(c.Version), c.Version != nil, describeEKSCluster.action)
	d.told("enabledClusterLogTypes", clusterLogs(c.Logging), c.Logging != nil, describeEKSCluster.action)
	if v := c.ResourcesVpcConfig; v != nil && len(v.SubnetIds) > 0 { // every cluster has subnets
		part := newDocument()
		part.set("vpcId", aws.ToString(v.VpcId))
		part.set("subnetIds", sortedStrings(v.SubnetIds))
		part.set("securityGroupIds", sortedStrings(v.SecurityGroupIds))
		part.set("clusterSecurityGroupId", aws.ToString(v.ClusterSecurityGroupId))
		part.set("endpointPublicAccess", v.EndpointPublicAccess)
		part.set("endpointPrivateAccess", v.EndpointPrivateAccess)
		part.set("publicAccessCidrs", sortedStrings(v.PublicAccessCidrs))
		d.set("vpcConfig", part.properties)
	} else {
		d.told("vpcConfig", nil, false, describeEKSCluster.action)
	}
	if len(c.EncryptionConfig) > 0 { // there is one at most
		e := c.EncryptionConfig[0]
		part := newDocument()
		part.set("resources", sortedStrings(e.Resources)) //nolint:staticcheck // deprecated by EKS, and an input of the classic type
		if e.Provider != nil {
			part.set("provider", map[string]any{"keyArn": aws.ToString(e.Provider.KeyArn)})
		}
		d.set("encryptionConfig", part.properties)
	}
	d.set("accessConfig", wireObject(c.AccessConfig))
	d.set("computeConfig", wireObject(c.ComputeConfig))
	d.set("controlPlaneScalingConfig", wireObject(c.ControlPlaneScalingConfig))
	d.set("kubeApiServerConfig", wireObject(c.KubeApiServerConfig))
	d.set("kubeControllerManagerConfig", wireObject(c.KubeControllerManagerConfig))
	d.set("kubeSchedulerConfig", wireObject(c.KubeSchedulerConfig))
	d.set("outpostConfig", wireObject(c.OutpostConfig))
	d.set("storageConfig", wireObject(c.StorageConfig))
	d.set("upgradePolicy", wireObject(c.UpgradePolicy))
	d.set("zonalShiftConfig", wireObject(c.ZonalShiftConfig))
	d.set("kubernetesNetworkConfig", wireObject(c.KubernetesNetworkConfig))
	if n := c.RemoteNetworkConfig; n != nil {
		part := newDocument()
		for _, nodes := range n.RemoteNodeNetworks { // there is one at most
			part.set("remoteNodeNetworks", map[string]any{"cidrs": sortedStrings(nodes.Cidrs)})
		}
		for _, pods := range n.RemotePodNetworks {
			part.set("remotePodNetworks", map[string]any{"cidrs": sortedStrings(pods.Cidrs)})
		}
		d.set("remoteNetworkConfig", part.properties)
	}
	if c.DeletionProtection != nil {
		d.set("deletionProtection", *c.DeletionProtection)
	}
	d.set("tags", anyMap(c.Tags))
}

// clusterLogs are the kinds of logs that are on.
func clusterLogs(l *types.Logging) []any {
	var on []types.LogType
	if l != nil {
		for _, setup := range l.ClusterLogging {
			if aws.ToBool(setup.Enabled) {
				on = append(on, setup.Types...)
			}
		}
	}
	return sortedStrings(on)
}

var nodeGroupProperties = []string{
	"amiType", "arn", "capacityType", "diskSize", "instanceTypes", "labels", "launchTemplate", "nodeRepairConfig", "nodeRoleArn", "releaseVersion",
	"remoteAccess", "scalingConfig", "subnetIds", "tags", "taints", "updateConfig", "version",
}

func readNodeGroup(ctx context.Context, s *session, id string) (discovery.Observation, error) {
	cluster, name, _ := strings.Cut(id, ":")
	out, err := s.eks().DescribeNodegroup(ctx, &eks.DescribeNodegroupInput{ClusterName: &cluster, NodegroupName: &name})
	if err == nil && out.Nodegroup == nil {
		err = errors.New(notInAnswer)
	}
	d := newDocument()
	d.set("region", s.region)
	d.set("clusterName", cluster)
	d.set("nodeGroupName", name)
	if !d.unread(facetOf(describeNodeGroup.action, err), nodeGroupProperties...) {
		projectNodeGroup(d, out.Nodegroup)
	}
	return d.observe(s.region, typeNodeGroup, id, name, eksProjection), err
}

func projectNodeGroup(d *document, g *types.Nodegroup) {
	d.set("arn", aws.ToString(g.NodegroupArn))
	d.set("nodeRoleArn", aws.ToString(g.NodeRole))
	d.set("amiType", string(g.AmiType))
	d.set("capacityType", string(g.CapacityType))
	d.set("version", aws.ToString(g.Version))
	d.set("releaseVersion", aws.ToString(g.ReleaseVersion))
	d.set("instanceTypes", anyStrings(g.InstanceTypes)) // in the order of preference
	d.set("subnetIds", sortedStrings(g.Subnets))
	d.set("labels", anyMap(g.Labels))
	if g.DiskSize != nil {
		d.set("diskSize", int(*g.DiskSize))
	}
	d.set("scalingConfig", wireObject(g.ScalingConfig))
	d.set("updateConfig", wireObject(g.UpdateConfig))
	d.set("launchTemplate", wireObject(g.LaunchTemplate))
	d.set("nodeRepairConfig", wireObject(g.NodeRepairConfig))
	if r := g.RemoteAccess; r != nil {
		part := newDocument()
		part.set("ec2SshKey", aws.ToString(r.Ec2SshKey))
		part.set("sourceSecurityGroupIds", sortedStrings(r.SourceSecurityGroups))
		d.set("remoteAccess", part.properties)
	}
	taints := wireList(g.Taints)
	sortByJSON(taints)
	d.set("taints", taints)
	d.set("tags", anyMap(g.Tags))
}

var addonProperties = []string{"addonVersion", "arn", "configurationValues", "namespaceConfig", "podIdentityAssociations", "serviceAccountRoleArn", "tags"}

func readAddon(ctx context.Context, s *session, id string) (discovery.Observation, error) {
	cluster, name, _ := strings.Cut(id, ":")
	out, err := s.eks().DescribeAddon(ctx, &eks.DescribeAddonInput{ClusterName: &cluster, AddonName: &name})
	if err == nil && out.Addon == nil {
		err = errors.New(notInAnswer)
	}
	d := newDocument()
	d.set("region", s.region)
	d.set("clusterName", cluster)
	d.set("addonName", name)
	if !d.unread(facetOf(describeAddon.action, err), addonProperties...) {
		a := out.Addon
		d.set("arn", aws.ToString(a.AddonArn))
		d.set("addonVersion", aws.ToString(a.AddonVersion))
		d.set("serviceAccountRoleArn", aws.ToString(a.ServiceAccountRoleArn))
		d.set("configurationValues", aws.ToString(a.ConfigurationValues))
		d.set("namespaceConfig", wireObject(a.NamespaceConfig))
		d.set("tags", anyMap(a.Tags))
		if len(a.PodIdentityAssociations) > 0 {
			list, f := podIdentities(ctx, s, cluster, a.PodIdentityAssociations)
			d.facet("podIdentityAssociations", f, func() any { return list })
		}
	}
	sortUnknown(d)
	return d.observe(s.region, typeAddon, id, name, eksProjection), err
}

// podIdentities are the associations of an add-on, which names them by ARN.
func podIdentities(ctx context.Context, s *session, cluster string, arns []string) (list []any, f facet) {
	f = onDemand(ctx, addonIdentity.action, func() facet {
		for _, arn := range arns {
			id := afterSlash(arn)
			out, err := s.eks().DescribePodIdentityAssociation(ctx, &eks.DescribePodIdentityAssociationInput{ClusterName: &cluster, AssociationId: &id})
			there := err == nil && out.Association != nil && out.Association.RoleArn != nil
			if f := facetOf(addonIdentity.action, err).need(there); f.state.Unknown() {
				return f
			}
			list = append(list, texts(map[string]string{
				"roleArn": aws.ToString(out.Association.RoleArn), "serviceAccount": aws.ToString(out.Association.ServiceAccount),
			}))
		}
		sortByJSON(list)
		return facetOf(addonIdentity.action, nil)
	})
	return list, f
}
