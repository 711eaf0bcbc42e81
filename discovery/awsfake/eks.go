package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

// All node groups and add-ons are in the first cluster.
var eksRoutes = []restRoute{
	{"GET /clusters", "ListClusters", func(q *request) *fault { return q.eksPage("eksCluster", "clusters", "eks-") }},
	{"GET /clusters/{cluster}/node-groups", "ListNodegroups", func(q *request) *fault { return q.eksParts("nodeGroup", "nodegroups", "nodes-") }},
	{"GET /clusters/{cluster}/addons", "ListAddons", func(q *request) *fault { return q.eksParts("addon", "addons", "addon-") }},
	{"GET /clusters/{cluster}", "DescribeCluster", func(q *request) *fault {
		name := q.r.PathValue("cluster")
		i, ok := q.index(name, "eks-", q.pop.more("eksCluster"))
		if !ok {
			return eksMissing(name)
		}
		return q.reply(map[string]any{"cluster": q.eksCluster(i, name)})
	}},
	{"GET /clusters/{cluster}/node-groups/{name}", "DescribeNodegroup", func(q *request) *fault {
		return q.eksPart("nodeGroup", "nodes-", "nodegroup", q.nodeGroup)
	}},
	{"GET /clusters/{cluster}/addons/{name}", "DescribeAddon", func(q *request) *fault {
		return q.eksPart("addon", "addon-", "addon", q.addon)
	}},
	{"GET /clusters/{cluster}/pod-identity-associations/{name}", "DescribePodIdentityAssociation", func(q *request) *fault {
		return q.eksPart("addon", "a-", "association", func(cluster, id string) any {
			return map[string]any{
				"clusterName": cluster, "associationId": id, "associationArn": q.podIdentityARN(cluster, id), "namespace": "kube-system", "serviceAccount": "agent",
				"roleArn": q.iamArn("role", "agent"),
			}
		})
	}},
}

func eksMissing(name string) *fault {
	return &fault{status: http.StatusNotFound, code: "ResourceNotFoundException", message: "There is no " + name + "."}
}

// eksPage lists at most 100 names.
func (q *request) eksPage(kind, field, prefix string) *fault {
	form := q.r.URL.Query()
	if number(form.Get("maxResults")) > 100 {
		return &fault{status: http.StatusBadRequest, code: "InvalidParameterException", message: "maxResults is over 100"}
	}
	from, to, next := q.window(form.Get("nextToken"), number(form.Get("maxResults")), 100, q.pop.more(kind))
	names := []string{}
	for i := from; i < to; i++ {
		if name := fmt.Sprintf("%s%06d", prefix, i); !q.gone(name) {
			names = append(names, name)
		}
	}
	return q.reply(paged(map[string]any{field: names}, "nextToken", next))
}

func (q *request) eksParts(kind, field, prefix string) *fault {
	cluster := q.r.PathValue("cluster")
	i, ok := q.index(cluster, "eks-", q.pop.more("eksCluster"))
	switch {
	case !ok:
		return eksMissing(cluster)
	case i != 0:
		return q.reply(map[string]any{field: []string{}})
	}
	return q.eksPage(kind, field, prefix)
}

func (q *request) eksPart(kind, prefix, field string, describe func(cluster, name string) any) *fault {
	cluster, name := q.r.PathValue("cluster"), q.r.PathValue("name")
	i, ok := q.index(cluster, "eks-", q.pop.more("eksCluster"))
	if _, there := q.index(name, prefix, q.pop.more(kind)); !ok || !there || i != 0 {
		return eksMissing(name)
	}
	return q.reply(map[string]any{field: describe(cluster, name)})
}

func (q *request) eksARN(kind, name string) string {
	return "arn:aws:eks:" + q.region + ":" + q.pop.AccountID + ":" + kind + "/" + name
}

func (q *request) eksCluster(i int, name string) any {
	cidr, version := "10.0.0.0/8", "1.33"
	if i%3 == 0 {
		cidr = "0.0.0.0/0"
	}
	if q.touched(name) {
		version = "1.34"
	}
	return map[string]any{
		"name": name, "arn": q.eksARN("cluster", name), "roleArn": q.iamArn("role", "app"), "version": version, "status": "ACTIVE", "tags": map[string]string{"owner": "team"},
		"resourcesVpcConfig": map[string]any{
			"vpcId": q.ec2ID(vpcs, 0), "subnetIds": []string{q.ec2ID(subnets, 0), q.ec2ID(subnets, 1)}, "securityGroupIds": []string{},
			"endpointPublicAccess": true, "endpointPrivateAccess": i%2 == 0, "publicAccessCidrs": []string{cidr},
		},
		"logging":      map[string]any{"clusterLogging": []any{map[string]any{"types": []string{"api", "audit"}, "enabled": i%2 == 0}}},
		"accessConfig": map[string]any{"authenticationMode": "API"},
	}
}

func (q *request) nodeGroup(cluster, name string) any {
	size := 20
	if q.touched(name) {
		size = 40
	}
	return map[string]any{
		"nodegroupName": name, "clusterName": cluster, "nodegroupArn": q.eksARN("nodegroup", cluster+"/"+name+"/1"), "nodeRole": q.iamArn("role", "app"), "status": "ACTIVE",
		"amiType": "AL2023_x86_64_STANDARD", "capacityType": "ON_DEMAND", "diskSize": size, "instanceTypes": []string{"m7i.large"}, "subnets": []string{q.ec2ID(subnets, 0)},
		"scalingConfig": map[string]any{"minSize": 1, "maxSize": 3, "desiredSize": 2}, "version": "1.33", "tags": map[string]string{"owner": "team"},
	}
}

func (q *request) podIdentityARN(cluster, id string) string {
	return q.eksARN("podidentityassociation", cluster+"/"+id)
}

// addon has a pod identity association in every other one.
func (q *request) addon(cluster, name string) any {
	version := "v1.0.0-eksbuild.1"
	if q.touched(name) {
		version = "v1.0.1-eksbuild.1"
	}
	addon := map[string]any{
		"addonName": name, "clusterName": cluster, "addonArn": q.eksARN("addon", cluster+"/"+name+"/1"), "addonVersion": version, "status": "ACTIVE",
		"tags": map[string]string{"owner": "team"},
	}
	if n := strings.TrimPrefix(name, "addon-"); number(n)%2 == 0 {
		addon["podIdentityAssociations"] = []string{q.podIdentityARN(cluster, "a-"+n)}
	}
	return addon
}
