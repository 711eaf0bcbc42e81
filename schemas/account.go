package schemas

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// AccountID is the immutable identity of an account: AWS partition and
// 12-digit account number joined by a dash ("aws-123456789012",
// "aws-us-gov-123456789012"). It is safe as a NATS subject token and KV key.
type AccountID string

// NewAccountID joins a partition and a 12-digit AWS account number.
func NewAccountID(partition, awsAccount string) AccountID {
	return AccountID(partition + "-" + awsAccount)
}

var accountIDPattern = regexp.MustCompile(`^(aws|aws-cn|aws-us-gov)-[0-9]{12}$`)

// Valid tells whether the id has the form NewAccountID gives.
func (id AccountID) Valid() bool { return accountIDPattern.MatchString(string(id)) }

// AWSAccount is the 12-digit AWS account number.
func (id AccountID) AWSAccount() string { return string(id[strings.LastIndexByte(string(id), '-')+1:]) }

// Partition is the AWS partition ("aws", "aws-cn", "aws-us-gov").
func (id AccountID) Partition() string { return string(id[:strings.LastIndexByte(string(id), '-')]) }

// Member is what a group holds by name: an account ("aws-123456789012"), which
// covers its children, or one child of it ("aws-123456789012/us-east-1").
type Member string

// NewMember joins an account and a region; without a region it is the account.
func NewMember(a AccountID, region string) Member {
	if region == "" {
		return Member(a)
	}
	return Member(Path(string(a), region))
}

// Account is the member's account.
func (m Member) Account() AccountID {
	a, _, _ := strings.Cut(string(m), "/")
	return AccountID(a)
}

// Region is that of a child, "" of a whole account.
func (m Member) Region() string {
	_, region, _ := strings.Cut(string(m), "/")
	return region
}

// GlobalRegion names the pseudo region of services without one.
const GlobalRegion = "global"

// Account is what an operator registered. It is stored as JSON in the
// accounts bucket under its ID.
type Account struct {
	ID       AccountID `json:"id"`
	Name     string    `json:"name"`
	Provider string    `json:"provider"` // always "aws" today

	// Regions to scan; empty means every region that is enabled for the account.
	Regions []string `json:"regions,omitempty"`
	// Services to scan; empty means all the scanner knows.
	Services []string `json:"services,omitempty"`

	// Caps are how many resources of a type, per region, are read at most.
	Caps map[string]int `json:"caps,omitempty"`

	RoleARN    string `json:"roleArn,omitempty"`    // assumed when set
	ExternalID string `json:"externalId,omitempty"` // sent with AssumeRole
	// SessionPolicies narrow what the role's session may do: ARNs of managed
	// policies, names of AWS's own ("SecurityAudit"), and one policy document.
	SessionPolicies []string `json:"sessionPolicies,omitempty"`
	Profile         string   `json:"profile,omitempty"`  // named profile of the SDK's shared configuration
	Endpoint        string   `json:"endpoint,omitempty"` // custom endpoint, for emulators

	// MaxShare is how much of what a service lets through a scan may take, over 0 to
	// 1: the rest is left to the account's own automation. nil is DefaultMaxShare.
	MaxShare *float64 `json:"maxShare,omitempty"`

	// Tail says when scans read the types that no reader of a service does: TailDaily
	// without it, TailOff with an Endpoint.
	Tail Tail `json:"tail,omitempty"`
	// TailShare is MaxShare of what reads them; nil: as MaxShare.
	TailShare *float64 `json:"tailShare,omitempty"`

	// AWSConfig says whether scans use what AWS Config has recorded: ConfigAuto without it,
	// ConfigOff with an Endpoint.
	AWSConfig ConfigUse `json:"awsConfig,omitempty"`

	Schedule Schedule          `json:"schedule,omitzero"`
	Labels   map[string]string `json:"labels,omitempty"`

	// Organization makes further accounts known.
	Organization *Organization `json:"organization,omitempty"`
	// OrganizationProblems are those of the last look at it: it could not be listed, units
	// without accounts, accounts that could not be registered. Only looks change them.
	OrganizationProblems []string `json:"organizationProblems,omitempty"`
	// Found is set on accounts that an organization made known.
	Found *Found `json:"found,omitempty"`

	CreatedAt time.Time `json:"createdAt"`
}

// DefaultMaxShare leaves half of an account's request rates to others.
const DefaultMaxShare = 0.5

// Tail says when the long tail of types is read.
type Tail string

// When the long tail is read: never, by one whole scan a day, by every whole scan.
const (
	TailOff      Tail = "off"
	TailDaily    Tail = "daily"
	TailEachScan Tail = "each-scan"
)

// ReadsTail says when scans read the long tail of types of the account.
func (a Account) ReadsTail() Tail {
	switch {
	case a.Tail != "":
		return a.Tail
	case a.Endpoint != "": // few emulators know Cloud Control
		return TailOff
	default:
		return TailDaily
	}
}

// Schedule says when scans start by themselves.
type Schedule struct {
	// Cron is five fields, optionally prefixed by CRON_TZ=Zone, or a form such
	// as @daily. Empty means no schedule.
	Cron string `json:"cron,omitempty"`
	// JitterSeconds delays a tick by 0 to this many seconds, fixed per account.
	JitterSeconds int `json:"jitterSeconds,omitempty"`
}

