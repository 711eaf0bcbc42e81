package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const firstSecret = "arn:aws:secretsmanager:us-east-1:123456789012:secret:secret-000000-AbCdEf"

const fullSecret = `"ARN":"` + firstSecret + `","Name":"secret-000000","Description":"database","KmsKeyId":"alias/k","Type":"t","RotationEnabled":true,` +
	`"RotationLambdaARN":"arn:lambda","RotationRules":{"AutomaticallyAfterDays":7,"Duration":"3h","ScheduleExpression":"rate(7 days)"},"ExternalSecretRotationRoleArn":"arn:role",` +
	`"Tags":[{"Key":"owner","Value":"shop"}]`

func secrets(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"secret": n}})
}

func TestGoldenSecrets(t *testing.T) {
	t.Parallel()
	golden(t, "secretsmanager", secrets(2).read(t, secretsmanagerService, home).sorted())
	golden(t, "secretsmanager-full", secrets(1).says("secretsmanager:ListSecrets", `{"SecretList":[{`+fullSecret+`}]}`).
		says("secretsmanager:GetResourcePolicy", `{"ARN":"`+firstSecret+`","ResourcePolicy":"{ \"Statement\": [] }"}`).read(t, secretsmanagerService, home).sorted())
	for name, no := range map[string]answer{
		"secretsmanager-denied": {http.StatusBadRequest, jsonError("AccessDeniedException")}, "secretsmanager-failed": {http.StatusInternalServerError, jsonError("InternalServiceError")},
		"secretsmanager-silent": {http.StatusOK, `{}`},
	} {
		golden(t, name, secrets(1).fails("secretsmanager:GetResourcePolicy", no.status, no.body).read(t, secretsmanagerService, home).sorted())
	}
}

// A secret that is gone when its policy is asked for is not one without a policy.
func TestSecretDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	checkDeletedMeanwhile(t, secrets(2), secretsmanagerService, "secretsmanager:GetResourcePolicy", "secret-000001", jsonError("ResourceNotFoundException"), secretTypes...)
}

// Read directly, a secret is what it is in the list.
func TestVerifySecrets(t *testing.T) {
	t.Parallel()
	checkVerify(t, secretsmanagerService, firstSecret, secretTypes...)
	a := secrets(1).says("secretsmanager:ListSecrets", `{"SecretList":[{`+fullSecret+`}]}`).says("secretsmanager:DescribeSecret", `{`+fullSecret+`}`)
	keys := make([]schemas.Key, len(secretTypes))
	for i, token := range secretTypes {
		keys[i] = schemas.Key{Region: home, Type: token, ID: firstSecret}
	}
	emitted, gone, err := a.verify(t, secretsmanagerService, keys...)
	listed := a.read(t, secretsmanagerService, home).list
	if err != nil || len(gone) != 0 || len(emitted) != 3 || len(listed) != 3 {
		t.Fatalf("emitted %v, listed %v, gone %v, %v", emitted, listed, gone, err)
	}
	for i := range listed {
		if encode(emitted[i]) != encode(listed[i]) {
			t.Errorf("%+v\nis listed as %+v", emitted[i], listed[i])
		}
	}
	// One that waits for its deletion is not there any more; a refusal says nothing.
	a.says("secretsmanager:DescribeSecret", `{"DeletedDate":1767225600,`+fullSecret+`}`)
	if emitted, gone, err := a.verify(t, secretsmanagerService, keys...); err != nil || len(gone) != 3 || len(emitted) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
	a.fails("secretsmanager:DescribeSecret", http.StatusBadRequest, jsonError("AccessDeniedException"))
	if emitted, gone, err := a.verify(t, secretsmanagerService, keys...); err == nil || len(gone)+len(emitted) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
}
