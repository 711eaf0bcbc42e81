package aws

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// What of a function is read on demand. GetFunction answers with a link to the
// function's code, too, which is not kept.
var (
	functionCode    = eachCall("lambda:GetFunction", "code")
	functionSigning = eachCall("lambda:GetFunctionCodeSigningConfig", "code signing")
)

// functionMore is what is read of a function when packs need it.
type functionMore struct {
	code            types.FunctionCodeLocation
	signing         string
	codeF, signingF facet
}

func moreOfFunction(ctx context.Context, s *session, name *string) (m functionMore) {
	m.codeF = onDemand(ctx, functionCode.action, func() facet {
		out, err := s.lambda().GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: name})
		there := err == nil && out.Code != nil
		if there {
			m.code = *out.Code
		}
		return facetOf(functionCode.action, err).need(there)
	})
	m.signingF = onDemand(ctx, functionSigning.action, func() facet {
		out, err := s.lambda().GetFunctionCodeSigningConfig(ctx, &lambda.GetFunctionCodeSigningConfigInput{FunctionName: name})
		there := err == nil && out.FunctionName != nil
		if there {
			m.signing = aws.ToString(out.CodeSigningConfigArn) // none is left out
		}
		return facetOf(functionSigning.action, err).need(there)
	})
	return m
}

// set puts it into the document of the function.
func (m *functionMore) set(d *document) {
	d.facet("imageUri", m.codeF, func() any { return aws.ToString(m.code.ImageUri) })
	d.facet("sourceKmsKeyArn", m.codeF, func() any { return aws.ToString(m.code.SourceKMSKeyArn) })
	d.facet("codeSigningConfigArn", m.signingF, func() any { return m.signing })
}
