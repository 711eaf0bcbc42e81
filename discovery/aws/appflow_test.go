package aws

import (
	"net/http"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
)

func appflows(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"flow": n, "connectorProfile": n}})
}

const fullFlow = `{"flowName":"f","flowArn":"arn:f","flowStatus":"Active","description":"d","kmsArn":"arn:k","tags":{"a":"b"},` +
	`"triggerConfig":{"triggerType":"Scheduled","triggerProperties":{"Scheduled":{"scheduleExpression":"rate(1hour)","dataPullMode":"Incremental","scheduleStartTime":1735689600,` +
	`"timezone":"UTC","scheduleOffset":1,"flowErrorDeactivationThreshold":1}}},"metadataCatalogConfig":{"glueDataCatalog":{"databaseName":"d","roleArn":"arn:r","tablePrefix":"p"}},` +
	`"sourceFlowConfig":{"connectorType":"Salesforce","apiVersion":"1","connectorProfileName":"p","incrementalPullConfig":{"datetimeTypeFieldName":"t"},` +
	`"sourceConnectorProperties":{"Salesforce":{"object":"o","enableDynamicFieldUpdate":true,"includeDeletedRecords":false}}},` +
	`"destinationFlowConfigList":[{"connectorType":"S3","destinationConnectorProperties":{"S3":{"bucketName":"b","bucketPrefix":"p","s3OutputFormatConfig":{"fileType":"CSV",` +
	`"aggregationConfig":{"aggregationType":"None"},"prefixConfig":{"prefixType":"PATH"}}}}}],` +
	`"tasks":[{"sourceFields":["a"],"taskType":"Map","destinationField":"b","connectorOperator":{"Salesforce":"NO_OP"},"taskProperties":{"DATA_TYPE":"string"}}]}`

const fullConnectorProfile = `{"connectorProfileDetails":[{"connectorProfileName":"p","connectorProfileArn":"arn:p","connectorType":"Slack","connectorLabel":"l","connectionMode":"Private",` +
	`"credentialsArn":"arn:c","connectorProfileProperties":{"Slack":{"instanceUrl":"https://x"}}}]}`

func TestGoldenAppFlow(t *testing.T) {
	t.Parallel()
	golden(t, "appflow", appflows(2).read(t, appflowService, home).sorted())
	golden(t, "appflow-full", appflows(1).says("appflow:DescribeFlow", fullFlow).says("appflow:DescribeConnectorProfiles", fullConnectorProfile).read(t, appflowService, home).sorted())
	for name, code := range map[string]string{"appflow-denied": "AccessDeniedException", "appflow-failed": "InternalServerException"} {
		golden(t, name, appflows(1).fails("appflow:DescribeFlow", http.StatusForbidden, jsonError(code)).read(t, appflowService, home).sorted())
	}
	golden(t, "appflow-silent", appflows(1).says("appflow:DescribeFlow", `{}`).says("appflow:DescribeConnectorProfiles", `{"connectorProfileDetails":[{"connectorProfileName":"p"}]}`).
		read(t, appflowService, home).sorted())
}

func TestVerifyAppFlow(t *testing.T) {
	t.Parallel()
	p := awsfake.Population{More: map[string]int{"flow": 3, "connectorProfile": 3}}
	verifies(t, appflowService, p, "flow-000000", map[string]string{typeFlow: "appflow:DescribeFlow"})
	verifies(t, appflowService, p, "profile-000000", map[string]string{typeConnectorProfile: "appflow:DescribeConnectorProfiles"})
}

// A flow that is gone when it is described is not one without settings.
func TestFlowDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	s := appflows(2).asked("appflow:DescribeFlow", naming("flow-000000", answer{http.StatusNotFound, jsonError("ResourceNotFoundException")})).read(t, appflowService, home)
	if s.count(typeFlow) != 1 || s.scopes[typeFlow].State != "complete" {
		t.Errorf("%d flows, %+v", s.count(typeFlow), s.scopes[typeFlow])
	}
}
