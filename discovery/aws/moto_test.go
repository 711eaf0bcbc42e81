package aws_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/discovery/mototest"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// compared are the services that are held against boto3 on moto, each with a
// module in testdata/moto.
var compared = []string{
	"sqs",
	"rds",
	"dynamodb",
	"secretsmanager",
	"sns",
	"route53",
	"logs",
	"cloudwatch",
	"guardduty",
	"elbv2",
	"elb",
	"autoscaling",
	"acm",
	"cloudfront",
	"lambda",
	"ecr",
	"efs",
	"ecs",
	"eks",
	"cloudtrail",
	"config",
	"apigateway",
	"athena",
	"opensearch",
	"redshift",
	"elasticache",
	"kinesis",
	"sfn",
	"backup",
	"ssm",
	"wafv2",
	// Last, since the others make buckets, instances, keys and roles.
	"s3",
	"ec2",
	"kms",
	"iam",
}

// second is what boto3 says of the account, see testdata/moto/compare.py.
type second struct {
	Resources []struct {
		Type, ID, Name, Region string
		Properties             map[string]any
		Unknown                []string
		// More is with everything that is read on demand.
		More        map[string]any
		MoreUnknown []string
	}
	Explained map[string]map[string]string // by type and property
}

// What the SDK shows of a resource is what the snapshot says of it, property by
// property, and nothing is there that was not compared.
func TestSnapshotsSayWhatAWSShows(t *testing.T) {
	sdkEnvironment(t, true)
	m := mototest.Start(t)
	opinions := secondOpinions(t, m)
	for _, name := range compared {
		t.Run(name, func(t *testing.T) { compare(t, opinions[name], scanned(t, m.URL, name)) })
		calls := onDemandOf(name)
		if len(calls) == 0 {
			continue
		}
		t.Run(name+" with everything on demand", func(t *testing.T) {
			more := opinions[name]
			more.Resources = slices.Clone(more.Resources)
			for i, r := range more.Resources {
				r.Properties, r.Unknown = r.More, r.MoreUnknown
				more.Resources[i] = r
			}
			compare(t, more, scanned(t, m.URL, name, calls...))
		})
	}
	t.Run("s3 with AWS Config", func(t *testing.T) { compare(t, opinions["s3"], scannedRecorded(t, m.URL, "s3")) })
}

// scannedRecorded is scanned with what moto says as AWS Config. Its recorders are pending for
// ever; this one has recorded.
func scannedRecorded(t *testing.T, moto, service string) map[schemas.Key]discovery.Observation {
	t.Helper()
	to, err := url.Parse(moto)
	if err != nil {
		t.Fatal(err)
	}
	var items atomic.Int32
	proxy := httputil.NewSingleHostReverseProxy(to)
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch _, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), "."); operation {
		case "DescribeConfigurationRecorders":
			fmt.Fprint(w, `{"ConfigurationRecorders":[{"name":"default","recordingGroup":{"allSupported":true}}]}`)
		case "DescribeConfigurationRecorderStatus":
			fmt.Fprintf(w, `{"ConfigurationRecordersStatus":[{"name":"default","recording":true,"lastStatus":"SUCCESS","lastStatusChangeTime":%d}]}`, time.Now().Unix())
		case "BatchGetResourceConfig":
			items.Add(1)
			motoItems(t, w, r, moto)
		default:
			proxy.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(srv.Close)
	found := scannedOf(t, schemas.Account{Name: "moto", Endpoint: srv.URL, Regions: []string{"us-east-1"}, Services: []string{service}, AWSConfig: schemas.ConfigAuto})
	recorded := 0
	for _, o := range found {
		if !o.Recorded.IsZero() {
			recorded++
		}
	}
	if recorded == 0 || items.Load() == 0 {
		t.Errorf("%d of %d were recorded, in %d calls", recorded, len(found), items.Load())
	}
	return found
}

// motoTime is a time as moto's items have it; AWS's are numbers.
var motoTime = regexp.MustCompile(`"(configurationItemCaptureTime|resourceCreationTime)": ?"[^"]*"`)

// motoItems asks moto for items one by one: it breaks at the ACL of a bucket that is public.
func motoItems(t *testing.T, w http.ResponseWriter, r *http.Request, moto string) {
	var in struct{ ResourceKeys []map[string]string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		t.Error(err)
	}
	all := []json.RawMessage{}
	for _, k := range in.ResourceKeys {
		one, err := http.NewRequestWithContext(t.Context(), http.MethodPost, moto, strings.NewReader(text(t, map[string]any{"resourceKeys": []any{k}})))
		if err != nil {
			t.Error(err)
			return
		}
		one.Header = r.Header.Clone()
		res, err := http.DefaultClient.Do(one)
		if err != nil {
			t.Error(err)
			return
		}
		raw, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		var out struct{ BaseConfigurationItems []json.RawMessage }
		if err == nil && res.StatusCode == http.StatusOK {
			err = json.Unmarshal(motoTime.ReplaceAll(raw, []byte(`"$1": 4102444800`)), &out)
		}
		if err != nil {
			t.Errorf("%v: %s", err, raw)
		}
		all = append(all, out.BaseConfigurationItems...)
	}
	fmt.Fprint(w, text(t, map[string]any{"baseConfigurationItems": all}))
}