var accountNamePattern = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,99}$`)

// Validate returns every problem with the account, joined.
func (a Account) Validate() error {
	var p Problems
	p.Check(accountNamePattern.MatchString(a.Name), "name", "%q must match %s", a.Name, accountNamePattern)
	p.Check(a.ID == "" || a.ID.Valid(), "id", "%q must be PARTITION-ACCOUNT, for example aws-123456789012", a.ID)
	p.Check(a.Provider == "aws", "provider", "%q is not supported; use aws", a.Provider)
	for i, r := range a.Regions {
		p.Check(regionPattern.MatchString(r), fmt.Sprintf("regions[%d]", i), "%q is not a region", r)
	}
	p.Check(a.RoleARN == "" || strings.HasPrefix(a.RoleARN, "arn:"), "roleArn", "%q is not an ARN", a.RoleARN)
	checkShare(&p, "maxShare", a.MaxShare)
	p.Check(slices.Contains([]Tail{"", TailOff, TailDaily, TailEachScan}, a.Tail), "tail", "%q must be %s, %s or %s", a.Tail, TailOff, TailDaily, TailEachScan)
	p.Check(slices.Contains([]ConfigUse{"", ConfigAuto, ConfigOff}, a.AWSConfig), "awsConfig", "%q must be %s or %s", a.AWSConfig, ConfigAuto, ConfigOff)
	checkShare(&p, "tailShare", a.TailShare)
	if partition := a.Partition(); partition != "" {
		for i, r := range a.Regions {
			p.Check(PartitionOf(r) == partition, fmt.Sprintf("regions[%d]", i), "%s is a region of the partition %s, the account is in %s", r, PartitionOf(r), partition)
		}
		foreign := roleARN.MatchString(a.RoleARN) && !strings.HasPrefix(a.RoleARN, "arn:"+partition+":")
		p.Check(!foreign, "roleArn", "%s is of another partition than the account, which is in %s", a.RoleARN, partition)
	}
	p.Check(a.ExternalID == "" || a.RoleARN != "", "externalId", "needs roleArn")
	a.checkSession(&p)
	for _, token := range slices.Sorted(maps.Keys(a.Caps)) {
		p.Check(a.Caps[token] > 0, "caps."+token, "must be 1 or more")
		p.Check(strings.Count(token, ":") == 2, "caps."+token, "is not a resource type such as aws:ebs/snapshot:Snapshot")
	}
	if a.Organization != nil {
		a.Organization.check(&p)
	}
	return p.Err()
}

var (
	roleARN   = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::[0-9]{12}:role/.+$`)
	policyARN = regexp.MustCompile(`^arn:(aws|aws-cn|aws-us-gov):iam::([0-9]{12}|aws):policy/.+$`)
	policyIs  = regexp.MustCompile(`^[\w+=,.@/-]{1,512}$`)
)

// checkShare refuses a share of 0, too: it is not the default.
func checkShare(p *Problems, path string, share *float64) {
	if share != nil {
		p.Check(*share > 0 && *share <= 1, path, "%v must be over 0, and 1 at most", *share)
	}
}

// MaxSessionPolicies is how many managed policies AssumeRole takes, and
// MaxSessionPolicy how long a document may be.
const (
	MaxSessionPolicies = 10
	MaxSessionPolicy   = 2048
)

func (a Account) checkSession(p *Problems) {
	assumes := a.RoleARN != "" || a.Organization != nil
	p.Check(len(a.SessionPolicies) == 0 || assumes, "sessionPolicies", "needs roleArn: only a role's session can be narrowed")
	documents := 0
	for i, s := range a.SessionPolicies {
		at := fmt.Sprintf("sessionPolicies[%d]", i)
		if strings.HasPrefix(s, "{") {
			documents++
			p.Check(json.Valid([]byte(s)), at, "is not JSON")
			p.Check(len(s) <= MaxSessionPolicy, at, "has %d characters; AWS takes %d", len(s), MaxSessionPolicy)
			continue
		}
		p.Check(policyARN.MatchString(s) || policyIs.MatchString(s), at, "%q is neither the ARN of a policy, nor the name of one of AWS's, nor a document", s)
	}
	p.Check(documents <= 1, "sessionPolicies", "has %d documents; AWS takes one", documents)
	p.Check(len(a.SessionPolicies)-documents <= MaxSessionPolicies, "sessionPolicies", "has %d managed policies; AWS takes %d", len(a.SessionPolicies)-documents, MaxSessionPolicies)
}

// Partition is the AWS partition that the account's id, role or regions name, "" when
// none of them does.
func (a Account) Partition() string {
	if a.ID.Valid() {
		return a.ID.Partition()
	}
	if roleARN.MatchString(a.RoleARN) {
		return strings.Split(a.RoleARN, ":")[1]
	}
	if len(a.Regions) > 0 {
		return PartitionOf(a.Regions[0])
	}
	return ""
}

// PartitionOf is the partition of a region.
func PartitionOf(region string) string {
	switch {
	case strings.HasPrefix(region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(region, "us-gov-"):
		return "aws-us-gov"
	default:
		return "aws"
	}
}

var regionPattern = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]+$`)

// IsChild tells whether a region names a child of an account: a region of a
// cloud, or GlobalRegion.
func IsChild(region string) bool { return region == GlobalRegion || regionPattern.MatchString(region) }

// Path is the account path of a region: "prod/us-east-1", "prod/global".
func Path(account, region string) string { return account + "/" + region }
