package aws

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func projectFunction(region string, f types.FunctionConfiguration, reserved facet, concurrency *int32, tagsF facet, tags map[string]any, more functionMore) discovery.Observation {
	name, list := aws.ToString(f.FunctionName), listFunctions.action
	d := newDocument()
	d.set("region", region)
	d.set("name", name)
	d.set("arn", aws.ToString(f.FunctionArn))
	d.set("description", aws.ToString(f.Description))
	d.set("role", aws.ToString(f.Role))
	d.set("handler", aws.ToString(f.Handler))
	d.set("packageType", string(f.PackageType))
	d.set("kmsKeyArn", aws.ToString(f.KMSKeyArn))
	d.set("codeSha256", aws.ToString(f.CodeSha256))
	if f.PackageType != types.PackageTypeImage { // an image brings its own runtime
		d.told("runtime", string(f.Runtime), f.Runtime != "", list)
	}
	d.told("timeout", int(aws.ToInt32(f.Timeout)), f.Timeout != nil, list)
	d.told("memorySize", int(aws.ToInt32(f.MemorySize)), f.MemorySize != nil, list)
	d.told("architectures", sortedStrings(f.Architectures), len(f.Architectures) > 0, list)
	d.set("layers", functionLayers(f.Layers))
	functionParts(d, f)
	functionEnvironment(d, f.Environment)
	functionImage(d, f.ImageConfigResponse)
	d.facet("reservedConcurrentExecutions", reserved, func() any { return int(*concurrency) })
	d.facet("tags", tagsF, func() any { return tags })
	more.set(d)
	sortUnknown(d)
	return d.observe(region, typeFunction, name, name, lambdaProjection)
}

// functionLayers keep their order: a later layer covers an earlier one.
func functionLayers(list []types.Layer) []any {
	arns := make([]any, len(list))
	for i, l := range list {
		arns[i] = aws.ToString(l.Arn)
	}
	return arns
}

// functionParts sets the properties that are objects.
func functionParts(d *document, f types.FunctionConfiguration) {
	mode := types.TracingMode("")
	if f.TracingConfig != nil {
		mode = f.TracingConfig.Mode
	}
	d.told("tracingConfig", map[string]any{"mode": string(mode)}, mode != "", listFunctions.action)
	if c := f.DeadLetterConfig; c != nil && c.TargetArn != nil {
		d.set("deadLetterConfig", map[string]any{"targetArn": *c.TargetArn})
	}
	// A function that is in no VPC has an empty configuration, or none.
	if c := f.VpcConfig; c != nil && len(c.SubnetIds)+len(c.SecurityGroupIds) > 0 {
		part := newDocument()
		part.set("vpcId", aws.ToString(c.VpcId))
		part.set("subnetIds", sortedStrings(c.SubnetIds))
		part.set("securityGroupIds", sortedStrings(c.SecurityGroupIds))
		part.set("ipv6AllowedForDualStack", aws.ToBool(c.Ipv6AllowedForDualStack))
		d.set("vpcConfig", part.properties)
	}
	if e := f.EphemeralStorage; e != nil {
		d.set("ephemeralStorage", map[string]any{"size": int(aws.ToInt32(e.Size))})
	}
	if len(f.FileSystemConfigs) > 0 { // there is one at most
		c := f.FileSystemConfigs[0]
		d.set("fileSystemConfig", map[string]any{"arn": aws.ToString(c.Arn), "localMountPath": aws.ToString(c.LocalMountPath)})
	}
	if c := f.LoggingConfig; c != nil {
		part := newDocument()
		part.set("logFormat", string(c.LogFormat))
		part.set("logGroup", aws.ToString(c.LogGroup))
		part.set("applicationLogLevel", string(c.ApplicationLogLevel))
		part.set("systemLogLevel", string(c.SystemLogLevel))
		d.set("loggingConfig", part.properties)
	}
	if c := f.TenancyConfig; c != nil {
		d.set("tenancyConfig", map[string]any{"tenantIsolationMode": string(c.TenantIsolationMode)})
	}
	if c := f.DurableConfig; c != nil {
		part := newDocument()
		part.set("executionTimeout", optional(c.ExecutionTimeout))
		part.set("retentionPeriod", optional(c.RetentionPeriodInDays))
		d.set("durableConfig", part.properties)
	}
	if c := f.CapacityProviderConfig; c != nil && c.LambdaManagedInstancesCapacityProviderConfig != nil {
		part, instances := newDocument(), c.LambdaManagedInstancesCapacityProviderConfig
		part.set("capacityProviderArn", aws.ToString(instances.CapacityProviderArn))
		part.set("executionEnvironmentMemoryGibPerVcpu", optional(instances.ExecutionEnvironmentMemoryGiBPerVCpu))
		part.set("perExecutionEnvironmentMaxConcurrency", optional(instances.PerExecutionEnvironmentMaxConcurrency))
		d.set("capacityProviderConfig", map[string]any{"lambdaManagedInstancesCapacityProviderConfig": part.properties})
	}
	if c := f.SnapStart; c != nil && c.ApplyOn != "" {
		d.set("snapStart", map[string]any{"applyOn": string(c.ApplyOn)})
	}
}