func secondOpinions(t *testing.T, m *mototest.Server) map[string]second {
	t.Helper()
	cmd := m.Python(t, filepath.Join("testdata", "moto", "compare.py"), append([]string{"--endpoint", m.URL}, compared...)...)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("compare.py: %v\n%s", err, errs.Bytes())
	}
	var opinions map[string]second
	if err := json.Unmarshal(out, &opinions); err != nil {
		t.Fatal(err)
	}
	return opinions
}

// onDemandOf are the calls of a service that are made on demand.
func onDemandOf(service string) (calls []string) {
	for _, r := range aws.Types() {
		for _, c := range r.OnDemand {
			if r.Service == service {
				calls = append(calls, c.Action)
			}
		}
	}
	return calls
}

// scanned is everything that a scan of one service finds, by key, with some facets that
// are read on demand.
func scanned(t *testing.T, endpoint, service string, facets ...string) map[schemas.Key]discovery.Observation {
	t.Helper()
	return scannedOf(t, schemas.Account{Name: "moto", Endpoint: endpoint, Regions: []string{"us-east-1"}, Services: []string{service}}, facets...)
}

// scannedOf is scanned for an account with one unit.
func scannedOf(t *testing.T, account schemas.Account, facets ...string) map[schemas.Key]discovery.Observation {
	t.Helper()
	p := provider()
	id, units, err := p.Plan(t.Context(), account)
	if err != nil || len(units) != 1 {
		t.Fatalf("%d units, %v", len(units), err)
	}
	account.ID = id
	r, err := p.Open(t.Context(), schemas.Unit{Account: account, Unit: units[0], Facets: facets})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	found := map[schemas.Key]discovery.Observation{}
	ends, err := r.Read(t.Context(), func(_ context.Context, o discovery.Observation) error {
		mu.Lock()
		defer mu.Unlock()
		found[o.Key] = o
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range ends {
		if e.State != schemas.ScopeComplete && e.Unread == 0 { // what is unread is compared with what boto3 cannot read
			t.Errorf("%+v", e)
		}
	}
	locateAll(t, p, account, found)
	return found
}

// locateAll finds what was scanned by the ARN that is read of it.
func locateAll(t *testing.T, p *aws.Provider, account schemas.Account, found map[schemas.Key]discovery.Observation) {
	t.Helper()
	for key, o := range found {
		arn, ok := o.Properties["arn"].(string)
		if key.Type == "aws:sqs/queue:Queue" { // the input has no ARN
			arn, ok = "arn:aws:sqs:"+key.Region+":"+account.ID.AWSAccount()+":"+o.Name, true
		}
		if !ok || strings.HasPrefix(key.Type, "insights:") {
			continue
		}
		if _, keys, err := p.Locate(t.Context(), account, arn); err != nil || !slices.Contains(keys, key) {
			t.Errorf("%s is at %v, not %s: %v", arn, keys, key, err)
		}
	}
}

func compare(t *testing.T, want second, found map[schemas.Key]discovery.Observation) {
	t.Helper()
	needed := map[string]map[string]bool{} // explanations by type and property
	for _, r := range want.Resources {
		key := schemas.Key{Region: r.Region, Type: r.Type, ID: r.ID}
		o, ok := found[key]
		if !ok {
			t.Errorf("%s was not found", key)
			continue
		}
		delete(found, key)
		if _, ok := want.Explained[r.Type]["name"]; !ok && o.Name != r.Name {
			t.Errorf("%s is named %q, not %q", key, o.Name, r.Name)
		}
		for _, property := range differing(t, o.Properties, r.Properties) {
			if _, ok := want.Explained[r.Type][property]; !ok {
				t.Errorf("%s: %s is\n     %s\nnot  %s", key, property, text(t, o.Properties[property]), text(t, r.Properties[property]))
			}
			if needed[r.Type] == nil {
				needed[r.Type] = map[string]bool{}
			}
			needed[r.Type][property] = true
		}
		if got := unknownPaths(o); !slices.Equal(got, r.Unknown) && (len(got) > 0 || len(r.Unknown) > 0) {
			t.Errorf("%s: unknown are %q, not %q", key, got, r.Unknown)
		}
	}
	for key := range found {
		t.Errorf("%s was found and is not expected", key)
	}
	for kind, properties := range want.Explained {
		for property := range properties {
			if !needed[kind][property] {
				t.Errorf("%s: %s does not differ and needs no explanation", kind, property)
			}
		}
	}
}

// differing are the names of the properties that two documents do not share.
func differing(t *testing.T, got, want map[string]any) []string {
	t.Helper()
	var plain map[string]any // numbers as JSON has them
	if err := json.Unmarshal([]byte(text(t, got)), &plain); err != nil {
		t.Fatal(err)
	}
	var names []string
	for name, v := range plain {
		if w, ok := want[name]; !ok || !reflect.DeepEqual(v, w) {
			names = append(names, name)
		}
	}
	for name := range want {
		if _, ok := plain[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func unknownPaths(o discovery.Observation) []string {
	paths := make([]string, len(o.Unknown))
	for i, u := range o.Unknown {
		paths[i] = u.Path
	}
	slices.Sort(paths)
	return paths
}

func text(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// notInMoto are the services that moto does not have.
var notInMoto = []string{"appflow"}

// Every service is compared.
func TestEveryServiceIsCompared(t *testing.T) {
	t.Parallel()
	for _, r := range aws.Types() {
		if slices.Contains(compared, r.Service) == slices.Contains(notInMoto, r.Service) {
			t.Errorf("%s is not compared with what boto3 shows", r.Service)
		}
	}
}
