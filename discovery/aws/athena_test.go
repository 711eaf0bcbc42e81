package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

var athenaKinds = awsfake.Population{More: map[string]int{"workgroup": 2, "namedQuery": 2, "dataCatalog": 2, "database": 2}}

const fullWorkgroup = `{"WorkGroup":{"Name":"w","State":"DISABLED","Description":"d","Configuration":{"BytesScannedCutoffPerQuery":1,"EnforceWorkGroupConfiguration":false,` +
	`"EnableMinimumEncryptionConfiguration":true,"PublishCloudWatchMetricsEnabled":true,"RequesterPaysEnabled":true,"ExecutionRole":"arn:r","EngineVersion":{"SelectedEngineVersion":"AUTO",` +
	`"EffectiveEngineVersion":"3"},"CustomerContentEncryptionConfiguration":{"KmsKey":"arn:c"},"IdentityCenterConfiguration":{"EnableIdentityCenter":true,"IdentityCenterInstanceArn":"arn:i"},` +
	`"ManagedQueryResultsConfiguration":{"Enabled":true,"EncryptionConfiguration":{"KmsKey":"arn:m"}},"MonitoringConfiguration":{"CloudWatchLoggingConfiguration":{"Enabled":true,"LogGroup":"g",` +
	`"LogStreamNamePrefix":"p","LogTypes":{"SPARK":["b","a"]}},"ManagedLoggingConfiguration":{"Enabled":true,"KmsKey":"k"},"S3LoggingConfiguration":{"Enabled":true,"KmsKey":"k","LogLocation":"s3://l"}},` +
	`"QueryResultsS3AccessGrantsConfiguration":{"EnableS3AccessGrants":true,"AuthenticationType":"DIRECTORY_IDENTITY","CreateUserLevelPrefix":true},"ResultConfiguration":{"OutputLocation":"s3://o",` +
	`"ExpectedBucketOwner":"1","AclConfiguration":{"S3AclOption":"BUCKET_OWNER_FULL_CONTROL"},"EncryptionConfiguration":{"EncryptionOption":"SSE_KMS","KmsKey":"arn:k"}}}}}`

func TestGoldenAthena(t *testing.T) {
	t.Parallel()
	golden(t, "athena", newAccount(athenaKinds).read(t, athenaService, home).sorted())
	one := awsfake.Population{More: map[string]int{"workgroup": 1, "namedQuery": 1, "dataCatalog": 1, "database": 1}}
	golden(t, "athena-full", newAccount(one).says("athena:GetWorkGroup", fullWorkgroup).
		says("athena:GetDataCatalog", `{"DataCatalog":{"Name":"c","Type":"HIVE","Description":"d","Parameters":{"metadata-function":"arn:f"}}}`).read(t, athenaService, home).sorted())
	details := []string{"athena:GetWorkGroup", "athena:BatchGetNamedQuery", "athena:GetDataCatalog", "tagging:GetResources"}
	for name, code := range map[string]string{"athena-denied": "AccessDeniedException", "athena-failed": "InternalServerException"} {
		a := newAccount(one)
		for _, operation := range details {
			a.fails(operation, http.StatusBadRequest, jsonError(code))
		}
		golden(t, name, a.read(t, athenaService, home).sorted())
	}
	golden(t, "athena-silent", newAccount(one).says("athena:GetWorkGroup", `{"WorkGroup":{"Name":"w"}}`).says("athena:BatchGetNamedQuery", `{}`).
		says("athena:GetDataCatalog", `{}`).says("athena:ListDatabases", `{"DatabaseList":[{"Name":"d"}]}`).read(t, athenaService, home).sorted())
}

// A workgroup that is gone when it is described is not one without a configuration,
// and its queries are gone with it.
func TestWorkgroupDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	gone := answer{http.StatusBadRequest, `{"__type":"InvalidRequestException","message":"WorkGroup workgroup-000000 is not found."}`}
	a := newAccount(athenaKinds).asked("athena:GetWorkGroup", naming("workgroup-000000", gone)).asked("athena:ListNamedQueries", naming("workgroup-000000", gone))
	s := a.read(t, athenaService, home)
	if s.count(typeWorkgroup) != 1 || s.count(typeNamedQuery) != 0 || s.scopes[typeWorkgroup].State != "complete" || s.scopes[typeNamedQuery].State != "complete" {
		t.Errorf("%v", s.scopes)
	}
}

func TestVerifyAthena(t *testing.T) {
	t.Parallel()
	verifies(t, athenaService, athenaKinds, "workgroup-000000", map[string]string{typeWorkgroup: "athena:GetWorkGroup"})
	verifies(t, athenaService, athenaKinds, "query-000000", map[string]string{typeNamedQuery: "athena:GetNamedQuery"})
	verifies(t, athenaService, athenaKinds, "catalog-000000", map[string]string{typeDataCatalog: "athena:GetDataCatalog"})
	verifies(t, athenaService, athenaKinds, "database-000000", map[string]string{typeDatabase: "athena:GetDatabase"})
}
