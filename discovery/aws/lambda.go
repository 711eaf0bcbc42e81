package aws

import (
	"cmp"
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// lambdaProjection counts changes of the projections in lambdaproject.go.
const lambdaProjection = 1

const (
	typeFunction    = "aws:lambda/function:Function"
	typePermission  = "aws:lambda/permission:Permission"
	typeFunctionURL = "aws:lambda/functionUrl:FunctionUrl"
)

// Concurrency is asked for by itself: GetFunction has it too, at a higher rate,
// but comes with a link to the function's code, and SecurityAudit does not allow it.
var (
	listFunctions       = listCall("lambda:ListFunctions", 50)
	functionConcurrency = eachCall("lambda:GetFunctionConcurrency", "concurrency")
	functionPolicy      = eachCall("lambda:GetPolicy", "policy")
	functionURLs        = eachCall("lambda:ListFunctionUrlConfigs", "URLs")
)

var lambdaService = &service{
	name: "lambda",
	types: []typeSpec{
		{token: typeFunction, calls: []call{listFunctions, functionConcurrency, tagCall}, recorded: recordedFunctions, onDemand: []call{functionCode, functionSigning}, verify: []string{"lambda:GetFunctionConfiguration"}},
		{token: typePermission, calls: []call{listFunctions, functionPolicy}, recorded: recordedFunctions},
		{token: typeFunctionURL, calls: []call{listFunctions, functionURLs}},
	},
	// "Lambda quotas": GetPolicy 15/s; all other control plane requests, but for
	// GetFunction and invocations, 15/s in total.
	limits: map[string]limit{"Lambda": {rate: 15, burst: 14, shared: true}, "Lambda:GetPolicy": {rate: 15, burst: 14}},
	lists:  []list{{listFunctions.action, []string{typeFunction, typePermission, typeFunctionURL}, everyFunction}},
	direct: []list{
		{"lambda:GetFunctionConfiguration", []string{typeFunction}, theseFunctions},
		{functionPolicy.action, []string{typePermission}, thesePermissions},
		{functionURLs.action, []string{typeFunctionURL}, theseFunctionURLs},
	},
}

// functionGone is the code for a function, and for a policy, that does not exist.
const functionGone = "ResourceNotFoundException"

func (s *session) lambda() *lambda.Client {
	return client(s, "lambda", func(c aws.Config) *lambda.Client { return lambda.NewFromConfig(c) })
}

// everyFunction lists functions and reads what hangs off each. A page is half of
// what one call for tags takes.
func everyFunction(ctx context.Context, s *session, _ []string, emit observe) error {
	var some troubles
	var batch []types.FunctionConfiguration
	flush := func() error {
		list := batch
		batch = nil
		return readFunctions(ctx, s, list, emit, &some)
	}
	p := lambda.NewListFunctionsPaginator(s.lambda(), &lambda.ListFunctionsInput{MaxItems: aws.Int32(50)})
	err := pages(ctx, p, func(out *lambda.ListFunctionsOutput) error {
		if batch = append(batch, out.Functions...); len(batch) < tagPage {
			return nil
		}
		return flush()
	})
	return some.or(cmp.Or(flush(), err))
}

func readFunctions(ctx context.Context, s *session, list []types.FunctionConfiguration, emit observe, some *troubles) error {
	tags, tagsF := functionTags(ctx, s, list)
	names := make([]string, len(list))
	for i, f := range list {
		names[i] = aws.ToString(f.FunctionName)
	}
	ctx = s.recorded(ctx, recordedFunctions, s.region, names)
	leaveOlder(ctx, list, func(f types.FunctionConfiguration) (*string, *time.Time) { return f.FunctionName, lastModified(f) })
	return parallel(ctx, detailParallel, list, func(ctx context.Context, f types.FunctionConfiguration) error {
		name := aws.ToString(f.FunctionName)
		if exists, err := readFunction(ctx, s, f, tagsF, tags[aws.ToString(f.FunctionArn)], emit); !exists {
			return err
		}
		if err := some.keep(ctx, readPermissions(ctx, s, name, emit), functionPolicy.action, typePermission); err != nil {
			return err
		}
		return some.keep(ctx, readFunctionURLs(ctx, s, name, emit), functionURLs.action, typeFunctionURL)
	})
}

// lastModified is when a function was made or its configuration changed last; nil where that is not said.
func lastModified(f types.FunctionConfiguration) *time.Time {
	at, err := time.Parse("2006-01-02T15:04:05.000-0700", aws.ToString(f.LastModified))
	if err != nil {
		return nil
	}
	return &at
}

func functionTags(ctx context.Context, s *session, list []types.FunctionConfiguration) (map[string]map[string]any, facet) {
	arns := make([]string, len(list))
	for i, f := range list {
		arns[i] = aws.ToString(f.FunctionArn)
	}
	return tagsByARN(ctx, s, arns)
}

// readFunction emits a function unless it is deleted meanwhile.
func readFunction(ctx context.Context, s *session, f types.FunctionConfiguration, tagsF facet, tags map[string]any, emit observe) (exists bool, err error) {
	out, err := s.lambda().GetFunctionConcurrency(ctx, &lambda.GetFunctionConcurrencyInput{FunctionName: f.FunctionName})
	if isNotFound(err, functionGone) {
		return false, nil
	}
	reserved := facetOf(functionConcurrency.action, err)
	var concurrency *int32
	if err == nil {
		// An answer without the number is how Lambda says that nothing is reserved.
		if concurrency = out.ReservedConcurrentExecutions; concurrency == nil {
			reserved.state = schemas.FacetAbsent
		}
	}
	err = emit(ctx, projectFunction(s.region, f, reserved, concurrency, tagsF, tags, moreOfFunction(ctx, s, f.FunctionName)))
	return err == nil, err
}

// readPermissions emits the statements of a function's own policy; those of its
// versions and aliases are not read. The error of the call is a listError.
func readPermissions(ctx context.Context, s *session, name string, emit observe) error {
	out, err := s.lambda().GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: &name})
	if isNotFound(err, functionGone) {
		return nil
	}
	if err != nil {
		return listError{err: err}
	}
	var policy struct{ Statement []statement }
	if err := json.Unmarshal([]byte(aws.ToString(out.Policy)), &policy); err != nil {
		return listError{err: err}
	}
	var list []discovery.Observation
	for _, st := range policy.Statement {
		if st.Effect == "Allow" { // anything else permits nothing
			list = append(list, projectPermission(s.region, name, st))
		}
	}
	return emit(ctx, list...)
}

