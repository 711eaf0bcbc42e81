package aws

// services are all that are read. The order is the order of units in a plan.
var services = []*service{
	s3Service,
	ec2Service,
	iamService,
	cloudtrailService,
	configService,
	sqsService,
	kmsService,
	rdsService,
	dynamodbService,
	secretsmanagerService,
	snsService,
	logsService,
	cloudwatchService,
	guarddutyService,
	elbv2Service,
	elbService,
	autoscalingService,
	acmService,
	cloudfrontService,
	lambdaService,
	ecrService,
	efsService,
	ecsService,
	eksService,
	apigatewayService,
	athenaService,
	appflowService,
	opensearchService,
	redshiftService,
	elasticacheService,
	kinesisService,
	sfnService,
	backupService,
	ssmService,
	wafv2Service,
	route53Service,
}

// serviceNamed is nil for a service the scanner does not read.
func serviceNamed(name string) *service {
	for _, s := range services {
		if s.name == name {
			return s
		}
	}
	return nil
}
