package aws

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// keyNames are the attributes of a key.
func keyNames(schema []types.KeySchemaElement) (hash, sort string) {
	for _, e := range schema {
		if e.KeyType == types.KeyTypeHash {
			hash = aws.ToString(e.AttributeName)
		} else {
			sort = aws.ToString(e.AttributeName)
		}
	}
	return hash, sort
}

func tableAttributes(list []types.AttributeDefinition) []any {
	attributes := make([]any, len(list))
	for i, a := range list {
		attributes[i] = map[string]any{"name": aws.ToString(a.AttributeName), "type": string(a.AttributeType)}
	}
	sortByJSON(attributes)
	return attributes
}

// billingMode is not told of tables that have always been provisioned.
func billingMode(v types.TableDescription) string {
	if v.BillingModeSummary == nil {
		return string(types.BillingModeProvisioned)
	}
	return string(v.BillingModeSummary.BillingMode)
}

// tableClass is not told of tables whose class has never been set.
func tableClass(c *types.TableClassSummary) string {
	if c == nil {
		return string(types.TableClassStandard)
	}
	return string(c.TableClass)
}

// tableEncryption is nothing for a table under a key of DynamoDB's own, which the
// answer says by not describing an encryption.
func tableEncryption(e *types.SSEDescription) any {
	if e == nil {
		return nil
	}
	d := newDocument()
	d.set("enabled", e.Status == types.SSEStatusEnabled || e.Status == types.SSEStatusUpdating)
	d.set("kmsKeyArn", aws.ToString(e.KMSMasterKeyArn))
	return d.properties
}

func streamView(s *types.StreamSpecification) string {
	if s == nil {
		return ""
	}
	return string(s.StreamViewType)
}

// tableThroughput is provisioned capacity in units; nil when it is not told.
type tableThroughput struct{ read, write any }

func tableCapacity(p *types.ProvisionedThroughputDescription) tableThroughput {
	if p == nil {
		return tableThroughput{}
	}
	return tableThroughput{optional(p.ReadCapacityUnits), optional(p.WriteCapacityUnits)}
}

func onDemandThroughput(t *types.OnDemandThroughput) any {
	if t == nil {
		return nil
	}
	d := newDocument()
	d.set("maxReadRequestUnits", optional(t.MaxReadRequestUnits))
	d.set("maxWriteRequestUnits", optional(t.MaxWriteRequestUnits))
	return d.properties
}

func warmThroughput(t *types.TableWarmThroughputDescription) any {
	if t == nil {
		return nil
	}
	d := newDocument()
	d.set("readUnitsPerSecond", optional(t.ReadUnitsPerSecond))
	d.set("writeUnitsPerSecond", optional(t.WriteUnitsPerSecond))
	return d.properties
}

// tableIndex is what global and local indexes have in common.
func tableIndex(name *string, schema []types.KeySchemaElement, p *types.Projection) *document {
	d := newDocument()
	hash, sort := keyNames(schema)
	d.set("name", aws.ToString(name))
	d.set("hashKey", hash)
	d.set("rangeKey", sort)
	if p != nil {
		d.set("projectionType", string(p.ProjectionType))
		d.set("nonKeyAttributes", sortedStrings(p.NonKeyAttributes))
	}
	return d
}

func globalIndexes(list []types.GlobalSecondaryIndexDescription) []any {
	indexes := make([]any, len(list))
	for i, v := range list {
		d := tableIndex(v.IndexName, v.KeySchema, v.Projection)
		d.set("readCapacity", tableCapacity(v.ProvisionedThroughput).read)
		d.set("writeCapacity", tableCapacity(v.ProvisionedThroughput).write)
		d.set("onDemandThroughput", onDemandThroughput(v.OnDemandThroughput))
		indexes[i] = d.properties
	}
	sortByJSON(indexes)
	return indexes
}

// localIndexes have the hash key of the table.
func localIndexes(list []types.LocalSecondaryIndexDescription) []any {
	indexes := make([]any, len(list))
	for i, v := range list {
		d := tableIndex(v.IndexName, v.KeySchema, v.Projection)
		delete(d.properties, "hashKey")
		indexes[i] = d.properties
	}
	sortByJSON(indexes)
	return indexes
}
