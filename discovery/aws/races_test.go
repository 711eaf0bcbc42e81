package aws

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// of keeps an answer for one bucket; the others are answered as ever.
func of(bucket string, a answer) func(string, url.Values) answer {
	return func(_ string, q url.Values) answer {
		if q.Get("bucket") != bucket {
			return answer{}
		}
		return a
	}
}

const second = "bucket-00000001"

// perBucket are the calls that are made for each bucket; tags are asked for many.
var perBucket = slices.DeleteFunc(slices.Collect(maps.Keys(fullBucket)), func(op string) bool { return !strings.HasPrefix(op, "s3:") })

// A bucket that is deleted between the list and any of its reads is not there.
// In particular it is not a bucket without encryption.
func TestBucketDeletedWhileItIsRead(t *testing.T) {
	t.Parallel()
	for _, op := range perBucket {
		a := newAccount(awsfake.Population{Buckets: 3}).asked(op, of(second, answer{http.StatusNotFound, s3Error("NoSuchBucket")}))
		s := a.read(t, s3Service, schemas.GlobalRegion)
		for _, o := range s.list {
			if o.ID == second {
				t.Errorf("%s: emitted %s", op, o.Key)
			}
		}
		if s.count(typeBucket) != 2 || s.count(typeBucketPAB) != 2 {
			t.Errorf("%s: %d of the other 2 buckets", op, s.count(typeBucket))
		}
		for token, e := range s.scopes {
			if e.State != schemas.ScopeComplete || e.Seen != uint64(s.count(token)) {
				t.Errorf("%s: %+v", op, e)
			}
		}
	}
}

// One bucket whose policy denies us does not take the others with it.
func TestOneDeniedBucketOfMany(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Buckets: 6})
	for _, op := range perBucket {
		a.asked(op, of(second, answer{http.StatusForbidden, s3Error("AccessDenied")}))
	}
	s := a.read(t, s3Service, schemas.GlobalRegion)
	if s.count(typeBucket) != 6 {
		t.Errorf("%d buckets", s.count(typeBucket))
	}
	for _, o := range s.list {
		if o.Type == typeBucketReplication {
			continue // it is not read
		}
		denied := slices.ContainsFunc(o.Unknown, func(u schemas.UnknownPath) bool { return u.State == schemas.FacetDenied })
		if denied != (o.ID == second) {
			t.Errorf("%s: %+v", o.Key, o.Unknown)
		}
	}
	for token, e := range s.scopes {
		want := schemas.ScopeComplete
		if perhaps[token] != "" && s.count(token) > 0 {
			want = schemas.ScopeDenied // what it has of these nobody knows
		}
		if e.State != want || !e.Closes() {
			t.Errorf("%+v", e)
		}
	}
}

// A bucket made anew in another region since it was listed answers with a
// redirect: nothing is known of it, and nothing is claimed.
func TestBucketThatMoved(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Buckets: 2}).says("tagging:GetResources", `{}`)
	for _, op := range perBucket {
		a.asked(op, of(second, answer{http.StatusMovedPermanently, s3Error("PermanentRedirect")}))
	}
	s := a.read(t, s3Service, schemas.GlobalRegion)
	for _, o := range s.list {
		if o.ID != second {
			continue
		}
		for name := range o.Properties {
			if name != "bucket" && name != "region" {
				t.Errorf("%s claims %s", o.Key, name)
			}
		}
		for _, u := range o.Unknown {
			if u.State != schemas.FacetFailed && u.State != schemas.FacetNotRead {
				t.Errorf("%s: %+v", o.Key, u)
			}
		}
	}
}

// Buckets are asked in their own region, and their region is asked for only
// when the list does not tell.
func TestBucketsAreReadInTheirRegion(t *testing.T) {
	t.Parallel()
	a := newAccount(awsfake.Population{Buckets: 2}) // one in us-east-1, one in eu-west-1
	s := a.read(t, s3Service, schemas.GlobalRegion)
	for id, region := range map[string]string{"bucket-00000000": home, second: "eu-west-1"} {
		if !slices.ContainsFunc(s.list, func(o discovery.Observation) bool {
			return o.ID == id && o.Region == region && o.Properties["region"] == region
		}) {
			t.Errorf("%s is not in %s", id, region)
		}
	}
	if !slices.Contains(a.calls, "s3:policy eu-west-1") || !slices.Contains(a.calls, "s3:policy us-east-1") || a.count("s3:location") != 0 {
		t.Errorf("called %v", a.calls)
	}
	for constraint, want := range map[string]string{"": home, "EU": "eu-west-1", "ap-south-1": "ap-south-1"} {
		a := newAccount(awsfake.Population{Buckets: 1}).says("s3:", `<ListAllMyBucketsResult><Buckets><Bucket><Name>bucket-00000000</Name></Bucket></Buckets></ListAllMyBucketsResult>`).
			says("s3:location", `<LocationConstraint>`+constraint+`</LocationConstraint>`)
		if o, ok := a.read(t, s3Service, schemas.GlobalRegion).one(typeBucket, "bucket-00000000"); !ok || o.Region != want {
			t.Errorf("%q: bucket in %q", constraint, o.Region)
		}
	}
}