// functionEnvironment sets the variables. Lambda leaves them out, with the reason,
// when the caller may not use the key that they are encrypted with.
func functionEnvironment(d *document, e *types.EnvironmentResponse) {
	if e == nil {
		return
	}
	f := facet{state: schemas.FacetPresent, call: "kms:Decrypt"}
	if e.Error != nil {
		f.state, f.reason = schemas.FacetFailed, aws.ToString(e.Error.ErrorCode)
		if strings.Contains(f.reason, "AccessDenied") {
			f.state = schemas.FacetDenied
		}
	}
	variables := make(map[string]any, len(e.Variables))
	for name, value := range e.Variables {
		variables[name] = value
	}
	d.facet("environment", f, func() any {
		if len(variables) == 0 {
			return nil
		}
		return map[string]any{"variables": variables}
	})
}

func functionImage(d *document, i *types.ImageConfigResponse) {
	if i == nil {
		return
	}
	if i.Error != nil {
		d.facet("imageConfig", facet{state: schemas.FacetFailed, call: listFunctions.action, reason: aws.ToString(i.Error.ErrorCode)}, nil)
		return
	}
	if c := i.ImageConfig; c != nil {
		part := newDocument()
		part.set("commands", anyStrings(c.Command))
		part.set("entryPoints", anyStrings(c.EntryPoint))
		part.set("workingDirectory", aws.ToString(c.WorkingDirectory))
		d.set("imageConfig", part.properties)
	}
}

// statement is one of a function's policy.
type statement struct {
	Sid       string
	Effect    string
	Principal any
	Action    any
	Condition map[string]map[string]any
}

// permissionKeys are the condition keys that a permission has a property for.
var permissionKeys = map[string]string{
	"aws:sourcearn": "sourceArn", "aws:sourceaccount": "sourceAccount", "aws:principalorgid": "principalOrgId",
	"lambda:eventsourcetoken": "eventSourceToken", "lambda:functionurlauthtype": "functionUrlAuthType",
	"lambda:invokedviafunctionurl": "invokedViaFunctionUrl",
}

// permissionOperators are those that AddPermission writes.
var permissionOperators = []string{"StringEquals", "ArnLike", "Bool"}

// notPlain is the reason of properties whose statement AddPermission cannot make.
const notPlain = "the statement is not of the form of a permission"

// projectPermission gives what AddPermission made a statement of. A whole policy
// may say more than that; what a permission has no property for makes those
// unknown that it would narrow or widen, so that nobody takes it for public.
func projectPermission(region, function string, st statement) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("function", function)
	d.set("statementId", st.Sid)
	plain := func(name string, v string, ok bool) {
		f := facet{state: schemas.FacetPresent, call: functionPolicy.action}
		if !ok {
			f.state, f.reason = schemas.FacetFailed, notPlain
		}
		d.facet(name, f, func() any { return v })
	}
	action, one := st.Action.(string)
	plain("action", action, one)
	principal, one := principalOf(st.Principal)
	plain("principal", principal, one)
	conditions, one := conditionsOf(st.Condition)
	for _, name := range sortedKeys(permissionProperties) {
		v, there := conditions[name]
		switch {
		case name == "invokedViaFunctionUrl" && there && one:
			d.set(name, v == "true")
		case there || !one:
			plain(name, v, one)
		}
	}
	sortUnknown(d)
	id := ""
	if st.Sid != "" {
		id = function + "/" + st.Sid
	}
	return d.observe(region, typePermission, id, st.Sid, lambdaProjection)
}

// permissionProperties are the values of permissionKeys.
var permissionProperties = func() map[string]bool {
	m := map[string]bool{}
	for _, name := range permissionKeys {
		m[name] = true
	}
	return m
}()

// principalOf is "*", a service, or an account or role; false for several.
func principalOf(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case map[string]any:
		for _, kind := range v {
			one, ok := kind.(string)
			return one, ok && len(v) == 1
		}
	}
	return "", false
}

// conditionsOf are the values by property; false when there is a condition that
// is no property.
func conditionsOf(condition map[string]map[string]any) (map[string]string, bool) {
	found := map[string]string{}
	for operator, keys := range condition {
		for key, v := range keys {
			name := permissionKeys[strings.ToLower(key)]
			value, one := v.(string)
			if name == "" || !one || !slices.Contains(permissionOperators, operator) {
				return nil, false
			}
			found[name] = value
		}
	}
	return found, true
}

// projectFunctionURL is known by the function, and by the alias it belongs to.
func projectFunctionURL(region, function string, u types.FunctionUrlConfig) discovery.Observation {
	d := newDocument()
	d.set("region", region)
	d.set("functionName", function)
	d.set("functionArn", aws.ToString(u.FunctionArn))
	d.set("functionUrl", aws.ToString(u.FunctionUrl))
	d.set("invokeMode", string(u.InvokeMode))
	d.told("authorizationType", string(u.AuthType), u.AuthType != "", functionURLs.action)
	id := function
	if _, alias, ok := strings.Cut(aws.ToString(u.FunctionArn), ":function:"+function+":"); ok {
		d.set("qualifier", alias)
		id += "/" + alias
	}
	if c := u.Cors; c != nil {
		part := newDocument()
		part.set("allowCredentials", aws.ToBool(c.AllowCredentials))
		part.set("allowHeaders", sortedStrings(c.AllowHeaders))
		part.set("allowMethods", sortedStrings(c.AllowMethods))
		part.set("allowOrigins", sortedStrings(c.AllowOrigins))
		part.set("exposeHeaders", sortedStrings(c.ExposeHeaders))
		if c.MaxAge != nil {
			part.set("maxAge", int(*c.MaxAge))
		}
		d.set("cors", part.properties)
	}
	return d.observe(region, typeFunctionURL, id, id, lambdaProjection)
}
