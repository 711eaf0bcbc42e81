package schemas

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// Key identifies one emitted resource within an account for ever. ID is the
// provider id the Pulumi provider gives the type (bucket name, sg-…, ARN).
type Key struct {
	Region string `json:"region"` // where the resource lives, "global" without one
	Type   string `json:"type"`   // Pulumi type token, exactly as packs compare it
	ID     string `json:"id"`
}

// String joins the key with "|". Provider ids may contain "|" and come last.
func (k Key) String() string { return k.Region + "|" + k.Type + "|" + k.ID }

// ParseKey is the inverse of Key.String.
func ParseKey(s string) (Key, bool) {
	p := strings.SplitN(s, "|", 3)
	if len(p) != 3 {
		return Key{}, false
	}
	return Key{Region: p[0], Type: p[1], ID: p[2]}, true
}

// URN is urn:insights:<account path>::<provider>::<type>::<id>, as Pulumi
// Insights writes it. It contains a name people edit, so nothing is keyed by it.
func (k Key) URN(account string) string {
	return "urn:insights:" + Path(account, k.Region) + "::aws::" + k.Type + "::" + k.ID
}

// ParseURN is the inverse of Key.URN, with the account's name.
func ParseURN(urn string) (account string, k Key, ok bool) {
	rest, ok := strings.CutPrefix(urn, "urn:insights:")
	p := strings.SplitN(rest, "::", 4)
	if !ok || len(p) != 4 || p[1] != "aws" {
		return "", k, false
	}
	account, region, ok := strings.Cut(p[0], "/")
	return account, Key{Region: region, Type: p[2], ID: p[3]}, ok
}

// FacetState says what is known about a facet: a group of fields that one
// call returns.
type FacetState string

// The six facet states. The last four are unknown: they never delete, fix,
// pass, or replace a known value.
const (
	FacetPresent     FacetState = "present"
	FacetAbsent      FacetState = "absent"       // the service's positive answer "not configured"
	FacetDenied      FacetState = "denied"       // access was refused
	FacetFailed      FacetState = "failed"       // throttled out, 5xx, malformed
	FacetNotRead     FacetState = "not_read"     // not asked for in this scan
	FacetNotReadable FacetState = "not_readable" // write-only, never returned
)

// Unknown tells whether a value in this state must not be judged.
func (s FacetState) Unknown() bool { return s != FacetPresent && s != FacetAbsent }

// UnknownPath is a property path whose value could not be known, with the
// reason people are shown ("access denied to s3:GetBucketPolicy").
type UnknownPath struct {
	Path   string     `json:"path"` // dotted path of the property, e.g. "policy"
	State  FacetState `json:"state"`
	Call   string     `json:"call,omitempty"`   // IAM action, e.g. "s3:GetBucketPolicy"
	Reason string     `json:"reason,omitempty"` // the service's error code or short text
}

// Resource is what a pack sees, with what cannot be seen listed beside it.
type Resource struct {
	Key
	Name       string         `json:"name"`
	Properties map[string]any `json:"properties"`
	Unknown    []UnknownPath  `json:"unknown,omitempty"`
	// Hash covers properties and unknown paths; see HashContent.
	Hash string `json:"hash"`
	// Version is the seq at which this content was first published.
	Version uint64 `json:"version"`
	// Projection is the revision of the code that made the properties. A higher
	// one re-judges without making the resource "changed".
	Projection int `json:"projection"`
}

// HashContent is the content hash of a resource: SHA-256, hex, of the canonical
// JSON (sorted keys) of the properties, in which mac replaces every sealed
// value by its HMAC, and of the sorted unknown paths with their states: what was not
// read and what is absent are different contents, which policies judge differently.
// Arrays without an order must be sorted by the projection that made them.
func HashContent(properties map[string]any, unknown []UnknownPath, mac func(any) any) (string, error) {
	var u []string
	for _, p := range unknown {
		u = append(u, p.Path+"="+string(p.State))
	}
	slices.Sort(u)
	doc, err := json.Marshal(map[string]any{"p": mac(properties), "u": u})
	if err != nil {
		return "", Errorf(CodeInternal, "hash content: %w", err)
	}
	sum := sha256.Sum256(doc)
	return hex.EncodeToString(sum[:16]), nil
}

// aliases maps type tokens that name the same cloud resource to one, so that a
// finding keeps its id whichever twin is emitted.
var aliases = map[string]string{
	"aws:s3/bucketV2:BucketV2":                                                                   "aws:s3/bucket:Bucket",
	"aws:s3/bucketVersioningV2:BucketVersioningV2":                                               "aws:s3/bucketVersioning:BucketVersioning",
	"aws:s3/bucketLoggingV2:BucketLoggingV2":                                                     "aws:s3/bucketLogging:BucketLogging",
	"aws:s3/bucketAclV2:BucketAclV2":                                                             "aws:s3/bucketAcl:BucketAcl",
	"aws:alb/loadBalancer:LoadBalancer":                                                          "aws:lb/loadBalancer:LoadBalancer",
	"aws:alb/listener:Listener":                                                                  "aws:lb/listener:Listener",
	"aws:alb/targetGroup:TargetGroup":                                                            "aws:lb/targetGroup:TargetGroup",
	"aws:elasticloadbalancing/loadBalancer:LoadBalancer":                                         "aws:elb/loadBalancer:LoadBalancer",
	"aws:elasticloadbalancingv2/loadBalancer:LoadBalancer":                                       "aws:lb/loadBalancer:LoadBalancer",
	"aws:elasticloadbalancingv2/listener:Listener":                                               "aws:lb/listener:Listener",
	"aws:elasticloadbalancingv2/targetGroup:TargetGroup":                                         "aws:lb/targetGroup:TargetGroup",
	"aws:applicationloadbalancing/loadBalancer:LoadBalancer":                                     "aws:lb/loadBalancer:LoadBalancer",
	"aws:applicationloadbalancing/listener:Listener":                                             "aws:lb/listener:Listener",
	"aws:applicationloadbalancing/targetGroup:TargetGroup":                                       "aws:lb/targetGroup:TargetGroup",
	"aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2": "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
	"aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2":                       "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
}

// AliasTypes are the tokens that CanonicalType maps to others, sorted.
func AliasTypes() []string { return slices.Sorted(maps.Keys(aliases)) }

// CanonicalType maps alias twins to one token and every other token to itself.
func CanonicalType(token string) string {
	if c, ok := aliases[token]; ok {
		return c
	}
	return token
}

// FindingID is the id of a finding for ever: a hash of account id, canonical
// cloud resource, pack name and policy name. Hex, 32 characters.
func FindingID(account AccountID, k Key, pack, policy string) string {
	k.Type = CanonicalType(k.Type)
	sum := sha256.Sum256([]byte(strings.Join([]string{string(account), k.String(), pack, policy}, "\x00")))
	return hex.EncodeToString(sum[:16])
}
