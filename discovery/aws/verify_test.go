package aws

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// verify reads keys directly.
func (a *account) verify(t *testing.T, svc *service, keys ...schemas.Key) (emitted []discovery.Observation, gone []schemas.Key, err error) {
	t.Helper()
	r := &reader{svc: svc, session: a.in(home), unitRegion: home}
	var mu sync.Mutex
	gone, err = r.Verify(t.Context(), keys, func(_ context.Context, o discovery.Observation) error {
		mu.Lock()
		defer mu.Unlock()
		emitted = append(emitted, o)
		return nil
	})
	return emitted, gone, err
}

func bucketKey(token string) schemas.Key {
	return schemas.Key{Region: home, Type: token, ID: "bucket-00000000"}
}

// What a bucket still has is emitted; what it has no longer is gone, though the
// bucket is there.
func TestVerifyPartsOfABucket(t *testing.T) {
	t.Parallel()
	a := bucketAccount(fullBucket)
	for _, token := range bucketTypes {
		emitted, gone, err := a.verify(t, s3Service, bucketKey(token))
		if err != nil || len(gone) != 0 || len(emitted) != 1 || emitted[0].Key != bucketKey(token) {
			t.Errorf("%s: emitted %v, gone %v, %v", token, emitted, gone, err)
		}
	}
	a.fails("s3:policy", http.StatusNotFound, s3Error("NoSuchBucketPolicy"))
	emitted, gone, err := a.verify(t, s3Service, bucketKey(typeBucketPolicy), bucketKey(typeBucketACL))
	if err != nil || !slices.Equal(gone, []schemas.Key{bucketKey(typeBucketPolicy)}) || len(emitted) != 1 || emitted[0].Type != typeBucketACL {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	// Refused, it is neither: what is held of it is unknown, and it was not verified.
	a.fails("s3:policy", http.StatusForbidden, s3Error("AccessDenied"))
	emitted, gone, err = a.verify(t, s3Service, bucketKey(typeBucketPolicy))
	if err == nil || len(gone) != 0 || len(emitted) != 1 || emitted[0].Unread == nil {
		t.Fatalf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	wantUnknown(t, emitted[0], "policy", schemas.FacetDenied, "s3:GetBucketPolicy")
}

// A resource with all that is split off it is read once, in whatever order the
// keys come, and so is each of several.
func TestVerifyReadsEachOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		service *service
		types   []string
		id      func(i int) string
		once    []string // operations, of each resource
	}{
		{s3Service, bucketTypes, func(i int) string { return fmt.Sprintf("bucket-%08d", i) }, []string{"s3:HEAD", "s3:acl", "s3:policy", "tagging:GetResources"}},
		{ecrService, []string{typeRepository, typeRepositoryPolicy}, func(i int) string { return fmt.Sprintf("repository-%06d", i) }, []string{"ecr:DescribeRepositories", "ecr:GetRepositoryPolicy"}},
	} {
		a := newAccount(awsfake.Population{Buckets: 4, More: map[string]int{"*": 2}})
		var keys []schemas.Key
		for _, o := range a.read(t, c.service, home).sorted() {
			if o.Region == home && (o.ID == c.id(0) || o.ID == c.id(2) || o.ID == c.id(1)) && slices.Contains(c.types, o.Type) {
				keys = append(keys, o.Key)
			}
		}
		read := map[string]bool{}
		for _, k := range keys {
			read[k.ID] = true
		}
		before := map[string]int{}
		for _, op := range c.once {
			before[op] = a.count(op)
		}
		slices.SortFunc(keys, func(x, y schemas.Key) int { return strings.Compare(x.ID+x.Type, y.ID+y.Type) })
		emitted, gone, err := a.verify(t, c.service, keys...)
		if err != nil || len(read) != 2 || len(keys) == 2 || len(emitted) != len(keys) || len(gone) != 0 {
			t.Errorf("%s: %d keys of %d, emitted %d, gone %v, %v", c.service.name, len(keys), len(read), len(emitted), gone, err)
		}
		for _, op := range c.once {
			if n := a.count(op) - before[op]; n != 2 {
				t.Errorf("%s: %d times for 2", op, n)
			}
		}
	}
}

