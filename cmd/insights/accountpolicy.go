package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"text/template"

	"github.com/spf13/cobra"

	"github.com/insights-scanner/insights-scanner/discovery/aws"
	"github.com/insights-scanner/insights-scanner/scanner/api"
	"github.com/insights-scanner/insights-scanner/schemas"
)

var policyFormats = []string{"json", "cloudformation", "terraform"}

func (a *app) accountPolicyCmd() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use: "policy [ACCOUNT]", Short: "Print the least-privilege IAM policy that scans of an account need", Args: args(cobra.MaximumNArgs(1)),
		Long: `Policy prints an IAM policy with every action that scans call, and nothing else:
all of them only read. With ACCOUNT it is for the services that this account is
registered with; without, to make the role before there is an account, for all
services. It is narrower than AWS's managed policy SecurityAudit. As
cloudformation or terraform it is a role with that policy; say there who may
assume it.

'insights account check' tells which of the actions a role is missing.`,
		Example: `  insights account policy > policy.json
  insights account policy --format cloudformation > insights-reader.yaml
  insights account policy prod --format terraform > insights-reader.tf`,
		RunE: func(cmd *cobra.Command, given []string) error {
			if !slices.Contains(policyFormats, format) {
				return usageError(cmd, fmt.Errorf("--format %q: must be json, cloudformation or terraform", format))
			}
			if len(given) == 0 {
				return a.printPolicy(format, schemas.Account{})
			}
			return a.with(cmd.Context(), "insights account policy", nodeOptions{}, func(ctx context.Context, s api.Service) error {
				acc, err := s.GetAccount(ctx, given[0])
				if err != nil {
					return err
				}
				return a.printPolicy(format, acc)
			})
		},
	}
	cmd.Flags().StringVar(&format, "format", "json", "json, cloudformation or terraform")
	oneOf(cmd, "format", policyFormats...)
	return cmd
}

func (a *app) printPolicy(format string, acc schemas.Account) error {
	doc := readerPolicy(aws.Actions(acc))
	if format == "json" {
		return printJSON(a.out, doc)
	}
	return a.printRole(format, acc, doc)
}

// policyDocument is an IAM policy as IAM writes it.
type policyDocument struct {
	Version   string
	Statement []policyStatement
}

type policyStatement struct {
	Sid, Effect string
	Action      []string
	Resource    string
}

// readerPolicy allows actions in one statement: those of all services in statements
// of their own would not fit into IAM's 6,144 characters. Reading is granted on all
// resources: most list calls know no other.
func readerPolicy(actions []string) policyDocument {
	return policyDocument{Version: "2012-10-17", Statement: []policyStatement{{Sid: "Read", Effect: "Allow", Action: actions, Resource: "*"}}}
}

// printRole prints a role with the policy, in a language of infrastructure.
func (a *app) printRole(format string, acc schemas.Account, doc policyDocument) error {
	indent := map[string]string{"cloudformation": "            ", "terraform": "  "}[format]
	raw, err := json.MarshalIndent(doc, indent, "  ")
	if err != nil {
		return err
	}
	return roleTemplates.ExecuteTemplate(a.out, format, map[string]any{
		"Account": acc.Name, "ExternalID": acc.ExternalID, "Policy": string(raw),
	})
}

var roleTemplates = template.Must(template.New("").Parse(`
{{- define "cloudformation" -}}
# A role with which insights reads {{with .Account}}the account {{.}}{{else}}an account{{end}}.
AWSTemplateFormatVersion: "2010-09-09"
Description: Reader role of insights; it can change nothing.
Parameters:
  TrustedPrincipalArn:
    Type: String
    Description: ARN of the user or role that insights runs as.
  ExternalId:
    Type: String
    Default: {{printf "%q" .ExternalID}}
    Description: The account's external id (insights account add --external-id); empty for none.
Conditions:
  HasExternalId: !Not [!Equals [!Ref ExternalId, ""]]
Resources:
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: insights-reader
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal: {AWS: !Ref TrustedPrincipalArn}
            Action: sts:AssumeRole
            Condition: !If [HasExternalId, {StringEquals: {"sts:ExternalId": !Ref ExternalId}}, !Ref AWS::NoValue]
      Policies:
        - PolicyName: insights-reader
          PolicyDocument:
            {{.Policy}}
Outputs:
  RoleArn:
    Description: For insights account add --role-arn.
    Value: !GetAtt Reader.Arn
{{end}}
{{- define "terraform" -}}
# A role with which insights reads {{with .Account}}the account {{.}}{{else}}an account{{end}}.
variable "insights_principal_arn" {
  type        = string
  description = "ARN of the user or role that insights runs as."
}

variable "insights_external_id" {
  type        = string
  default     = {{printf "%q" .ExternalID}}
  description = "The account's external id (insights account add --external-id); empty for none."
}

resource "aws_iam_role" "insights_reader" {
  name = "insights-reader"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [merge(
      { Effect = "Allow", Principal = { AWS = var.insights_principal_arn }, Action = "sts:AssumeRole" },
      var.insights_external_id == "" ? {} : { Condition = { StringEquals = { "sts:ExternalId" = var.insights_external_id } } },
    )]
  })
}

resource "aws_iam_role_policy" "insights_reader" {
  name = "insights-reader"
  role = aws_iam_role.insights_reader.id
  policy = jsonencode({{.Policy}})
}

output "insights_role_arn" {
  description = "For insights account add --role-arn."
  value       = aws_iam_role.insights_reader.arn
}
{{end}}`))
