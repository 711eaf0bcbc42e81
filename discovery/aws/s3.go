package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// s3Parallel is how many buckets are read at once: each takes about ten calls,
// and configuration calls have no published limit.
const s3Parallel = 16

// s3Projection counts changes of the projections in s3project.go.
const s3Projection = 3

const (
	typeBucket            = "aws:s3/bucket:Bucket"
	typeBucketVersioning  = "aws:s3/bucketVersioning:BucketVersioning"
	typeBucketPAB         = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
	typeBucketEncryption  = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
	typeBucketLogging     = "aws:s3/bucketLogging:BucketLogging"
	typeBucketPolicy      = "aws:s3/bucketPolicy:BucketPolicy"
	typeBucketACL         = "aws:s3/bucketAcl:BucketAcl"
	typeBucketOwnership   = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
	typeBucketLifecycle   = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
	typeBucketReplication = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
	typeAccountPAB        = "aws:s3/accountPublicAccessBlock:AccountPublicAccessBlock"
	typeAccountPABSetting = "insights:aws/accountPublicAccessBlock:AccountPublicAccessBlock"
)

var bucketTypes = []string{
	typeBucket, typeBucketVersioning, typeBucketPAB, typeBucketEncryption, typeBucketLogging,
	typeBucketPolicy, typeBucketACL, typeBucketOwnership, typeBucketLifecycle, typeBucketReplication,
}

// listBuckets gives a bucket's region, too; GetBucketLocation is for answers that
// leave it out.
var listBuckets = listCall("s3:ListAllMyBuckets", 1000)

// Calls for each bucket that AWS Config may answer.
var (
	bucketVersioningCall = eachCall("s3:GetBucketVersioning", "versioning")
	bucketPolicyCall     = eachCall("s3:GetBucketPolicy", "policy")
	bucketEncryptionCall = eachCall("s3:GetEncryptionConfiguration", "encryption")
	bucketLoggingCall    = eachCall("s3:GetBucketLogging", "logging")
	bucketACLCall        = eachCall("s3:GetBucketAcl", "acl")
	bucketPABCall        = eachCall("s3:GetBucketPublicAccessBlock", "public access block")
	bucketLifecycle      = eachCall("s3:GetLifecycleConfiguration", "lifecycle")
	bucketReplication    = eachCall("s3:GetReplicationConfiguration", "replication") // of those that keep versions
)

var verifyBucket = []string{"s3:ListBucket", "s3:GetBucketLocation"}

var s3Service = &service{
	name: "s3", global: true,
	types: []typeSpec{
		{token: typeBucket, calls: []call{ // what it holds of every resource split off it, too
			listBuckets, tagCall, bucketVersioningCall,
			bucketPolicyCall, bucketEncryptionCall,
			bucketLoggingCall, bucketACLCall, bucketLifecycle, bucketReplication,
		}, verify: verifyBucket, recorded: recordedBuckets, onDemand: []call{bucketObjectLock, bucketWebsite, bucketCORS}},
		{token: typeBucketVersioning, calls: []call{listBuckets, bucketVersioningCall}, verify: verifyBucket, recorded: recordedBuckets, with: typeBucket},
		{token: typeBucketPAB, calls: []call{listBuckets, bucketPABCall}, verify: verifyBucket, recorded: recordedBuckets},
		{token: typeBucketEncryption, calls: []call{listBuckets, bucketEncryptionCall}, verify: verifyBucket, recorded: recordedBuckets, with: typeBucket},
		{token: typeBucketLogging, calls: []call{listBuckets, bucketLoggingCall}, verify: verifyBucket, recorded: recordedBuckets, with: typeBucket},
		{token: typeBucketPolicy, calls: []call{listBuckets, bucketPolicyCall}, verify: verifyBucket, recorded: recordedBuckets, with: typeBucket},
		{token: typeBucketACL, calls: []call{listBuckets, bucketACLCall}, verify: verifyBucket, recorded: recordedBuckets, with: typeBucket},
		{token: typeBucketOwnership, calls: []call{listBuckets, eachCall("s3:GetBucketOwnershipControls", "ownership controls")}, verify: verifyBucket},
		{token: typeBucketLifecycle, calls: []call{listBuckets, bucketLifecycle}, verify: verifyBucket, with: typeBucket},
		{token: typeBucketReplication, calls: []call{listBuckets, bucketVersioningCall, bucketReplication}, verify: verifyBucket, with: typeBucket},
		{token: typeAccountPAB, calls: []call{onceCall("s3:GetAccountPublicAccessBlock", "setting")}},
		{token: typeAccountPABSetting, calls: []call{onceCall("s3:GetAccountPublicAccessBlock", "setting")}, with: typeAccountPAB},
	},
	// S3 publishes 5,500 reads per second per prefix, none for configuration calls.
	limits: map[string]limit{"S3": {rate: 200, burst: 200, guess: true}, "S3 Control": {rate: 10, burst: 20, guess: true}},
	lists:  s3Lists,
	verify: verifyS3,
}

