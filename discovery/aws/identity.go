package aws

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// Caller is what AWS says of an account's credentials.
type Caller struct {
	// ID is the account that the credentials belong to; empty when AWS refused them.
	ID schemas.AccountID
	// AWSTime is the time of AWS's answer, to the second, also of a refusal; zero
	// when there was no answer. OurTime is when it arrived here.
	AWSTime, OurTime time.Time
}

// callerAttempts is few: whoever asks is waiting for the answer.
const callerAttempts = 2

// Caller asks AWS anew who an account's credentials are: nothing that was
// learned before is used. Errors are those of Plan.
func (p *Provider) Caller(ctx context.Context, a schemas.Account) (Caller, error) {
	cfg, err := p.config(ctx, a, callerAttempts)
	if err != nil {
		return Caller{}, err
	}
	i, c, err := callerIdentity(ctx, cfg)
	if c.OurTime.IsZero() {
		c.OurTime = p.now()
	}
	if err == nil {
		c.ID = i.id()
	}
	return c, err
}

// credentialsHint is where to look when there are no credentials that can be used.
const credentialsHint = "Check the credentials: the AWS_* environment, --profile, and whether they may assume --role-arn."

func callerIdentity(ctx context.Context, cfg aws.Config) (identity, Caller, error) {
	var c Caller
	out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, nil)
	if err != nil {
		if ctx.Err() != nil {
			return identity{}, c, ctx.Err()
		}
		if refused, ok := errors.AsType[*smithyhttp.ResponseError](err); ok && refused.Response != nil {
			// What AWS says of its time it says with a refusal too.
			c.AWSTime, _ = http.ParseTime(refused.Response.Header.Get("Date"))
		}
		return identity{}, c, unreachable("sts:GetCallerIdentity", err, credentialsHint)
	}
	c.AWSTime, _ = awsmiddleware.GetServerTime(out.ResultMetadata)
	c.OurTime, _ = awsmiddleware.GetResponseAt(out.ResultMetadata)
	parsed, err := arn.Parse(aws.ToString(out.Arn))
	if err != nil {
		return identity{}, c, fmt.Errorf("read the caller's ARN: %w", err)
	}
	return identity{partition: parsed.Partition, account: aws.ToString(out.Account)}, c, nil
}
