package aws

import "github.com/aws/aws-sdk-go-v2/service/lambda"

// recordedFunctions have a policy and a reserved concurrency where there are such. That one
// has neither, Lambda says.
var recordedFunctions = &recordedType{name: "AWS::Lambda::Function", calls: []recordedCall{
	{call: functionPolicy, operation: "Lambda:GetPolicy", by: "FunctionName", answer: func(i *recordedItem) (any, error) {
		policy := i.document("Policy")
		if policy == "" {
			return nil, nil
		}
		return &lambda.GetPolicyOutput{Policy: &policy}, nil
	}},
	{call: functionConcurrency, operation: "Lambda:GetFunctionConcurrency", by: "FunctionName", answer: func(i *recordedItem) (any, error) {
		var v struct{ ReservedConcurrentExecutions *float64 }
		if !i.more("Concurrency", &v) || v.ReservedConcurrentExecutions == nil {
			return nil, nil
		}
		reserved := int32(*v.ReservedConcurrentExecutions)
		return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: &reserved}, nil
	}},
}}
