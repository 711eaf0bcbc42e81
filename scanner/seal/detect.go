package seal

import (
	"regexp"
	"strings"
)

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
	"aws:cloudfront/distribution:Distribution":          {{"origins", anyElement, "customHeaders", anyElement, "value"}},
	"aws:lb/listener:Listener":                          {{"defaultActions", anyElement, "authenticateOidc", "clientSecret"}},
	"aws:appsync/apiKey:ApiKey":                         {{"key"}},
	"aws:apigateway/apiKey:ApiKey":                      {{"value"}},
	"aws:lightsail/database:Database":                   {{"masterPassword"}},
	"aws:memorydb/user:User":                            {{"authenticationMode", "passwords"}},
	"aws:opensearch/domain:Domain":                      {{"advancedSecurityOptions", "masterUserOptions", "masterUserPassword"}},
	"aws:elasticsearch/domain:Domain":                   {{"advancedSecurityOptions", "masterUserOptions", "masterUserPassword"}},
}

// credential matches texts that are credentials wherever they stand: keys in
// PEM, and tokens whose issuers gave them a form of their own. Access key ids
// are in it because they name their secret's owner, and leak together with it.
var credential = regexp.MustCompile(strings.Join([]string{
	`-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----`,
	`\b(?:AKIA|ASIA)[A-Z2-7]{16}\b`,
	`\bgh[pousr]_[A-Za-z0-9]{36,}\b`,
	`\bgithub_pat_[A-Za-z0-9_]{50,}\b`,
	`\bglpat-[A-Za-z0-9_-]{20,}`,
	`\bxox[abeoprs]-[A-Za-z0-9-]{10,}`,
	`\bxapp-[0-9]-[A-Za-z0-9-]{20,}`,
	`hooks\.slack\.com/services/T[A-Za-z0-9]+/B[A-Za-z0-9]+/[A-Za-z0-9]+`,
	`\bsk_live_[A-Za-z0-9]{20,}\b`,
	`\bAIza[A-Za-z0-9_-]{35}\b`,
	`\bnpm_[A-Za-z0-9]{36}\b`,
	`\bpul-[a-f0-9]{40}\b`,
	`\bins_[A-Za-z0-9_-]{43}`, // our own API tokens
	// In profiles, shells and JSON, also JSON inside JSON. A key may end in "/" or
	// "+", which are no word characters.
	`(?i:secret)_?(?:[aA]ccess|ACCESS)_?(?i:key)\\?["']?\s*[:=]\s*\\?["']?[A-Za-z0-9/+]{40}(?:[^A-Za-z0-9/+=]|$)`,
}, "|"))

// connection finds URLs with a password, also without a user, as Redis has them.
// It is read off the text, not parsed: a password that nobody escaped, or a
// placeholder in its stead, makes no valid URL.
var connection = regexp.MustCompile(`[a-zA-Z][a-zA-Z0-9+.-]*://[^\s/"'@:]*:([^\s"'@]+)@[^\s"']+`)

// placeholder is what stands where a password will be filled in, or stood.
var placeholder = regexp.MustCompile(`^(?:\$\{[^}]*\}|\{\{[^}]*\}\}|\*+|x+)$`)

// secretAccessKey is the form of an AWS secret access key alone: 40 characters
// of base64.
var secretAccessKey = regexp.MustCompile(`^[A-Za-z0-9/+]{40}$`)

// needles are in every text that credential matches. Looking for them first
// spares most texts the expression, which is slow on long policy documents.
var needles = []string{
	"PRIVATE KEY", "AKIA", "ASIA", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "xox", "xapp-", "slack", "sk_live_", "AIza", "npm_", "pul-", "ins_", "ccess", "CCESS",
}

func mayHoldCredential(s string) bool {
	for _, n := range needles {
		if strings.Contains(s, n) {
			return true
		}
	}
	return false
}

// looksSecret tells whether a text holds a credential.
func looksSecret(s string) bool {
	if len(s) < 8 {
		return false
	}
	return mayHoldCredential(s) && credential.MatchString(s) || looksSecretAccessKey(s) || hasPassword(s)
}

// looksSecretAccessKey wants upper case, lower case and digits, as 40 random
// characters have, and paths, names and hashes in hexadecimal seldom do.
func looksSecretAccessKey(s string) bool {
	return secretAccessKey.MatchString(s) && !strings.HasPrefix(s, "/") &&
		strings.ContainsAny(s, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") && strings.ContainsAny(s, "abcdefghijklmnopqrstuvwxyz") &&
		strings.ContainsAny(s, "0123456789")
}

// hasPassword tells whether a text holds a URL with a password in it.
func hasPassword(s string) bool {
	if !strings.Contains(s, "://") || !strings.Contains(s, "@") {
		return false
	}
	for _, m := range connection.FindAllStringSubmatch(s, -1) {
		if !placeholder.MatchString(m[1]) {
			return true
		}
	}
	return false
}
