package aws

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// recordedServices are those with types that AWS Config answers for, each with what there is to read.
var recordedServices = []struct {
	service *service
	region  string // of the unit
	kinds   map[string]int
	buckets int
}{
	{sqsService, home, map[string]int{"queue": 20}, 0},
	{snsService, home, map[string]int{"topic": 20}, 0},
	{kmsService, home, map[string]int{"key": 20}, 0},
	{dynamodbService, home, map[string]int{"table": 20}, 0},
	{lambdaService, home, map[string]int{"function": 20}, 0},
	{ecrService, home, map[string]int{"repository": 20}, 0},
	{efsService, home, map[string]int{"fileSystem": 20}, 0},
	{elbv2Service, home, map[string]int{"loadBalancer": 20}, 0},
	{rdsService, home, map[string]int{"dbSnapshot": 20, "dbClusterSnapshot": 20}, 0},
	{s3Service, schemas.GlobalRegion, nil, 20},
}

// recordedAccount has a recorder in each region.
func recordedAccount(buckets int, kinds map[string]int) *account {
	more := map[string]int{"recorder": 1}
	maps.Copy(more, kinds)
	return newAccount(awsfake.Population{Buckets: buckets, More: more})
}

// readRecorded reads a service with AWS Config.
func (a *account) readRecorded(t *testing.T, svc *service, region string) seen {
	t.Helper()
	return seenBy(t, &reader{svc: svc, session: a.in(home), unitRegion: region, recording: newRecording("scan", &recorderCache{})})
}

// same compares what two reads say of everything, but for how they came to know.
func same(t *testing.T, got, want seen) {
	t.Helper()
	if len(got.list) != len(want.list) || len(want.list) == 0 {
		t.Errorf("%d observations, want %d", len(got.list), len(want.list))
	}
	for _, w := range want.list {
		g, ok := got.one(w.Type, w.ID)
		g.Recorded = time.Time{}
		if !ok || !reflect.DeepEqual(g, w) {
			t.Errorf("%s\ngot  %+v\nwant %+v", w.Key, g, w)
		}
	}
}

// What AWS Config answers is what the services say, in fewer calls.
func TestRecordedIsWhatIsRead(t *testing.T) {
	t.Parallel()
	for _, c := range recordedServices {
		plain, recorded := recordedAccount(c.buckets, c.kinds), recordedAccount(c.buckets, c.kinds)
		want := plain.read(t, c.service, home)
		got := recorded.readRecorded(t, c.service, c.region)
		same(t, got, want)
		without, _ := plain.fake.Calls()
		with, by := recorded.fake.Calls()
		t.Logf("%s: %d calls without, %d with: %v", c.service.name, without, with, by)
		if with >= without {
			t.Errorf("%s: %d calls with AWS Config, %d without", c.service.name, with, without)
		}
		recorder := 0
		for _, spec := range c.service.types {
			r := got.scopes[spec.token].Recorded
			if (r == nil) != (spec.recorded == nil) {
				t.Errorf("%s: recorded %+v", spec.token, r)
			}
			if r != nil && (r.Resources == 0 || r.Why != "" || time.Since(r.Until) > time.Hour) && got.count(spec.token) > 0 {
				t.Errorf("%s: %+v", spec.token, r)
			}
			if r != nil {
				recorder += int(r.Answers)
			}
		}
		if saved := int(without) - int(with); recorder < saved {
			t.Errorf("%s: %d answers are told, %d calls were saved", c.service.name, recorder, saved)
		}
	}
}

