package cfn_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/cfn"
)

// native are the types of @pulumi/aws-native 1.79.0 with their properties.
func native(t *testing.T) map[string][]string {
	t.Helper()
	f, err := os.Open("testdata/native.txt.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	r, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string][]string{}
	for lines := bufio.NewScanner(r); lines.Scan(); {
		words := strings.Fields(lines.Text())
		types[words[0]] = words[1:]
	}
	return types
}

// Every type that we know has its token, and its properties their names, in Pulumi's SDK.
func TestNamesAreThoseOfPulumi(t *testing.T) {
	t.Parallel()
	types := native(t)
	names := cfn.Names()
	if len(names) < 1500 || len(types) < 1500 {
		t.Fatalf("%d types, %d of aws-native", len(names), len(types))
	}
	properties, unknown := 0, map[string][]string{}
	for _, name := range names {
		known, ok := types[cfn.Token(name)]
		if !ok {
			t.Errorf("%s is not %s", name, cfn.Token(name))
			continue
		}
		if cfn.Of(cfn.Token(name)) != name {
			t.Errorf("%s has the token of %s", name, cfn.Of(cfn.Token(name)))
		}
		typ := cfn.Lookup(name)
		for _, p := range typ.Properties {
			properties++
			if !slices.Contains(known, typ.PropertyName(p)) {
				unknown[name] = append(unknown[name], p)
			}
		}
	}
	n := 0
	for name, list := range unknown {
		t.Logf("%s: %v", name, list)
		n += len(list)
	}
	// The two packages are of different days: one has properties that the other has not yet.
	if properties < 10000 || n > 30 {
		t.Errorf("%d of %d properties are not in aws-native", n, properties)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"AWS::EC2::VPC": "ec2:Vpc", "AWS::EC2::EIP": "ec2:Eip", "AWS::EC2::EC2Fleet": "ec2:Ec2Fleet",
		"AWS::EC2::VPCDHCPOptionsAssociation": "ec2:VpcdhcpOptionsAssociation", "AWS::RDS::DBInstance": "rds:DbInstance",
		"AWS::Config::ConfigRule": "configuration:ConfigRule", "AWS::AppSync::GraphQLApi": "appsync:GraphQlApi",
		"AWS::Route53Resolver::ResolverDNSSECConfig": "route53resolver:ResolverDnssecConfig", "AWS::ACMPCA::Certificate": "acmpca:Certificate",
		"AWS::MediaConnect::FlowOutput": "mediaconnect:FlowOutput",
	} {
		if got := cfn.Token(name); got != "aws-native:"+want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for name, want := range map[string]string{
		"TargetGroupARNs": "targetGroupArns", "MultiAZ": "multiAz", "KMSMasterKeyID": "kmsMasterKeyId", "SSEAlgorithm": "sseAlgorithm",
		"IPv6CidrBlock": "iPv6CidrBlock", "EC2Config": "ec2Config", "LoRaWAN": "loRaWan", "WebsiteURL": "websiteUrl", "A": "a", "": "",
		"ARNsOf": "arnsOf",
	} {
		if got := cfn.Property(name); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// Names that people chose are kept.
func TestConvert(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ doc, want string }{
		"AWS::KMS::Key": {
			`{"KeyPolicy":{"Version":"2012","Statement":[{"Effect":"Allow"}]},"EnableKeyRotation":true,"Tags":[{"Key":"Owner","Value":"A"}]}`,
			`{"keyPolicy":{"Version":"2012","Statement":[{"Effect":"Allow"}]},"enableKeyRotation":true,"tags":[{"key":"Owner","value":"A"}]}`,
		},
		"AWS::Lambda::Function": {
			`{"Environment":{"Variables":{"DB_URL":"x"}},"VpcConfig":{"SubnetIds":["s"]},"NewThing":{"KMSKey":1}}`,
			`{"environment":{"variables":{"DB_URL":"x"}},"vpcConfig":{"subnetIds":["s"]},"newThing":{"kmsKey":1}}`,
		},
		"AWS::WAFv2::WebACL": {
			`{"Id":"1","CustomResponseBodies":{"Own":{"ContentType":"T"}},"Rules":[{"Statement":{"NotStatement":{"Statement":{"ByteMatchStatement":{"SearchString":"S"}}}}}]}`,
			`{"awsId":"1","customResponseBodies":{"Own":{"contentType":"T"}},"rules":[{"statement":{"notStatement":{"statement":{"byteMatchStatement":{"searchString":"S"}}}}}]}`,
		},
	} {
		var doc, want map[string]any
		if err := json.Unmarshal([]byte(c.doc), &doc); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(c.want), &want); err != nil {
			t.Fatal(err)
		}
		if got := cfn.Lookup(name).Convert(doc); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	if cfn.Lookup("AWS::No::Such") != nil {
		t.Error("there is no such type")
	}
}
