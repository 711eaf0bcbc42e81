package awsfake

import (
	"fmt"
)

// Every third repository has a policy, every second one a lifecycle policy.
var ecrOperations = map[string]jsonOperation{
	"DescribeRepositories": describeRepositories,
	"GetRepositoryPolicy": func(q *request, in input) (any, *fault) {
		i, f := q.aRepository(in.text("repositoryName"))
		if f == nil && i%3 != 0 {
			f = &fault{status: 400, code: "RepositoryPolicyNotFoundException", message: "Repository policy does not exist"}
		}
		return map[string]any{"repositoryName": repositoryName(i), "policyText": `{"Version":"2012-10-17","Statement":[{"Sid":"pull","Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::210987654321:root"},"Action":["ecr:BatchGetImage"]}]}`}, f
	},
	"GetLifecyclePolicy": func(q *request, in input) (any, *fault) {
		i, f := q.aRepository(in.text("repositoryName"))
		if f == nil && i%2 != 0 {
			f = &fault{status: 400, code: "LifecyclePolicyNotFoundException", message: "Lifecycle policy does not exist"}
		}
		return map[string]any{"repositoryName": repositoryName(i), "lifecyclePolicyText": `{"rules":[{"rulePriority":1,"selection":` +
			`{"tagStatus":"untagged","countType":"imageCountMoreThan","countNumber":3},"action":{"type":"expire"}}]}`}, f
	},
}

func repositoryName(i int) string { return fmt.Sprintf("repository-%06d", i) }

func (q *request) aRepository(name string) (int, *fault) {
	i, ok := q.index(name, "repository-", q.pop.more("repository"))
	if !ok {
		return 0, &fault{status: 400, code: "RepositoryNotFoundException", message: "The repository with name '" + name + "' does not exist"}
	}
	return i, nil
}

// describeRepositories answers for names, all of which have to exist, or with a
// page of at most 1,000.
func describeRepositories(q *request, in input) (any, *fault) {
	list := []any{}
	if names := in.list("repositoryNames"); len(names) > 0 {
		for _, name := range names {
			i, f := q.aRepository(name)
			if f != nil {
				return nil, f
			}
			list = append(list, q.repository(i))
		}
		return map[string]any{"repositories": list}, nil
	}
	if in.number("maxResults") > 1000 {
		return nil, &fault{status: 400, code: "InvalidParameterException", message: "maxResults is over 1000"}
	}
	from, to, next := q.window(in.text("nextToken"), in.number("maxResults"), 1000, q.pop.more("repository"))
	q.each(from, to, repositoryName, func(i int) { list = append(list, q.repository(i)) })
	return paged(map[string]any{"repositories": list}, "nextToken", next), nil
}

func (q *request) repository(i int) any {
	name, mutability := repositoryName(i), "IMMUTABLE"
	if i%3 == 1 || q.touched(name) {
		mutability = "MUTABLE"
	}
	return map[string]any{
		"repositoryName": name, "repositoryArn": "arn:aws:ecr:" + q.region + ":" + q.pop.AccountID + ":repository/" + name, "registryId": q.pop.AccountID,
		"repositoryUri": q.pop.AccountID + ".dkr.ecr." + q.region + ".amazonaws.com/" + name, "imageTagMutability": mutability, "createdAt": 1735689600,
		"imageScanningConfiguration": map[string]any{"scanOnPush": i%2 == 0}, "encryptionConfiguration": map[string]any{"encryptionType": "AES256"},
	}
}
