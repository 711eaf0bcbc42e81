package aws

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go/middleware"
	"github.com/rs/zerolog"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// Provider reads AWS accounts with the AWS SDK. It keeps credentials, clients
// and limiters per account and region, and implements discovery.Provider.
type Provider struct {
	log  zerolog.Logger
	now  func() time.Time
	http *awshttp.BuildableClient
	// called is told of every API attempt; may be nil.
	called func(service, operation string, throttled bool)

	mu       sync.Mutex
	accounts map[string]*access // by what makes credentials differ
	limiters map[schemas.AccountID]*limiter
	registry *registry
}

// New returns a provider.
func New(log zerolog.Logger, now func() time.Time) *Provider {
	return &Provider{log: log, now: now, http: newHTTPClient(silence), accounts: map[string]*access{}, limiters: map[schemas.AccountID]*limiter{}, registry: newRegistry()}
}

// OnCall makes fn hear of every API attempt, by the SDK's names of service and
// operation; fn is called concurrently. It is to be set before the first use.
func (p *Provider) OnCall(fn func(service, operation string, throttled bool)) { p.called = fn }

// access is one set of credentials with everything made from it.
type access struct {
	cfg         aws.Config
	identity    identity
	credentials *renewer
	used        time.Time // last, under the provider's lock
	recorders   recorderCache

	mu       sync.Mutex
	sessions map[string]*session // by region
}

// identity is who the credentials belong to.
type identity struct{ partition, account string }

func (i identity) id() schemas.AccountID { return schemas.NewAccountID(i.partition, i.account) }

// homeRegion is where a partition's global services answer.
func homeRegion(partition string) string {
	switch partition {
	case "aws-cn":
		return "cn-north-1"
	case "aws-us-gov":
		return "us-gov-west-1"
	default:
		return "us-east-1"
	}
}

// maxAttempts bounds the SDK's retries of one call: with its back-off of up to
// 20 s, a call is given up after about a minute of trouble.
const maxAttempts = 8

// access returns the account's credentials, checked once with GetCallerIdentity.
func (p *Provider) access(ctx context.Context, a schemas.Account) (*access, error) {
	key := strings.Join([]string{a.Profile, a.RoleARN, a.ExternalID, a.Endpoint, strings.Join(a.Regions, ","), strings.Join(a.SessionPolicies, "\x00")}, "\x00")
	p.mu.Lock()
	acc, ok := p.accounts[key]
	if ok {
		acc.used = p.now()
	}
	p.letGo()
	p.mu.Unlock()
	if ok {
		_, err := acc.credentials.Retrieve(ctx)
		if err == nil || !errors.Is(err, errOtherIdentity) {
			return acc, errCredentials(ctx, err)
		}
		p.forget(key, acc) // the profile is another account's by now
	}
	acc, err := p.open(ctx, a)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first, ok := p.accounts[key]; ok {
		return first, nil
	}
	acc.used = p.now()
	p.accounts[key] = acc
	return acc, nil
}

// idleAccess is how long an access is kept that nobody asks for, with its sessions: they come anew
// with every change of an account's settings. What reads with it still keeps it.
const idleAccess = time.Hour

// letGo drops what has not been asked for. The caller has the lock.
func (p *Provider) letGo() {
	now := p.now()
	maps.DeleteFunc(p.accounts, func(_ string, a *access) bool { return now.Sub(a.used) >= idleAccess })
}

func (p *Provider) forget(key string, acc *access) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.accounts[key] == acc {
		delete(p.accounts, key)
	}
}

// errOtherIdentity tells of credentials that are not those of the account that
// their predecessors were of.
var errOtherIdentity = errors.New("the credentials were replaced by those of another account")

// open gets the account's credentials and asks AWS whose they are.
func (p *Provider) open(ctx context.Context, a schemas.Account) (*access, error) {
	cfg, err := p.config(ctx, a, maxAttempts)
	if err != nil {
		return nil, err
	}
	acc := &access{sessions: map[string]*session{}}
	load := func(ctx context.Context) (aws.Credentials, error) {
		cfg, err := p.config(ctx, a, maxAttempts)
		if err != nil {
			return aws.Credentials{}, err
		}
		return cfg.Credentials.Retrieve(ctx)
	}
	acc.credentials = newRenewer(p.now, load, func(ctx context.Context, c aws.Credentials) error {
		with := cfg.Copy()
		with.Credentials = credentials.StaticCredentialsProvider{Value: c}
		is, err := whoAmI(ctx, with)
		if err != nil {
			return err
		}
		if acc.identity == (identity{}) {
			acc.identity = is
		}
		if acc.identity != is {
			return fmt.Errorf("%w: %s, not %s", errOtherIdentity, is.id(), acc.identity.id())
		}
		return nil
	})
	acc.cfg = cfg.Copy()
	acc.cfg.Credentials = acc.credentials
	acc.cfg.APIOptions = append(slices.Clone(cfg.APIOptions), acc.credentials.addTo)
	_, err = acc.credentials.Retrieve(ctx)
	return acc, errCredentials(ctx, err)
}