// readFunctionURLs emits the URLs of a function and of its aliases. The error of
// the call is a listError.
func readFunctionURLs(ctx context.Context, s *session, name string, emit observe) error {
	p := lambda.NewListFunctionUrlConfigsPaginator(s.lambda(), &lambda.ListFunctionUrlConfigsInput{FunctionName: &name, MaxItems: aws.Int32(50)})
	err := pages(ctx, p, func(out *lambda.ListFunctionUrlConfigsOutput) error {
		for _, u := range out.FunctionUrlConfigs {
			if err := emit(ctx, projectFunctionURL(s.region, name, u)); err != nil {
				return err
			}
		}
		return nil
	})
	if isNotFound(err, functionGone) {
		return nil
	}
	return err
}

// theseFunctions reads functions by name.
func theseFunctions(ctx context.Context, s *session, names []string, emit observe) error {
	var list []types.FunctionConfiguration
	for _, name := range names {
		out, err := s.lambda().GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{FunctionName: &name})
		if isNotFound(err, functionGone) {
			continue
		}
		if err != nil {
			return listError{err: err}
		}
		f, err := configurationOf(out)
		if err != nil {
			return err
		}
		list = append(list, f)
	}
	tags, tagsF := functionTags(ctx, s, list)
	return parallel(ctx, detailParallel, list, func(ctx context.Context, f types.FunctionConfiguration) error {
		_, err := readFunction(ctx, s, f, tagsF, tags[aws.ToString(f.FunctionArn)], emit)
		return err
	})
}

// configurationOf is an answer as the list has it: the SDK has two types with the
// same fields.
func configurationOf(out *lambda.GetFunctionConfigurationOutput) (f types.FunctionConfiguration, err error) {
	raw, err := json.Marshal(out)
	if err == nil {
		err = json.Unmarshal(raw, &f)
	}
	return f, err
}

func thesePermissions(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, parents(ids, "/"), func(ctx context.Context, name string) error { return readPermissions(ctx, s, name, emit) })
}

func theseFunctionURLs(ctx context.Context, s *session, ids []string, emit observe) error {
	return parallel(ctx, detailParallel, parents(ids, "/"), func(ctx context.Context, name string) error { return readFunctionURLs(ctx, s, name, emit) })
}

// parents are the first parts of ids like "function/statement", each once.
func parents(ids []string, separator string) []string {
	seen := map[string]bool{}
	var list []string
	for _, id := range ids {
		parent, _, _ := strings.Cut(id, separator)
		if !seen[parent] {
			seen[parent] = true
			list = append(list, parent)
		}
	}
	return list
}