func TestVerifyBuckets(t *testing.T) {
	t.Parallel()
	const others = `<ListAllMyBucketsResult><Buckets><Bucket><Name>bucket-000000001</Name></Bucket></Buckets></ListAllMyBucketsResult>`
	for name, c := range map[string]struct {
		head       int    // status of HeadBucket
		list       answer // of ListBuckets
		gone, fail bool
	}{
		"there":                   {head: 200},
		"gone":                    {head: 404, gone: true},
		"in another region":       {head: 301, gone: true},
		"refused, and ours":       {head: 403, fail: true},
		"refused, and not ours":   {head: 403, list: answer{200, others}, gone: true},
		"refused, list refused":   {head: 403, list: answer{403, s3Error("AccessDenied")}, fail: true},
		"broken":                  {head: 500, fail: true},
		"slow down":               {head: 503, fail: true},
		"bad request":             {head: 400, fail: true},
		"gone while it is read":   {head: 200, gone: true},
		"broken while it is read": {head: 200},
	} {
		a := newAccount(awsfake.Population{Buckets: 1})
		if c.head != 200 {
			a.fails("s3:HEAD", c.head, "")
		}
		if c.list.status != 0 {
			a.fails("s3:", c.list.status, c.list.body)
		}
		switch name {
		case "gone while it is read":
			a.fails("s3:acl", http.StatusNotFound, s3Error("NoSuchBucket"))
		case "broken while it is read":
			a.fails("s3:acl", http.StatusInternalServerError, s3Error("InternalError"))
		}
		emitted, gone, err := a.verify(t, s3Service, bucketKey(typeBucket))
		if (err != nil) != c.fail || (len(gone) == 1) != c.gone || (len(emitted) == 1) != (!c.gone && !c.fail) {
			t.Errorf("%s: emitted %v, gone %v, %v", name, emitted, gone, err)
		}
	}
}

// A filter leaves out what does not exist; an error of the call does not say
// that anything is gone.
func TestVerifyEC2(t *testing.T) {
	t.Parallel()
	a := newAccount(full)
	there := schemas.Key{Region: home, Type: typeVolume, ID: "vol-00000000000000000"}
	never := schemas.Key{Region: home, Type: typeVolume, ID: "vol-00fffffffffffffff"}
	emitted, gone, err := a.verify(t, ec2Service, there, never)
	if err != nil || !slices.Equal(gone, []schemas.Key{never}) || len(emitted) != 1 || emitted[0].Key != there {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	for _, code := range []string{"UnauthorizedOperation", "InternalError"} {
		no := refusal("ec2:", code, 500)
		a.fails("ec2:DescribeVolumes", no.status, no.body)
		if emitted, gone, err := a.verify(t, ec2Service, there, never); err == nil || len(gone)+len(emitted) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", code, emitted, gone, err)
		}
	}
	// Keys of several types are asked for type by type; one that fails leaves the others.
	vpc := schemas.Key{Region: home, Type: typeVPC, ID: "vpc-00fffffffffffffff"}
	_, gone, err = a.verify(t, ec2Service, there, vpc)
	if err == nil || !slices.Equal(gone, []schemas.Key{vpc}) {
		t.Errorf("gone %v, %v", gone, err)
	}
}