// errCredentials is what callers are told of an account without credentials.
func errCredentials(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return cmp.Or(ctx.Err(), err)
	}
	if none, ok := errors.AsType[credentialsError](err); ok {
		err = none.error
	}
	if _, told := errors.AsType[*schemas.Error](err); told {
		return err
	}
	return unreachable("sts:GetCallerIdentity", err, credentialsHint)
}

func (p *Provider) config(ctx context.Context, a schemas.Account, attempts int) (aws.Config, error) {
	opts := []func(*config.LoadOptions) error{
		config.WithRetryer(func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) {
				o.MaxAttempts = attempts
				// The quota would turn a slow account into failed calls; the
				// limiter keeps the rate instead.
				o.RateLimiter = ratelimit.None
				o.Retryables = append(o.Retryables, retry.IsErrorRetryableFunc(cutShort), retry.IsErrorRetryableFunc(retryThrottles))
			})
		}),
	}
	if a.Profile != "" {
		opts = append(opts, config.WithSharedConfigProfile(a.Profile))
	}
	cfg, err := config.LoadDefaultConfig(ctx, opts...)
	if err != nil {
		return cfg, schemas.Errorf(schemas.CodeInvalid, "load AWS configuration of account %s: %w", a.Name, err)
	}
	cfg.HTTPClient, cfg.Logger = withReadOnlyBody(cfg.HTTPClient, p.http), sdkLog{p.log}
	cfg.APIOptions = append(cfg.APIOptions, p.listen)
	if a.Endpoint != "" {
		cfg.BaseEndpoint = aws.String(a.Endpoint)
	}
	// Another partition's STS does not know the credentials.
	if partition := a.Partition(); cfg.Region == "" || partition != "" && schemas.PartitionOf(cfg.Region) != partition {
		cfg.Region = homeRegion(partition)
		if len(a.Regions) > 0 {
			cfg.Region = a.Regions[0]
		}
	}
	if a.RoleARN != "" {
		assume := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(cfg), a.RoleARN, func(o *stscreds.AssumeRoleOptions) {
			o.RoleSessionName, o.Duration = "insights-scanner", roleDuration
			if a.ExternalID != "" {
				o.ExternalID = aws.String(a.ExternalID)
			}
			o.PolicyARNs, o.Policy = sessionPolicies(a)
		})
		cfg.Credentials = aws.NewCredentialsCache(assume)
	}
	return cfg, nil
}

// sessionPolicies are what AssumeRole is given to narrow the session.
func sessionPolicies(a schemas.Account) (managed []ststypes.PolicyDescriptorType, document *string) {
	for _, p := range a.SessionPolicies {
		switch {
		case strings.HasPrefix(p, "{"):
			document = aws.String(p)
			continue
		case !strings.HasPrefix(p, "arn:"):
			p = fmt.Sprintf("arn:%s:iam::aws:policy/%s", cmp.Or(a.Partition(), "aws"), p)
		}
		managed = append(managed, ststypes.PolicyDescriptorType{Arn: aws.String(p)})
	}
	return managed, document
}

func whoAmI(ctx context.Context, cfg aws.Config) (identity, error) {
	i, _, err := callerIdentity(ctx, cfg)
	return i, err
}

// limiter is the one of an AWS account, whatever credentials it is read with.
func (p *Provider) limiter(id schemas.AccountID, a schemas.Account) *limiter {
	p.mu.Lock()
	defer p.mu.Unlock()
	l, ok := p.limiters[id]
	if !ok {
		l = newLimiter(p.now)
		p.limiters[id] = l
	}
	share := schemas.DefaultMaxShare
	if a.Endpoint != "" {
		share = 1 // an emulator is nobody else's
	}
	l.set(shareOr(a.MaxShare, share), a.Endpoint != "")
	l.setTail(shareOr(a.TailShare, 0))
	return l
}

// shareOr is a share that an account has, or another.
func shareOr(share *float64, otherwise float64) float64 {
	if share == nil {
		return otherwise
	}
	return *share
}

// session is the access in one region, with the limiter of its account.
func (p *Provider) session(acc *access, a schemas.Account, region string) *session {
	lim := p.limiter(acc.identity.id(), a)
	acc.mu.Lock()
	defer acc.mu.Unlock()
	if s, ok := acc.sessions[region]; ok {
		return s
	}
	cfg := acc.cfg.Copy()
	cfg.Region = region
	cfg.APIOptions = append(slices.Clone(cfg.APIOptions), func(stack *middleware.Stack) error { return lim.addTo(stack) })
	s := &session{cfg: cfg, account: a, awsAccount: acc.identity.account, partition: acc.identity.partition, region: region, now: p.now}
	acc.sessions[region] = s
	return s
}

