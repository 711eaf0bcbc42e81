package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullRepository = `{"repositories":[{"repositoryName":"team/app","repositoryArn":"arn:aws:ecr:us-east-1:123456789012:repository/team/app","registryId":"123456789012",` +
	`"repositoryUri":"u","imageTagMutability":"IMMUTABLE_WITH_EXCLUSION","imageTagMutabilityExclusionFilters":[{"filter":"b*","filterType":"WILDCARD"},{"filter":"a*","filterType":"WILDCARD"}],` +
	`"imageScanningConfiguration":{"scanOnPush":true},"encryptionConfiguration":{"encryptionType":"KMS","kmsKey":"arn:k"}}]}`

func repositories(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"repository": n}})
}

func TestGoldenRepositories(t *testing.T) {
	t.Parallel()
	const policy, lifecycle = "ecr:GetRepositoryPolicy", "ecr:GetLifecyclePolicy"
	no := jsonError("AccessDeniedException")
	golden(t, "ecr", repositories(2).read(t, ecrService, home).sorted())
	golden(t, "ecr-full", repositories(1).says("ecr:DescribeRepositories", fullRepository).says(policy, `{"policyText":"{ \"Statement\" : [] }"}`).
		says(lifecycle, `{"lifecyclePolicyText":"{\"rules\":[]}"}`).read(t, ecrService, home).sorted())
	golden(t, "ecr-denied", repositories(1).fails(policy, http.StatusBadRequest, no).fails(lifecycle, http.StatusBadRequest, no).
		fails("tagging:GetResources", http.StatusBadRequest, no).read(t, ecrService, home).sorted())
	golden(t, "ecr-failed", repositories(1).fails(policy, http.StatusInternalServerError, jsonError("ServerException")).
		fails(lifecycle, http.StatusInternalServerError, jsonError("ServerException")).read(t, ecrService, home).sorted())
	// What is not in the answer is not "off", and an answer without a policy not "none".
	golden(t, "ecr-silent", repositories(1).says("ecr:DescribeRepositories", `{"repositories":[{"repositoryName":"r"}]}`).says(policy, `{}`).says(lifecycle, `{}`).
		read(t, ecrService, home).sorted())
}

// A repository that is gone when its policies are asked for is not one without them.
func TestRepositoryDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"ecr:GetRepositoryPolicy", "ecr:GetLifecyclePolicy"} {
		s := repositories(2).asked(operation, naming("repository-000000", answer{http.StatusBadRequest, jsonError(repositoryGone)})).read(t, ecrService, home)
		for _, o := range s.list {
			if o.ID == "repository-000000" {
				t.Errorf("%s: emitted %s", operation, o.Key)
			}
		}
		if s.count(typeRepository) != 1 || s.scopes[typeRepositoryPolicy].State != schemas.ScopeComplete {
			t.Errorf("%s: %d repositories, %+v", operation, s.count(typeRepository), s.scopes)
		}
	}
}

func TestVerifyRepositories(t *testing.T) {
	t.Parallel()
	const list = "ecr:DescribeRepositories"
	verifies(t, ecrService, awsfake.Population{More: map[string]int{"repository": 4}}, "repository-000000", map[string]string{
		typeRepository: list, typeRepositoryPolicy: list, typeRepositoryLifecycle: list,
	})
	// A policy that was deleted is gone though its repository is there.
	a := repositories(1)
	key := schemas.Key{Region: home, Type: typeRepositoryPolicy, ID: "repository-000000"}
	a.fails("ecr:GetRepositoryPolicy", http.StatusBadRequest, jsonError("RepositoryPolicyNotFoundException"))
	if emitted, gone, err := a.verify(t, ecrService, key); err != nil || len(emitted) != 0 || len(gone) != 1 {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
}
