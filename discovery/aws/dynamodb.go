package aws

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/insights-scanner/insights-scanner/discovery"
)

// dynamodbProjection counts changes of the projections in this file.
const dynamodbProjection = 1

const typeTable = "aws:dynamodb/table:Table"

var (
	listTables    = listCall("dynamodb:ListTables", 100)
	describeTable = eachCall("dynamodb:DescribeTable", "description")
	tableBackups  = eachCall("dynamodb:DescribeContinuousBackups", "continuous backups")
	tableTTL      = eachCall("dynamodb:DescribeTimeToLive", "time to live") // on demand
)

var dynamodbService = &service{
	name:  "dynamodb",
	types: []typeSpec{{token: typeTable, calls: []call{listTables, describeTable, tableBackups, tagCall}, recorded: recordedTables, onDemand: []call{tableTTL, replicaProtection, replicaRecovery}}},
	// "You can call DescribeContinuousBackups at a maximum rate of 10 times per second".
	limits: map[string]limit{"DynamoDB:DescribeContinuousBackups": {rate: 10, burst: 10}},
	lists:  dynamodbLists,
}

var dynamodbLists = []list{{listTables.action, []string{typeTable}, eachTable}}

// recordedTables answer for the recovery of a table alone: deletion protection and newer
// properties of tables are not recorded.
var recordedTables = &recordedType{name: "AWS::DynamoDB::Table", calls: []recordedCall{{
	call: tableBackups, operation: "DynamoDB:DescribeContinuousBackups", by: "TableName",
	answer: func(i *recordedItem) (any, error) {
		var v types.ContinuousBackupsDescription
		if !i.more("ContinuousBackupsDescription", &v) || v.PointInTimeRecoveryDescription == nil {
			return nil, nil
		}
		// For how long a table can be recovered is not always recorded.
		if r := v.PointInTimeRecoveryDescription; r.PointInTimeRecoveryStatus != types.PointInTimeRecoveryStatusDisabled && r.RecoveryPeriodInDays == nil {
			return nil, nil
		}
		return &dynamodb.DescribeContinuousBackupsOutput{ContinuousBackupsDescription: &v}, nil
	},
}}}

func (s *session) dynamodb() *dynamodb.Client {
	return client(s, "dynamodb", func(c aws.Config) *dynamodb.Client { return dynamodb.NewFromConfig(c) })
}

func eachTable(ctx context.Context, s *session, names []string, emit observe) error {
	if names != nil {
		return readTables(ctx, s, names, emit)
	}
	p := dynamodb.NewListTablesPaginator(s.dynamodb(), &dynamodb.ListTablesInput{Limit: aws.Int32(100)})
	return pages(ctx, p, func(out *dynamodb.ListTablesOutput) error { return readTables(ctx, s, out.TableNames, emit) })
}

// readTables emits those of the tables that exist.
func readTables(ctx context.Context, s *session, names []string, emit observe) error {
	arns := make([]string, len(names))
	for i, n := range names {
		arns[i] = s.tableARN(n)
	}
	tags, tagsF := tagsByARN(ctx, s, arns)
	ctx = s.recorded(ctx, recordedTables, s.region, names)
	return parallel(ctx, detailParallel, names, func(ctx context.Context, name string) error {
		t := &tableFacets{name: name, arn: s.tableARN(name), tags: tags[s.tableARN(name)], tagsF: tagsF}
		if t.read(ctx, s); t.gone {
			return nil
		}
		return emit(ctx, t.project(s.region))
	})
}

func (s *session) tableARN(name string) string {
	return fmt.Sprintf("arn:%s:dynamodb:%s:%s:table/%s", s.partition, s.region, s.awsAccount, name)
}

// tableFacets is everything that is read of one table.
type tableFacets struct {
	name, arn string
	gone      bool // a call said that there is no such table

	table    types.TableDescription
	recovery types.PointInTimeRecoveryDescription
	ttl      types.TimeToLiveDescription
	replicas tableReplicas
	tags     map[string]any

	tableF, recoveryF, tagsF, ttlF facet
}

