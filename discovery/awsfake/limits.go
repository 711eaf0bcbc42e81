package awsfake

// RealLimits are request rates as AWS has them, per account and region, for every
// operation: what is published, and where nothing is, what is commonly seen.
func RealLimits() map[string]Limit {
	limits := map[string]Limit{
		// Published: the quotas pages of the services and the EC2 API's on throttling.
		"lambda":                             {Rate: 15}, // all operations together
		"lambda:GetPolicy":                   {Rate: 15},
		"monitoring:DescribeAlarms":          {Rate: 9},
		"sns:ListTopics":                     {Rate: 30},
		"sns:ListSubscriptions":              {Rate: 30},
		"kms:DescribeKey":                    {Rate: 2000},
		"kms:GetKeyPolicy":                   {Rate: 1000},
		"kms:GetKeyRotationStatus":           {Rate: 1000},
		"kms:ListKeys":                       {Rate: 500},
		"kms:ListAliases":                    {Rate: 500},
		"dynamodb:DescribeContinuousBackups": {Rate: 10},
		"cloudcontrolapi":                    {Rate: 25}, // others are throttled above it (ekristen/aws-nuke#508)
		"cloudformation":                     {Rate: 10},
		"cloudfront":                         {Rate: 5}, // Steampipe paces it so
	}
	// Not published for other services: buckets of their own for all operations.
	for _, o := range Operations() {
		name := o.Service + ":" + o.Operation
		_, own := limits[name]
		_, shared := limits[o.Service]
		switch {
		case own || shared:
		case o.Service == "ec2": // published for calls that page
			limits[name] = Limit{Rate: 20, Burst: 100}
		case o.Service == "s3":
			limits[name] = Limit{Rate: 100}
		default:
			limits[name] = Limit{Rate: 20, Burst: 40}
		}
	}
	return limits
}
