package aws

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const fullTable = `{"Table":{"TableName":"table-000000","TableArn":"a","TableStatus":"ACTIVE","DeletionProtectionEnabled":true,` +
	`"AttributeDefinitions":[{"AttributeName":"who","AttributeType":"S"},{"AttributeName":"at","AttributeType":"N"}],` +
	`"KeySchema":[{"AttributeName":"who","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],` +
	`"ProvisionedThroughput":{"ReadCapacityUnits":5,"WriteCapacityUnits":6},"OnDemandThroughput":{"MaxReadRequestUnits":10,"MaxWriteRequestUnits":-1},` +
	`"SSEDescription":{"Status":"ENABLED","SSEType":"KMS","KMSMasterKeyArn":"arn:key"},"StreamSpecification":{"StreamEnabled":true,"StreamViewType":"NEW_IMAGE"},` +
	`"TableClassSummary":{"TableClass":"STANDARD_INFREQUENT_ACCESS"},"WarmThroughput":{"ReadUnitsPerSecond":12000,"WriteUnitsPerSecond":4000},"Replicas":[{"RegionName":"us-west-2","KMSMasterKeyId":"k"},{"RegionName":"us-east-1"},{"RegionName":"eu-west-1"}],` +
	`"GlobalSecondaryIndexes":[{"IndexName":"g2","KeySchema":[{"AttributeName":"at","KeyType":"HASH"}],"Projection":{"ProjectionType":"KEYS_ONLY"},"ProvisionedThroughput":{"ReadCapacityUnits":1,"WriteCapacityUnits":2}},` +
	`{"IndexName":"g1","KeySchema":[{"AttributeName":"at","KeyType":"HASH"},{"AttributeName":"who","KeyType":"RANGE"}],"Projection":{"ProjectionType":"INCLUDE","NonKeyAttributes":["b","a"]},"OnDemandThroughput":{"MaxReadRequestUnits":3}}],` +
	`"LocalSecondaryIndexes":[{"IndexName":"l","KeySchema":[{"AttributeName":"who","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}],"Projection":{"ProjectionType":"ALL"}}]}}`

func tables(n int) *account { return newAccount(awsfake.Population{More: map[string]int{"table": n}}) }

func TestGoldenTables(t *testing.T) {
	t.Parallel()
	golden(t, "dynamodb", tables(2).read(t, dynamodbService, home).sorted())
	golden(t, "dynamodb-full", tables(1).says("dynamodb:DescribeTable", fullTable).read(t, dynamodbService, home).sorted())
	for name, no := range map[string]answer{
		"dynamodb-denied": {http.StatusBadRequest, jsonError("AccessDeniedException")}, "dynamodb-failed": {http.StatusInternalServerError, jsonError("InternalServerError")},
	} {
		golden(t, name, tables(1).fails("dynamodb:DescribeTable", no.status, no.body).fails("dynamodb:DescribeContinuousBackups", no.status, no.body).
			fails("tagging:GetResources", no.status, no.body).read(t, dynamodbService, home).sorted())
	}
	// What is not in the answer is not "off".
	golden(t, "dynamodb-silent", tables(1).says("dynamodb:DescribeTable", `{"Table":{"TableName":"table-000000"}}`).
		says("dynamodb:DescribeContinuousBackups", `{"ContinuousBackupsDescription":{}}`).read(t, dynamodbService, home).sorted())
	golden(t, "dynamodb-empty", tables(1).says("dynamodb:DescribeTable", `{}`).says("dynamodb:DescribeContinuousBackups", `{}`).read(t, dynamodbService, home).sorted())
}

// A table that is gone when it is read is not one without recovery.
func TestTableDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	checkDeletedMeanwhile(t, tables(2), dynamodbService, "dynamodb:DescribeTable", "table-000000", jsonError("ResourceNotFoundException"), typeTable)
	a, asked := tables(2), 0
	a.asked("dynamodb:DescribeTable", func(_ string, q url.Values) answer {
		if strings.Contains(q.Encode(), "table-000000") {
			if asked++; asked > 1 {
				return answer{http.StatusBadRequest, jsonError("ResourceNotFoundException")}
			}
		}
		return answer{}
	})
	checkDeletedMeanwhile(t, a, dynamodbService, "dynamodb:DescribeContinuousBackups", "table-000000", jsonError("TableNotFoundException"), typeTable)
}

// Of a table that is archived, DescribeContinuousBackups says that it is not there.
func TestArchivedTableIsThere(t *testing.T) {
	t.Parallel()
	a := tables(1).says("dynamodb:DescribeTable", `{"Table":{"TableName":"table-000000","TableStatus":"ARCHIVED"}}`).
		fails("dynamodb:DescribeContinuousBackups", http.StatusBadRequest, jsonError("TableNotFoundException"))
	o, there := a.read(t, dynamodbService, home).one(typeTable, "table-000000")
	if u := unknown(o, "pointInTimeRecovery"); !there || u == nil || u.State != schemas.FacetFailed {
		t.Errorf("there %t, recovery %+v", there, u)
	}
	emitted, gone, err := a.verify(t, dynamodbService, schemas.Key{Region: home, Type: typeTable, ID: "table-000000"})
	if len(emitted) != 1 || len(gone) != 0 || err != nil {
		t.Errorf("emitted %v, gone %v, %v", emitted, gone, err)
	}
}

func TestVerifyTables(t *testing.T) {
	t.Parallel()
	checkVerify(t, dynamodbService, "table-000001", typeTable)
}