var s3Lists = []list{
	{"s3:GetAccountPublicAccessBlock", []string{typeAccountPAB, typeAccountPABSetting}, eachAccountPAB},
	{"s3:ListAllMyBuckets", bucketTypes, eachBucket},
}

// eachAccountPAB always emits the setting, unknown if it may not be read.
func eachAccountPAB(ctx context.Context, s *session, _ []string, emit observe) error {
	return emit(ctx, accountPublicAccess(ctx, s)...)
}

// bucket is a bucket that was listed, with what is read of many at once.
type bucket struct {
	name, region string
	tags         map[string]any
	tagsF        facet
}

// eachBucket emits each bucket with the resources split off it. A bucket whose
// region may not be asked for ends the list, when the others have been read.
func eachBucket(ctx context.Context, s *session, _ []string, emit observe) error {
	var unread error
	p := s3.NewListBucketsPaginator(s.s3In(s.region), &s3.ListBucketsInput{MaxBuckets: aws.Int32(1000)})
	err := pages(ctx, p, func(out *s3.ListBucketsOutput) error {
		list, err := locateBuckets(ctx, s, out.Buckets)
		unread = cmp.Or(unread, err)
		tagBuckets(ctx, s, list)
		ctx := recordBuckets(ctx, s, list)
		leaveOlder(ctx, out.Buckets, func(b types.Bucket) (*string, *time.Time) { return b.Name, b.CreationDate })
		return parallel(ctx, s3Parallel, list, func(ctx context.Context, b bucket) error {
			all, exists := bucketObservations(ctx, s, b)
			if !exists {
				return nil // deleted since it was listed
			}
			return emit(ctx, all...)
		})
	})
	return cmp.Or(err, unread)
}

// locateBuckets gives those that have a region or may be asked for it; without,
// nothing can be said of a bucket.
func locateBuckets(ctx context.Context, s *session, listed []types.Bucket) (list []bucket, unread error) {
	for _, l := range listed {
		b := bucket{name: aws.ToString(l.Name), region: aws.ToString(l.BucketRegion)}
		if b.region == "" {
			var err error
			if b.region, err = bucketRegion(ctx, s, b.name); isNotFound(err, "NoSuchBucket") {
				continue
			} else if err != nil {
				unread = cmp.Or(unread, error(listError{"s3:GetBucketLocation", err}))
				continue
			}
		}
		list = append(list, b)
	}
	return list, unread
}

// tagBuckets reads the tags of all, region by region.
func tagBuckets(ctx context.Context, s *session, list []bucket) {
	arns := map[string][]string{}
	for _, b := range list {
		arns[b.region] = append(arns[b.region], s.bucketARN(b.name))
	}
	for region := range arns {
		tags, f := tagsIn(ctx, s, region, arns[region])
		for i := range list {
			if b := &list[i]; b.region == region {
				b.tags, b.tagsF = tags[s.bucketARN(b.name)], f
			}
		}
	}
}

func (s *session) bucketARN(name string) string { return "arn:" + s.partition + ":s3:::" + name }

// bucketRegion asks where a bucket is; S3 says "" for us-east-1 and "EU" for
// the oldest buckets of eu-west-1.
func bucketRegion(ctx context.Context, s *session, name string) (string, error) {
	out, err := s.s3In(s.region).GetBucketLocation(ctx, &s3.GetBucketLocationInput{Bucket: &name})
	if err != nil {
		return "", err
	}
	switch c := string(out.LocationConstraint); c {
	case "":
		return "us-east-1", nil
	case "EU":
		return "eu-west-1", nil
	default:
		return c, nil
	}
}

