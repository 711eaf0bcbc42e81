package awsfake

import (
	"fmt"
	"strings"
)

var secretsmanagerOperations = map[string]jsonOperation{"ListSecrets": listSecrets, "DescribeSecret": describeSecret, "GetResourcePolicy": secretPolicy}

func secretName(i int) string { return fmt.Sprintf("secret-%06d", i) }

// secretARN ends in characters of the service's own.
func (q *request) secretARN(i int) string {
	return "arn:aws:secretsmanager:" + q.region + ":" + q.pop.AccountID + ":secret:" + secretName(i) + "-AbCdEf"
}

// secretValue is a secret; every other one rotates.
func (q *request) secretValue(i int) map[string]any {
	owner := "team"
	if q.touched(q.secretARN(i)) {
		owner = "changed"
	}
	secret := map[string]any{"ARN": q.secretARN(i), "Name": secretName(i), "Tags": []any{map[string]any{"Key": "owner", "Value": owner}}}
	if i%2 == 0 {
		secret["RotationEnabled"] = true
		secret["RotationRules"] = map[string]any{"AutomaticallyAfterDays": 30}
	}
	return secret
}

func listSecrets(q *request, in input) (any, *fault) {
	if in.number("MaxResults") > 100 {
		return nil, &fault{status: 400, code: "InvalidParameterException", message: "MaxResults must be at most 100"}
	}
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 100, q.pop.more("secret"))
	list := []any{}
	q.each(from, to, q.secretARN, func(i int) { list = append(list, q.secretValue(i)) })
	return paged(map[string]any{"SecretList": list}, "NextToken", next), nil
}

// secret is the secret that a request names.
func (q *request) secret(in input) (i int, f *fault) {
	arn := in.text("SecretId")
	_, name, _ := strings.Cut(arn, ":secret:secret-")
	number, _, _ := strings.Cut(name, "-")
	if _, err := fmt.Sscanf(number, "%d", &i); err != nil || q.secretARN(i) != arn || i >= q.pop.more("secret") || q.gone(arn) {
		return 0, &fault{status: 400, code: "ResourceNotFoundException", message: "Secrets Manager can't find the specified secret."}
	}
	return i, nil
}

func describeSecret(q *request, in input) (any, *fault) {
	i, f := q.secret(in)
	if f != nil {
		return nil, f
	}
	return q.secretValue(i), nil
}

// secretPolicy is that of every other secret.
func secretPolicy(q *request, in input) (any, *fault) {
	i, f := q.secret(in)
	if f != nil {
		return nil, f
	}
	answer := map[string]any{"ARN": q.secretARN(i), "Name": secretName(i)}
	if i%2 == 0 {
		answer["ResourcePolicy"] = fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`, q.pop.AccountID)
	}
	return answer, nil
}