// Plan says whose credentials the account has and which units it is made of:
// one per global service, one per regional service and region.
func (p *Provider) Plan(ctx context.Context, a schemas.Account) (schemas.AccountID, []schemas.UnitKey, error) {
	for _, name := range a.Services {
		if serviceNamed(name) == nil && name != schemas.ServiceTail {
			return "", nil, schemas.Errorf(schemas.CodeInvalid, "service %q is not known", name).WithHint("Services: %s.", strings.Join(serviceNames(), ", "))
		}
	}
	for _, token := range slices.Sorted(maps.Keys(a.Caps)) {
		if !slices.ContainsFunc(services, func(s *service) bool { return s.emits(token) }) {
			return "", nil, schemas.Errorf(schemas.CodeInvalid, "caps.%s: no service that is read has resources of this type", token).
				WithHint("Types: insights resources types.")
		}
	}
	acc, err := p.access(ctx, a)
	if err != nil {
		return "", nil, err
	}
	id := acc.identity.id()
	if a.ID != "" && a.ID != id {
		return id, nil, errOtherAccount(schemas.CodeConflict, a, id)
	}
	regions, err := p.regions(ctx, acc, a)
	if err != nil {
		return id, nil, err
	}
	var units []schemas.UnitKey
	for _, s := range services {
		if len(a.Services) > 0 && !slices.Contains(a.Services, s.name) {
			continue
		}
		if s.global {
			units = append(units, schemas.UnitKey{Region: schemas.GlobalRegion, Service: s.name})
			continue
		}
		for _, r := range regions {
			units = append(units, schemas.UnitKey{Region: r, Service: s.name})
		}
	}
	return id, append(units, tailUnits(a, regions)...), nil
}

func errOtherAccount(code schemas.Code, a schemas.Account, id schemas.AccountID) error {
	return schemas.Errorf(code, "the credentials of account %s belong to %s, not to %s", a.Name, id, a.ID).
		WithHint("Fix the account's role or profile: its results must not mix with another account's.")
}

func serviceNames() []string {
	names := make([]string, len(services), len(services)+1)
	for i, s := range services {
		names[i] = s.name
	}
	return append(names, schemas.ServiceTail)
}

// regions are the configured ones, or every region enabled for the account.
func (p *Provider) regions(ctx context.Context, acc *access, a schemas.Account) ([]string, error) {
	if len(a.Regions) > 0 {
		regions := slices.Sorted(slices.Values(a.Regions))
		return slices.Compact(regions), nil // a region named twice is still one unit
	}
	s := p.session(acc, a, homeRegion(acc.identity.partition))
	out, err := s.ec2().DescribeRegions(ctx, &ec2.DescribeRegionsInput{AllRegions: aws.Bool(false)})
	if err != nil {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, unreachable("ec2:DescribeRegions", err, "Allow ec2:DescribeRegions, or name the regions with --region.")
	}
	if len(out.Regions) == 0 { // every account has some; without them all else would count as gone
		return nil, schemas.Errorf(schemas.CodeUnavailable, "ec2:DescribeRegions: the answer has no region")
	}
	regions := make([]string, 0, len(out.Regions))
	for _, r := range out.Regions {
		regions = append(regions, aws.ToString(r.RegionName))
	}
	slices.Sort(regions)
	return regions, nil
}

// Open prepares a reader for one unit.
func (p *Provider) Open(ctx context.Context, u schemas.Unit) (discovery.Reader, error) {
	svc := serviceNamed(u.Unit.Service)
	if svc == nil && u.Unit.Service != schemas.ServiceTail {
		return nil, schemas.Errorf(schemas.CodeInvalid, "service %q is not known", u.Unit.Service)
	}
	acc, err := p.access(ctx, u.Account)
	if err != nil {
		return nil, err
	}
	if id := acc.identity.id(); id != u.Account.ID {
		return nil, errOtherAccount(schemas.CodeInvalid, u.Account, id) // trying again will not help
	}
	if svc == nil {
		return p.openTail(acc, u), nil
	}
	region := u.Unit.Region
	if svc.global {
		region = homeRegion(acc.identity.partition)
	}
	r := &reader{
		svc: svc, session: p.session(acc, u.Account, region), unitRegion: u.Unit.Region, facets: u.Facets, caps: u.Account.Caps,
	}
	if u.Account.ReadsConfig() == schemas.ConfigAuto {
		r.recording = newRecording(u.Scan, &acc.recorders)
	}
	return r, nil
}