// accountPublicAccess is the account's public access block: the setting is
// always emitted, the Pulumi resource when there is something configured.
func accountPublicAccess(ctx context.Context, s *session) []discovery.Observation {
	out, err := s.s3control().GetPublicAccessBlock(ctx, &s3control.GetPublicAccessBlockInput{AccountId: &s.awsAccount})
	f := facetOf("s3:GetAccountPublicAccessBlock", err, "NoSuchPublicAccessBlockConfiguration")
	var flags map[string]*bool
	if err == nil {
		c := out.PublicAccessBlockConfiguration
		if f = f.need(c != nil); c != nil {
			flags = publicAccessFlags(c.BlockPublicAcls, c.IgnorePublicAcls, c.BlockPublicPolicy, c.RestrictPublicBuckets)
		}
	}
	setting := newDocument()
	setting.set("accountId", s.awsAccount)
	if f.state.Unknown() {
		setting.facet("configured", f, nil)
	} else {
		setting.set("configured", f.state == schemas.FacetPresent)
	}
	resource := newDocument()
	resource.set("accountId", s.awsAccount)
	if f.state == schemas.FacetAbsent {
		setNoPublicAccess(setting)
	} else {
		setPublicAccess(setting, f, flags)
		setPublicAccess(resource, f, flags)
	}
	list := []discovery.Observation{setting.observe(schemas.GlobalRegion, typeAccountPABSetting, s.awsAccount, s.awsAccount, s3Projection)}
	return append(list, resource.observeIf(f, schemas.GlobalRegion, typeAccountPAB, s.awsAccount, s.awsAccount, s3Projection)...)
}

// verifyS3 reads each bucket of the keys once: what of the keys it still has is
// emitted, the rest is gone. A bucket that cannot be read leaves the others.
func verifyS3(ctx context.Context, s *session, r *run, _ string, keys []schemas.Key) (gone []schemas.Key, err error) {
	buckets := map[schemas.Key][]schemas.Key{}
	for _, k := range keys {
		bucket := schemas.Key{Region: k.Region, ID: k.ID}
		buckets[bucket] = append(buckets[bucket], k)
	}
	var errs []error
	for _, of := range buckets {
		list, err := s3Now(ctx, s, of[0])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		no, err := compare(ctx, r, list, of)
		gone = append(gone, no...)
		if err != nil {
			return gone, err
		}
	}
	return gone, errors.Join(errs...)
}

// s3Now is everything that exists now beside a key.
func s3Now(ctx context.Context, s *session, k schemas.Key) ([]discovery.Observation, error) {
	if k.Type == typeAccountPAB || k.Type == typeAccountPABSetting {
		return accountPublicAccess(ctx, s), nil
	}
	_, err := s.s3In(k.Region).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &k.ID})
	switch status := httpStatus(err); {
	case err == nil:
	case status == http.StatusNotFound, status == http.StatusMovedPermanently: // gone, or made again in another region
		return nil, nil
	case status == http.StatusForbidden:
		// Names are free for everybody once a bucket is gone: it may be somebody
		// else's now. The account's list, asked a second time, tells.
		if listed, errList := bucketListed(ctx, s, k.ID); errList == nil && !listed {
			return nil, nil
		}
		fallthrough
	default:
		return nil, fmt.Errorf("s3:ListBucket %s: %w", k.ID, err)
	}
	one := []bucket{{name: k.ID, region: k.Region}}
	tagBuckets(ctx, s, one)
	list, exists := bucketObservations(ctx, s, one[0])
	if !exists {
		return nil, nil
	}
	return list, nil
}

// bucketListed tells whether the account owns a bucket of a name.
func bucketListed(ctx context.Context, s *session, name string) (bool, error) {
	found := false
	p := s3.NewListBucketsPaginator(s.s3In(s.region), &s3.ListBucketsInput{Prefix: &name, MaxBuckets: aws.Int32(1000)})
	err := pages(ctx, p, func(out *s3.ListBucketsOutput) error {
		for _, b := range out.Buckets {
			found = found || aws.ToString(b.Name) == name
		}
		return nil
	})
	return found, err
}