func (t *tableFacets) read(ctx context.Context, s *session) {
	c := s.dynamodb()
	out, err := c.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
	if isNotFound(err, "ResourceNotFoundException") {
		t.gone = true
		return
	}
	if t.tableF = facetOf(describeTable.action, err); err == nil {
		if out.Table != nil {
			t.table = *out.Table
		}
		t.tableF = t.tableF.need(t.table.TableName != nil)
	}
	backups, err := c.DescribeContinuousBackups(ctx, &dynamodb.DescribeContinuousBackupsInput{TableName: &t.name})
	if isNotFound(err, "TableNotFoundException") {
		// Said of an archived table, too, which is there: ask once more.
		_, again := c.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &t.name})
		if t.gone = isNotFound(again, "ResourceNotFoundException"); t.gone {
			return
		}
	}
	if t.recoveryF = facetOf(tableBackups.action, err); err == nil {
		if b := backups.ContinuousBackupsDescription; b != nil && b.PointInTimeRecoveryDescription != nil {
			t.recovery = *b.PointInTimeRecoveryDescription
		}
		t.recoveryF = t.recoveryF.need(t.recovery.PointInTimeRecoveryStatus != "")
	}
	t.ttlF = onDemand(ctx, tableTTL.action, func() facet { return t.readTTL(ctx, c) })
	t.replicas = readReplicas(ctx, s, t.name, t.table.Replicas)
}

func (t *tableFacets) readTTL(ctx context.Context, c *dynamodb.Client) facet {
	out, err := c.DescribeTimeToLive(ctx, &dynamodb.DescribeTimeToLiveInput{TableName: &t.name})
	if err == nil && out.TimeToLiveDescription != nil {
		t.ttl = *out.TimeToLiveDescription
	}
	return facetOf(tableTTL.action, err).need(t.ttl.TimeToLiveStatus != "")
}

func (t *tableFacets) project(region string) discovery.Observation {
	d, v := newDocument(), t.table
	d.set("region", region)
	d.set("name", t.name)
	d.set("arn", t.arn)
	hash, sort := keyNames(v.KeySchema)
	for name, value := range map[string]func() any{
		"attributes":             func() any { return tableAttributes(v.AttributeDefinitions) },
		"billingMode":            func() any { return billingMode(v) },
		"globalSecondaryIndexes": func() any { return globalIndexes(v.GlobalSecondaryIndexes) },
		"hashKey":                func() any { return hash },
		"localSecondaryIndexes":  func() any { return localIndexes(v.LocalSecondaryIndexes) },
		"onDemandThroughput":     func() any { return onDemandThroughput(v.OnDemandThroughput) },
		"rangeKey":               func() any { return sort },
		"readCapacity":           func() any { return tableCapacity(v.ProvisionedThroughput).read },
		"serverSideEncryption":   func() any { return tableEncryption(v.SSEDescription) },
		"streamEnabled":          func() any { return v.StreamSpecification != nil && aws.ToBool(v.StreamSpecification.StreamEnabled) },
		"streamViewType":         func() any { return streamView(v.StreamSpecification) },
		"tableClass":             func() any { return tableClass(v.TableClassSummary) },
		"warmThroughput":         func() any { return warmThroughput(v.WarmThroughput) },
		"writeCapacity":          func() any { return tableCapacity(v.ProvisionedThroughput).write },
	} {
		d.facet(name, t.tableF, value)
	}
	d.facet("deletionProtectionEnabled", t.tableF.need(v.DeletionProtectionEnabled != nil), func() any { return *v.DeletionProtectionEnabled })
	d.facet("pointInTimeRecovery", t.recoveryF, func() any {
		r := newDocument()
		r.set("enabled", t.recovery.PointInTimeRecoveryStatus == types.PointInTimeRecoveryStatusEnabled)
		r.set("recoveryPeriodInDays", optional(t.recovery.RecoveryPeriodInDays))
		return r.properties
	})
	d.facet("tags", t.tagsF, func() any { return t.tags })
	if !d.unread(t.tableF, "replicas") {
		t.replicas.set(d, v.Replicas)
	}
	d.facet("ttl", t.ttlF, func() any {
		ttl := newDocument()
		ttl.set("enabled", t.ttl.TimeToLiveStatus == types.TimeToLiveStatusEnabled)
		ttl.set("attributeName", aws.ToString(t.ttl.AttributeName))
		return ttl.properties
	})
	sortUnknown(d)
	return d.observe(region, typeTable, t.name, t.name, dynamodbProjection)
}