// What hangs off a principal is asked for by its own call.
func TestVerifyIAM(t *testing.T) {
	t.Parallel()
	const policy = "arn:aws:iam::aws:policy/ReadOnlyAccess"
	attached := `<AttachedPolicies><member><PolicyName>p</PolicyName><PolicyArn>` + policy + `</PolicyArn></member></AttachedPolicies>`
	details := iamAnswer("GetAccountAuthorizationDetails", `<UserDetailList><member><UserName>u</UserName>`+
		`<UserPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member></UserPolicyList>`+
		`<AttachedManagedPolicies><member><PolicyName>p</PolicyName><PolicyArn>`+policy+`</PolicyArn></member></AttachedManagedPolicies></member></UserDetailList>`+
		`<GroupDetailList><member><GroupName>g</GroupName><GroupPolicyList><member><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member></GroupPolicyList>`+
		`<AttachedManagedPolicies><member><PolicyName>p</PolicyName><PolicyArn>`+policy+`</PolicyArn></member></AttachedManagedPolicies></member></GroupDetailList>`+
		`<RoleDetailList><member><RoleName>r</RoleName><Path>/</Path><AssumeRolePolicyDocument>%7B%7D</AssumeRolePolicyDocument>`+
		`<RolePolicyList><member><PolicyName>p</PolicyName><PolicyDocument>%7B%7D</PolicyDocument></member></RolePolicyList>`+
		`<AttachedManagedPolicies><member><PolicyName>p</PolicyName><PolicyArn>`+policy+`</PolicyArn></member></AttachedManagedPolicies></member></RoleDetailList>`)
	for token, c := range map[string]struct{ id, operation, found string }{
		typeUser:            {"u", "GetUser", "<User><UserName>u</UserName></User>"},
		typeGroup:           {"g", "GetGroup", "<Group><GroupName>g</GroupName></Group>"},
		typeRole:            {"r", "GetRole", "<Role><RoleName>r</RoleName></Role>"},
		typeUserPolicy:      {"u:p", "GetUserPolicy", "<PolicyName>p</PolicyName>"},
		typeGroupPolicy:     {"g:p", "GetGroupPolicy", "<PolicyName>p</PolicyName>"},
		typeRolePolicy:      {"r:p", "GetRolePolicy", "<PolicyName>p</PolicyName>"},
		typeUserAttachment:  {"u/" + policy, "ListAttachedUserPolicies", attached},
		typeGroupAttachment: {"g/" + policy, "ListAttachedGroupPolicies", attached},
		typeRoleAttachment:  {"r/" + policy, "ListAttachedRolePolicies", attached},
	} {
		key := schemas.Key{Region: schemas.GlobalRegion, Type: token, ID: c.id}
		a := newAccount(awsfake.Population{}).says("iam:GetAccountAuthorizationDetails", details)
		var asked url.Values
		a.asked("iam:"+c.operation, func(_ string, q url.Values) answer { asked = q; return answer{200, iamAnswer(c.operation, c.found)} })
		emitted, gone, err := a.verify(t, iamService, key)
		if err != nil || len(gone) != 0 || len(emitted) != 1 || emitted[0].Key != key {
			t.Errorf("%s is there: emitted %v, gone %v, %v", token, emitted, gone, err)
		}
		if named := asked.Get("UserName") + asked.Get("GroupName") + asked.Get("RoleName"); named != c.id[:1] {
			t.Errorf("%s: asked for %v", token, asked)
		}
		a.fails("iam:"+c.operation, http.StatusNotFound, iamError("NoSuchEntity"))
		if _, gone, err := a.verify(t, iamService, key); err != nil || len(gone) != 1 {
			t.Errorf("%s is gone: gone %v, %v", token, gone, err)
		}
		a.fails("iam:"+c.operation, http.StatusForbidden, iamError("AccessDenied"))
		if emitted, gone, err := a.verify(t, iamService, key); err == nil || len(gone)+len(emitted) != 0 {
			t.Errorf("%s is refused: emitted %v, gone %v, %v", token, emitted, gone, err)
		}
		// It exists, and the details do not list it (yet): neither there nor gone.
		a.says("iam:"+c.operation, iamAnswer(c.operation, c.found)).says("iam:GetAccountAuthorizationDetails", iamAnswer("GetAccountAuthorizationDetails", ""))
		if emitted, gone, err := a.verify(t, iamService, key); err == nil || len(gone)+len(emitted) != 0 {
			t.Errorf("%s lags: emitted %v, gone %v, %v", token, emitted, gone, err)
		}
	}
	// Detached from a principal that is there.
	key := schemas.Key{Region: schemas.GlobalRegion, Type: typeUserAttachment, ID: "u/arn:other"}
	a := newAccount(awsfake.Population{}).says("iam:ListAttachedUserPolicies", iamAnswer("ListAttachedUserPolicies", attached))
	if _, gone, err := a.verify(t, iamService, key); err != nil || len(gone) != 1 {
		t.Errorf("detached: gone %v, %v", gone, err)
	}
}

// Trails and recorders are few: the list is read again.
func TestVerifyRegionFacts(t *testing.T) {
	t.Parallel()
	trail := schemas.Key{Region: home, Type: typeTrail, ID: ownTrail}
	recorder := schemas.Key{Region: home, Type: typeRecorder, ID: "default"}
	for _, c := range []struct {
		service   *service
		there     *account
		key       schemas.Key
		operation string
	}{
		{cloudtrailService, trails(), trail, "cloudtrail:DescribeTrails"},
		{configService, recorderAccount(), recorder, "config:DescribeConfigurationRecorders"},
		{configService, recorderAccount(), schemas.Key{Region: home, Type: typeRecorderStatus, ID: "second"}, "config:DescribeConfigurationRecorders"},
		{configService, recorderAccount(), schemas.Key{Region: home, Type: typeDeliveryChannel, ID: "a"}, "config:DescribeDeliveryChannels"},
	} {
		other := c.key
		other.ID = "other"
		emitted, gone, err := c.there.verify(t, c.service, c.key, other)
		if err != nil || len(emitted) != 1 || emitted[0].Key != c.key || !slices.Equal(gone, []schemas.Key{other}) {
			t.Errorf("%s: emitted %v, gone %v, %v", c.service.name, emitted, gone, err)
		}
		c.there.fails(c.operation, http.StatusBadRequest, jsonError("AccessDeniedException"))
		if emitted, gone, err := c.there.verify(t, c.service, c.key, other); err == nil || len(gone)+len(emitted) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", c.service.name, emitted, gone, err)
		}
	}
}