// Where nothing may be taken from AWS Config, all is read as ever, and it is said why.
func TestWhyNothingIsRecorded(t *testing.T) {
	t.Parallel()
	deny := func(actions ...string) awsfake.Faults { return awsfake.Faults{Deny: actions} }
	how := func(r awsfake.Recorder) awsfake.Faults { return awsfake.Faults{Recorder: &r} }
	for name, c := range map[string]struct {
		faults    awsfake.Faults
		recorders int
		why       string
	}{
		"no recorder":       {awsfake.Faults{}, 0, "no recorder"},
		"recorders denied":  {deny(describeRecorders.action), 1, describeRecorders.action + ": "},
		"status denied":     {deny(describeRecorderStatus.action), 1, describeRecorderStatus.action + ": "},
		"items denied":      {deny(batchGetConfig.action), 1, batchGetConfig.action + ": "},
		"stopped":           {how(awsfake.Recorder{Stopped: true}), 1, "is stopped"},
		"failing":           {how(awsfake.Recorder{Status: "Failure"}), 1, "last status is Failure"},
		"silent":            {how(awsfake.Recorder{Silent: 25 * time.Hour}), 1, "recorded nothing since"},
		"other types":       {how(awsfake.Recorder{Types: []string{"AWS::S3::Bucket"}}), 1, "AWS::SQS::Queue is not recorded"},
		"all but this type": {how(awsfake.Recorder{Except: []string{"AWS::SQS::Queue"}}), 1, "AWS::SQS::Queue is not recorded"},
		"daily":             {how(awsfake.Recorder{Daily: []string{"AWS::SQS::Queue"}}), 1, "recorded once a day"},
	} {
		a := newAccount(awsfake.Population{More: map[string]int{"queue": 20, "recorder": c.recorders}})
		a.fake.SetFaults(c.faults)
		got := a.readRecorded(t, sqsService, home)
		same(t, got, recordedAccount(0, map[string]int{"queue": 20}).read(t, sqsService, home))
		if n := a.count("sqs:GetQueueAttributes"); n != 20 || got.scopes[typeQueue].State != schemas.ScopeComplete {
			t.Errorf("%s: %d queues were read, %+v", name, n, got.scopes[typeQueue])
		}
		if r := got.scopes[typeQueue].Recorded; r == nil || !strings.Contains(r.Why, c.why) || r.Resources+r.Answers != 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// Types that are recorded are, beside others; recorders of services are nobody else's.
func TestRecorderOfSomeTypes(t *testing.T) {
	t.Parallel()
	a := recordedAccount(0, map[string]int{"queue": 20})
	a.fake.SetFaults(awsfake.Faults{Recorder: &awsfake.Recorder{Types: []string{"AWS::SQS::Queue"}, Daily: []string{"AWS::SNS::Topic"}}})
	if r := a.readRecorded(t, sqsService, home).scopes[typeQueue].Recorded; r.Resources != 20 || r.Answers != 20 || r.Calls != 1 || r.Why != "" {
		t.Errorf("%+v", r)
	}
	a.says("config:DescribeConfigurationRecorders", `{"ConfigurationRecorders":[{"name":"theirs","servicePrincipal":"x.amazonaws.com","recordingGroup":{"allSupported":true}}]}`)
	if r := a.readRecorded(t, sqsService, home).scopes[typeQueue].Recorded; !strings.Contains(r.Why, "no recorder") {
		t.Errorf("%+v", r)
	}
}

// A call to AWS Config for one queue would save nothing.
func TestRecordedOnlyWhereItSaves(t *testing.T) {
	t.Parallel()
	a := recordedAccount(0, map[string]int{"queue": 1})
	a.readRecorded(t, sqsService, home)
	if n := a.count("config:DescribeConfigurationRecorders"); n != 0 {
		t.Errorf("asked %d times for the recorder", n)
	}
}

// What there is, the service says: what Config does not know yet is read from it, and what
// Config still has is not there.
func TestRecordedLag(t *testing.T) {
	t.Parallel()
	a := recordedAccount(0, map[string]int{"queue": 20})
	a.fake.SetFaults(awsfake.Faults{
		Changed: []string{queueName(3), queueName(4)}, Removed: []string{queueName(5)}, Added: []string{queueName(6)},
		Unrecorded: []string{queueName(3), queueName(5), queueName(6)},
	})
	got := a.readRecorded(t, sqsService, home)
	retention := func(i int) any {
		o, ok := got.one(typeQueue, queueURL(i))
		if !ok {
			return nil
		}
		return o.Properties["messageRetentionSeconds"]
	}
	if retention(3) != 345600 || retention(4) != 60 || retention(5) != nil || retention(6) != 345600 {
		t.Errorf("%v, %v, %v, %v", retention(3), retention(4), retention(5), retention(6))
	}
	for i, recorded := range map[int]bool{3: true, 4: true, 6: false} {
		if o, _ := got.one(typeQueue, queueURL(i)); o.Recorded.IsZero() == recorded {
			t.Errorf("%d was recorded at %v", i, o.Recorded)
		}
	}
	if n := a.count("sqs:GetQueueAttributes"); n != 1 {
		t.Errorf("%d queues were read", n)
	}
	// Direct reads are of the service.
	r := &reader{svc: sqsService, session: a.in(home), unitRegion: home, recording: newRecording("scan", &recorderCache{})}
	_, err := r.Verify(t.Context(), []schemas.Key{{Region: home, Type: typeQueue, ID: queueURL(3)}}, func(_ context.Context, o discovery.Observation) error {
		if o.Properties["messageRetentionSeconds"] != 60 || !o.Recorded.IsZero() {
			t.Errorf("%+v", o)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// An item that was captured before the list says that the resource was made is of what had its name
// before: everything is read.
func TestRecordedOfANameThatCameAgain(t *testing.T) {
	t.Parallel()
	for _, c := range recordedServices {
		dated := c.service == s3Service || c.service == lambdaService || c.service == ecrService || c.service == rdsService
		a := recordedAccount(c.buckets, c.kinds)
		var first sync.Once
		a.fake.SetClock(func() time.Time { // everything was recorded at the first time that it is asked for
			at := time.Now()
			first.Do(func() { at = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC) })
			return at
		})
		got := a.readRecorded(t, c.service, c.region)
		same(t, got, recordedAccount(c.buckets, c.kinds).read(t, c.service, home))
		if recorded := slices.ContainsFunc(got.list, func(o discovery.Observation) bool { return !o.Recorded.IsZero() }); recorded == dated {
			t.Errorf("%s: something is as it was recorded: %t", c.service.name, recorded)
		}
	}
}

func queueName(i int) string { return fmt.Sprintf("queue-%06d", i) }

func queueURL(i int) string {
	return "https://sqs." + home + ".amazonaws.com/" + self + "/" + queueName(i)
}

// A recorder is asked for once in a scan, and anew in the next one.
func TestRecorderOncePerScan(t *testing.T) {
	t.Parallel()
	a, cache := recordedAccount(0, map[string]int{"queue": 20, "topic": 20}), &recorderCache{}
	read := func(scan string, svc *service) {
		r := &reader{svc: svc, session: a.in(home), unitRegion: home, recording: newRecording(scan, cache)}
		if _, err := r.Read(t.Context(), func(context.Context, discovery.Observation) error { return nil }); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		scan  string
		asked int
	}{{"1", 1}, {"2", 2}} {
		read(c.scan, sqsService)
		read(c.scan, snsService)
		if n := a.count("config:DescribeConfigurationRecorders"); n != c.asked {
			t.Errorf("scan %s: asked %d times", c.scan, n)
		}
	}
}

// One type's items that cannot be had leave those of others.
func TestRecordedItemsFailForOneType(t *testing.T) {
	t.Parallel()
	a := recordedAccount(0, map[string]int{"dbSnapshot": 20, "dbClusterSnapshot": 20})
	a.asked("config:BatchGetResourceConfig", func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), "AWS::RDS::DBSnapshot") {
			return answer{http.StatusInternalServerError, `{"__type":"InternalFailure","message":"no"}`}
		}
		return answer{}
	})
	got := a.readRecorded(t, rdsService, home)
	same(t, got, recordedAccount(0, map[string]int{"dbSnapshot": 20, "dbClusterSnapshot": 20}).read(t, rdsService, home))
	if r := got.scopes[typeDBSnapshot].Recorded; !strings.Contains(r.Why, "InternalFailure") || r.Answers != 0 {
		t.Errorf("%+v", r)
	}
	if r := got.scopes[typeDBClusterSnapshot].Recorded; r.Why != "" || r.Answers != 20 {
		t.Errorf("%+v", r)
	}
}
