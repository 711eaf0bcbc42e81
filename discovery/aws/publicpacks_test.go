package aws

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// notProduced is what public packs ask for and no read can give, with the reason, by
// type or by type and property.
var notProduced = map[string]string{
	"aws:elasticloadbalancingv2/listener:Listener":           "a class that @pulumi/aws 7 has no longer; the resource is aws:lb/listener:Listener",
	"aws:applicationloadbalancing/loadBalancer:LoadBalancer": "a class that @pulumi/aws 7 has no longer; the resource is aws:lb/loadBalancer:LoadBalancer",
	"aws:elasticloadbalancingv2/loadBalancer:LoadBalancer":   "a class that @pulumi/aws 7 has no longer; the resource is aws:lb/loadBalancer:LoadBalancer",
	"aws:elasticloadbalancing/loadBalancer:LoadBalancer":     "a class that @pulumi/aws 7 has no longer; the resource is aws:elb/loadBalancer:LoadBalancer",
	"aws:alb/listener:Listener":                              "another name of aws:lb/listener:Listener, which is emitted; the packs ask for that, too",
	"aws:alb/loadBalancer:LoadBalancer":                      "another name of aws:lb/loadBalancer:LoadBalancer, which is emitted; the packs ask for that, too",
	"aws:iam/policyAttachment:PolicyAttachment":              "not a resource of IAM: what is attached to users is emitted as aws:iam/userPolicyAttachment:UserPolicyAttachment",
	"aws:redshift/cluster:Cluster logging.enable":            "not a property in @pulumi/aws 7; logging is emitted as aws:redshift/logging:Logging",
	"aws:s3/bucket:Bucket loggings":                          "not a property in @pulumi/aws 7, where it is logging, which is read",
}

// otherNames are types of @pulumi/aws for what is emitted as others, in a table of its own
// whether a public pack asks for them or not: emitted as well, one thing would be found twice.
var otherNames = [][2]string{
	{"aws:ec2/securityGroupRule:SecurityGroupRule", "rules are emitted as aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule and aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule, " +
		"with the ids that EC2 gives them, and within their group; this type holds several of EC2's rules under an id that only its provider computes"},
	{"aws:iam/policyAttachment:PolicyAttachment", "attachments are emitted one by one, as aws:iam/userPolicyAttachment:UserPolicyAttachment and those of groups and roles; " +
		"this type is what one program says of all of them, and its provider cannot import it"},
}

// asked is what a policy of a public pack looks at; "" for that the resource is there.
type asked struct{ pack, policy, token, property string }

// askedByPublicPacks is testdata/publicpacks.json, as publicpacks.py finds it in the
// sources of the packs.
func askedByPublicPacks(t *testing.T) (rows []asked, sources map[string]string) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", "publicpacks.json"))
	if err != nil {
		t.Fatal(err)
	}
	var list struct {
		Sources map[string]string
		Asked   [][4]string
	}
	if err := json.Unmarshal(raw, &list); err != nil {
		t.Fatal(err)
	}
	for _, r := range list.Asked {
		rows = append(rows, asked{r[0], r[1], r[2], r[3]})
	}
	return rows, list.Sources
}

// production is what the golden files show of each type: the properties that have
// values, and the paths that are unknown in some, with the calls that give them.
type production struct {
	known   map[string]map[string]bool
	unknown map[string]map[string]schemas.UnknownPath
}

func produced(t *testing.T) production {
	t.Helper()
	p := production{map[string]map[string]bool{}, map[string]map[string]schemas.UnknownPath{}}
	files, err := filepath.Glob(filepath.Join("testdata", "golden", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var list []struct {
			Key        string
			Properties map[string]any
			Unknown    []schemas.UnknownPath
		}
		if err := json.Unmarshal(raw, &list); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, o := range list {
			token := strings.Split(o.Key, "|")[1]
			if p.known[token] == nil {
				p.known[token], p.unknown[token] = map[string]bool{}, map[string]schemas.UnknownPath{}
			}
			collectPaths(o.Properties, "", p.known[token])
			for _, u := range o.Unknown {
				p.unknown[token][u.Path] = u
			}
		}
	}
	return p
}

// by says what gives a property; "" when nothing does.
func (p production) by(token, property string) string {
	var u schemas.UnknownPath
	for path, unknown := range p.unknown[token] { // the property, or what it is in
		if path == property || strings.HasPrefix(property, path+".") {
			u = unknown
		}
	}
	spec, ok := specNamed(token)
	there := ok && (property == "" || p.known[token][property])
	switch {
	case u.State == schemas.FacetNotReadable:
		return "not readable: AWS never returns it"
	case !there && u.State == schemas.FacetNotRead:
		return "not read: " + u.Call
	case !there:
		return ""
	case u.Call != "" && slices.ContainsFunc(spec.onDemand, func(c call) bool { return c.action == u.Call }):
		return u.Call + ", on demand"
	case u.Call != "":
		return u.Call
	default:
		return spec.calls[0].action
	}
}

func specNamed(token string) (typeSpec, bool) {
	for _, svc := range services {
		if i := slices.IndexFunc(svc.types, func(s typeSpec) bool { return s.token == token }); i >= 0 {
			return svc.types[i], true
		}
	}
	return typeSpec{}, false
}

// Every property that the public packs look at is produced, or it is known why not:
// docs/public-pack-properties.md has the table (-update writes it anew).
func TestWhatPublicPacksAskFor(t *testing.T) {
	rows, sources := askedByPublicPacks(t)
	p, used := produced(t), map[string]bool{}
	var b strings.Builder
	b.WriteString("# What public packs ask for\n\nEvery property of an AWS resource that a policy of a public pack looks at, and the call that gives it. Where a policy reports that\n" +
		"a resource is there at all, no property is named. This page is generated: `go test ./discovery/aws -run TestWhatPublicPacksAskFor -update`.\n\n" +
		"The list is found in the packs' sources by `discovery/aws/testdata/publicpacks.py`. Policies of stacks are left out; accounts have none.\n\n")
	for _, name := range slices.Sorted(maps.Keys(sources)) {
		fmt.Fprintf(&b, "- %s at %s\n", name, sources[name][:12])
	}
	b.WriteString("\n| Pack | Policy | Type | Property | Produced by |\n|---|---|---|---|---|\n")
	for _, r := range rows {
		by := p.by(r.token, r.property)
		for _, name := range []string{r.token, r.token + " " + r.property} {
			if reason := notProduced[name]; reason != "" && by == "" {
				by, used[name] = "not produced: "+reason, true
			}
		}
		if by == "" {
			t.Errorf("%s %s asks for %s of %s, which nothing produces", r.pack, r.policy, r.property, r.token)
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.pack, r.policy, r.token, r.property, by)
	}
	b.WriteString("\n## Not emitted under these names\n\n| Type | Instead |\n|---|---|\n")
	for _, o := range otherNames {
		if _, emitted := specNamed(o[0]); emitted {
			t.Errorf("%s is emitted", o[0])
		}
		fmt.Fprintf(&b, "| %s | %s |\n", o[0], o[1])
	}
	for name := range notProduced {
		if !used[name] {
			t.Errorf("%s needs no reason", name)
		}
	}
	path := filepath.Join("..", "..", "docs", "public-pack-properties.md")
	if *update {
		if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != b.String() {
		t.Errorf("%s is not what the packs and the golden files say; write it anew with -update", path)
	}
}
