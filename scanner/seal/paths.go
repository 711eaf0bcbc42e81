package seal

// path leads to a secret property; anyElement stands for every element of a
// list and every key of an object, inText for the JSON document that a text is.
type path []string

const (
	anyElement = "*"
	inText     = "{}"
)

// inContainers leads to what is secret in the container definitions of a task.
func inContainers(below ...string) path {
	return append(path{"containerDefinitions", inText, anyElement}, below...)
}

var taskPaths = []path{
	inContainers("environment", anyElement, "value"), inContainers("command", anyElement), inContainers("entryPoint", anyElement),
	inContainers("healthCheck", "command", anyElement), inContainers("logConfiguration", "options", anyElement),
	inContainers("firelensConfiguration", "options", anyElement), inContainers("dockerLabels", anyElement),
	{"volumes", anyElement, "dockerVolumeConfiguration", "driverOpts", anyElement},
}

// servicePaths are what is secret in services of ECS, beside their tasks.
var servicePaths = []path{
	{"serviceConnectConfiguration", "logConfiguration", "options", anyElement}, {"deploymentConfiguration", "lifecycleHooks", anyElement, "hookDetails"},
}

// secretPaths are the properties that are secret by their type, whatever they
// hold. Types are canonical ones (schemas.CanonicalType).
var secretPaths = map[string][]path{
	"aws:lambda/function:Function":                    {{"environment", "variables", anyElement}, {"imageConfig", "commands", anyElement}, {"imageConfig", "entryPoints", anyElement}},
	"aws:lambda/permission:Permission":                {{"eventSourceToken"}},
	"aws:ec2/instance:Instance":                       {{"userData"}, {"userDataBase64"}},
	"aws:ec2/spotInstanceRequest:SpotInstanceRequest": {{"userData"}, {"userDataBase64"}},
	"aws:ec2/launchTemplate:LaunchTemplate":           {{"userData"}},
	"aws:ec2/launchConfiguration:LaunchConfiguration": {{"userData"}, {"userDataBase64"}},
	"aws:ec2/vpnConnection:VpnConnection": {
		{"tunnel1PresharedKey"}, {"tunnel2PresharedKey"}, {"customerGatewayConfiguration"},
	},
	"aws:iam/accessKey:AccessKey":                       {{"secret"}, {"sesSmtpPasswordV4"}},
	"aws:rds/instance:Instance":                         {{"password"}, {"passwordWo"}},
	"aws:rds/cluster:Cluster":                           {{"masterPassword"}, {"masterPasswordWo"}},
	"aws:docdb/cluster:Cluster":                         {{"masterPassword"}},
	"aws:redshift/cluster:Cluster":                      {{"masterPassword"}},
	"aws:elasticache/replicationGroup:ReplicationGroup": {{"authToken"}},
	"aws:secretsmanager/secretVersion:SecretVersion":    {{"secretString"}, {"secretBinary"}},
	"aws:ssm/parameter:Parameter":                       {{"value"}, {"insecureValue"}},
	"aws:codebuild/project:Project":                     {{"environment", "environmentVariables", anyElement, "value"}},
	"aws:eks/addon:Addon":                               {{"configurationValues"}},
	"aws:ecs/taskDefinition:TaskDefinition":             taskPaths,
	"aws:ecs/service:Service":                           servicePaths,
	"aws:elasticbeanstalk/environment:Environment":      {{"settings", anyElement, "value"}},
	"aws:amplify/app:App":                               {{"environmentVariables", anyElement}, {"accessToken"}, {"oauthToken"}, {"basicAuthCredentials"}},
	"aws:apprunner/service:Service":                     {{"sourceConfiguration", "imageRepository", "imageConfiguration", "runtimeEnvironmentVariables", anyElement}},
	"aws:batch/jobDefinition:JobDefinition":             {{"containerProperties"}},
	"aws:cognito/userPoolClient:UserPoolClient":         {{"clientSecret"}},
	"aws:directoryservice/directory:Directory":          {{"password"}},
	"aws:dms/endpoint:Endpoint":                         {{"password"}},
	"aws:mq/broker:Broker":                              {{"users", anyElement, "password"}},
	"aws:cloudwatch/eventConnection:EventConnection":    {{"authParameters"}},
	"aws:sns/topicSubscription:TopicSubscription":       {{"endpoint"}}, // paging services have their key in the address
	"aws:sagemaker/model:Model":                         {{"containers", anyElement, "environment", anyElement}, {"primaryContainer", "environment", anyElement}},
	"aws:glue/connection:Connection":                    {{"connectionProperties", "PASSWORD"}, {"connectionProperties", "ENCRYPTED_PASSWORD"}},
	"aws-native:lambda:Function":                        {{"environment", "variables", anyElement}},
	"aws-native:ec2:Instance":                           {{"userData"}},
	"aws-native:ec2:LaunchTemplate":                     {{"launchTemplateData", "userData"}},
	"aws-native:ssm:Parameter":                          {{"value"}},
	"aws-native:ecs:TaskDefinition":                     {{"containerDefinitions", anyElement, "environment", anyElement, "value"}},
	"aws-native:codebuild:Project":                      {{"environment", "environmentVariables", anyElement, "value"}},
	"aws-native:apprunner:Service":                      {{"sourceConfiguration", "imageRepository", "imageConfiguration", "runtimeEnvironmentVariables", anyElement, "value"}},
	"aws-native:rds:DbInstance":                         {{"masterUserPassword"}},
	"aws-native:rds:DbCluster":                          {{"masterUserPassword"}},
	"aws-native:elasticache:ReplicationGroup":           {{"authToken"}},
	"aws-native:secretsmanager:Secret":                  {{"secretString"}},
	"aws-native:events:Connection":                      {{"authParameters"}},
	"aws-native:elasticbeanstalk:Environment":           {{"optionSettings", anyElement, "value"}},
	"aws-native:sagemaker:Model":                        {{"containers", anyElement, "environment", anyElement}, {"primaryContainer", "environment", anyElement}},
	"aws-native:amplify:App":                            {{"environmentVariables", anyElement, "value"}, {"accessToken"}, {"oauthToken"}},
	"aws-native:cloudformation:Stack":                   {{"parameters", anyElement}},
	"aws:cloudformation/stack:Stack":                    {{"parameters", anyElement}},
	"aws-native:directoryservice:SimpleAd":              {{"password"}},
	"aws-native:redshift:Cluster":                       {{"masterUserPassword"}},
	"aws-native:docdb:DbCluster":                        {{"masterUserPassword"}},
	"aws-native:dms:Endpoint":                           {{"password"}},
	"aws-native:amazonmq:Broker":                        {{"users", anyElement, "password"}},
	"aws-native:ec2:VpnConnection":                      {{"vpnTunnelOptionsSpecifications", anyElement, "preSharedKey"}},
	"aws-native:autoscaling:LaunchConfiguration":        {{"userData"}},
	"aws-native:amplify:Branch":                         {{"environmentVariables", anyElement, "value"}},
	"aws-native:apigateway:ApiKey":                      {{"value"}},
	"aws-native:batch:JobDefinition":                    {{"containerProperties"}, {"nodeProperties"}, {"ecsProperties"}, {"eksProperties"}},
	"aws-native:bedrockagentcore:Runtime":               {{"environmentVariables", anyElement}},
	"aws-native:ec2:SpotFleet":                          {{"spotFleetRequestConfigData", "launchSpecifications", anyElement, "userData"}},
	"aws-native:eks:Addon":                              {{"configurationValues"}},
	"aws-native:mwaa:Environment":                       {{"airflowConfigurationOptions", anyElement}},
	"aws-native:synthetics:Canary":                      {{"runConfig", "environmentVariables", anyElement}},
	"aws:cloudfront/distribution:Distribution":          {{"origins", anyElement, "customHeaders", anyElement, "value"}},
	"aws:lb/listener:Listener":                          {{"defaultActions", anyElement, "authenticateOidc", "clientSecret"}},
	"aws:appsync/apiKey:ApiKey":                         {{"key"}},
	"aws:apigateway/apiKey:ApiKey":                      {{"value"}},
	"aws:lightsail/database:Database":                   {{"masterPassword"}},
	"aws:memorydb/user:User":                            {{"authenticationMode", "passwords"}},
	"aws:opensearch/domain:Domain":                      {{"advancedSecurityOptions", "masterUserOptions", "masterUserPassword"}},
	"aws:elasticsearch/domain:Domain":                   {{"advancedSecurityOptions", "masterUserOptions", "masterUserPassword"}},
}
