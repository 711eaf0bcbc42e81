package aws

import (
	"context"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/configservice"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"

	endpoints "github.com/aws/smithy-go/endpoints"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// session is one account in one region: the SDK configuration with credentials
// and limiter, and the clients made from it. Clients are made once, since
// making one costs far more than a call.
type session struct {
	cfg        aws.Config
	account    schemas.Account
	awsAccount string // 12 digits
	partition  string
	region     string // of cfg; the partition's home region for global services
	now        func() time.Time

	mu      sync.Mutex
	clients map[string]any
}

// client returns the session's client of a kind, making it at first use.
func client[T any](s *session, kind string, create func(aws.Config) T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c, ok := s.clients[kind]; ok {
		return c.(T)
	}
	cfg := s.cfg
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), answerRecorded)
	c := create(cfg)
	if s.clients == nil {
		s.clients = map[string]any{}
	}
	s.clients[kind] = c
	return c
}

func (s *session) ec2() *ec2.Client {
	return client(s, "ec2", func(c aws.Config) *ec2.Client { return ec2.NewFromConfig(c) })
}

func (s *session) iam() *iam.Client {
	return client(s, "iam", func(c aws.Config) *iam.Client { return iam.NewFromConfig(c) })
}

// cloudtrailIn is the CloudTrail client of a region: a trail's status is known
// where the trail is at home.
func (s *session) cloudtrailIn(region string) *cloudtrail.Client {
	return client(s, "cloudtrail/"+region, func(c aws.Config) *cloudtrail.Client {
		return cloudtrail.NewFromConfig(c, func(o *cloudtrail.Options) { o.Region = region })
	})
}

func (s *session) configservice() *configservice.Client {
	return client(s, "config", func(c aws.Config) *configservice.Client { return configservice.NewFromConfig(c) })
}

// configIn is the client of AWS Config for what is recorded in a region.
func (s *session) configIn(region string) *configservice.Client {
	return client(s, "config/"+region, func(c aws.Config) *configservice.Client {
		return configservice.NewFromConfig(c, func(o *configservice.Options) { o.Region = region })
	})
}

func (s *session) s3control() *s3control.Client {
	return client(s, "s3control", func(c aws.Config) *s3control.Client {
		return s3control.NewFromConfig(c, func(o *s3control.Options) {
			if s.account.Endpoint != "" {
				o.EndpointResolverV2 = plainEndpoint(s.account.Endpoint)
			}
		})
	})
}

// plainEndpoint is an emulator's address as it is: S3 Control would put the
// account number before the host name.
type plainEndpoint string

// ResolveEndpoint implements s3control.EndpointResolverV2.
func (e plainEndpoint) ResolveEndpoint(context.Context, s3control.EndpointParameters) (endpoints.Endpoint, error) {
	uri, err := url.Parse(string(e))
	if err != nil {
		return endpoints.Endpoint{}, err
	}
	return endpoints.Endpoint{URI: *uri}, nil
}

// s3In is the S3 client for buckets of a region: bucket calls must go to it.
func (s *session) s3In(region string) *s3.Client {
	return client(s, "s3/"+region, func(c aws.Config) *s3.Client {
		return s3.NewFromConfig(c, func(o *s3.Options) {
			o.Region = region
			o.UsePathStyle = s.account.Endpoint != "" // emulators have no wildcard DNS
		})
	})
}