// Without its region nothing can be said of a bucket, and so not of the scopes:
// what the store knows of it must stay.
func TestBucketWithoutARegion(t *testing.T) {
	t.Parallel()
	list := `<ListAllMyBucketsResult><Buckets><Bucket><Name>old</Name></Bucket></Buckets></ListAllMyBucketsResult>`
	for name, c := range map[string]struct {
		status int
		code   string
		want   schemas.ScopeState
	}{"denied": {403, "AccessDenied", schemas.ScopeDenied}, "failed": {500, "InternalError", schemas.ScopeFailed}, "gone": {404, "NoSuchBucket", schemas.ScopeComplete}} {
		s := newAccount(awsfake.Population{}).says("s3:", list).fails("s3:location", c.status, s3Error(c.code)).read(t, s3Service, schemas.GlobalRegion)
		for _, token := range bucketTypes {
			e := s.scopes[token]
			if e.State != c.want || (e.Call == "s3:GetBucketLocation") != (c.want != schemas.ScopeComplete) {
				t.Errorf("%s: %+v", name, e)
			}
		}
		if s.count(typeBucket) != 0 || s.scopes[typeAccountPABSetting].State != schemas.ScopeComplete {
			t.Errorf("%s: %+v", name, s)
		}
	}
}

// An item that has no id cannot be stored, and what it stands for is not seen:
// the scope is not complete.
func TestItemsWithoutAnID(t *testing.T) {
	t.Parallel()
	s := newAccount(awsfake.Population{}).says("s3:", `<ListAllMyBucketsResult><Buckets><Bucket/></Buckets></ListAllMyBucketsResult>`).read(t, s3Service, schemas.GlobalRegion)
	if e := s.scopes[typeBucketPolicy]; e.State != schemas.ScopeFailed || e.Call != "s3:ListAllMyBuckets" {
		t.Errorf("%+v", e)
	}
	empty := `<DescribeVpcsResponse><vpcSet><item/><item><vpcId>vpc-1</vpcId></item></vpcSet></DescribeVpcsResponse>`
	s = newAccount(awsfake.Population{}).says("ec2:DescribeVpcs", empty).read(t, ec2Service, home)
	if e := s.scopes[typeVPC]; e.State != schemas.ScopeFailed || e.Call != "ec2:DescribeVpcs" || e.Seen != 1 || s.count(typeVPC) != 1 {
		t.Errorf("%+v", e)
	}
	if e := s.scopes[typeSubnet]; e.State != schemas.ScopeComplete {
		t.Errorf("%+v", e)
	}
}

// Terminated instances are listed for an hour; they do not exist.
func TestTerminatedInstancesAreGone(t *testing.T) {
	t.Parallel()
	item := func(id, state string) string {
		return "<item><instancesSet><item><instanceId>" + id + "</instanceId><instanceState><name>" + state + "</name></instanceState></item></instancesSet></item>"
	}
	var items strings.Builder
	for _, state := range []string{"pending", "running", "stopping", "stopped", "shutting-down", "terminated"} {
		items.WriteString(item("i-"+state, state))
	}
	s := newAccount(awsfake.Population{}).says("ec2:DescribeInstances", "<DescribeInstancesResponse><reservationSet>"+items.String()+"</reservationSet></DescribeInstancesResponse>").
		read(t, ec2Service, home)
	if _, ok := s.one(typeInstance, "i-terminated"); ok || s.count(typeInstance) != 5 {
		t.Errorf("%d instances", s.count(typeInstance))
	}
}

// Disabled and deprecated images exist; EC2 leaves them out unless asked.
func TestImagesOfAllKindsAreAskedFor(t *testing.T) {
	t.Parallel()
	var asked url.Values
	a := newAccount(awsfake.Population{Images: 1})
	a.asked("ec2:DescribeImages", func(_ string, q url.Values) answer { asked = q; return answer{} })
	a.read(t, ec2Service, home)
	if asked.Get("IncludeDisabled") != "true" || asked.Get("IncludeDeprecated") != "true" || asked.Get("Owner.1") != "self" {
		t.Errorf("asked for %v", asked)
	}
}

// Whether everyone may restore a snapshot is asked in a call of its own; its
// refusal leaves the snapshots and makes that one question unknown.
func TestSnapshotExposureDenied(t *testing.T) {
	t.Parallel()
	a := newAccount(full)
	a.asked("ec2:DescribeSnapshots", func(_ string, q url.Values) answer {
		if q.Get("RestorableBy.1") == "" {
			return answer{}
		}
		return refusal("ec2:", "UnauthorizedOperation", 403)
	})
	s := a.read(t, ec2Service, home)
	if s.count(typeSnapshot) != 2 || s.count(typeSnapshotExposure) != 2 {
		t.Fatalf("%d snapshots, %d exposures", s.count(typeSnapshot), s.count(typeSnapshotExposure))
	}
	for _, o := range s.list {
		if o.Type == typeSnapshotExposure {
			wantUnknown(t, o, "public", schemas.FacetDenied, "ec2:DescribeSnapshots")
		}
	}
}

// A public snapshot is known by being in the list of what everyone may restore.
func TestPublicSnapshots(t *testing.T) {
	t.Parallel()
	a := newAccount(full)
	a.asked("ec2:DescribeSnapshots", func(_ string, q url.Values) answer {
		if q.Get("RestorableBy.1") == "" {
			return answer{}
		}
		if q.Get("RestorableBy.1") != "all" || q.Get("Owner.1") != "self" {
			return refusal("ec2:", "InvalidParameter", 400)
		}
		return answer{http.StatusOK, "<DescribeSnapshotsResponse><snapshotSet><item><snapshotId>snap-00000000000000001</snapshotId></item></snapshotSet></DescribeSnapshotsResponse>"}
	})
	s := a.read(t, ec2Service, home)
	for id, want := range map[string]bool{"snap-00000000000000000": false, "snap-00000000000000001": true} {
		if o, _ := s.one(typeSnapshotExposure, id); o.Properties["public"] != want {
			t.Errorf("%s: %v", id, o.Properties)
		}
	}
}
