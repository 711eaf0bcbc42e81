package awsfake

import (
	"fmt"
	"net/http"
	"strings"
)

var cloudtrailOperations = map[string]jsonOperation{
	"DescribeTrails": describeTrails, "GetTrailStatus": trailStatus, "GetEventSelectors": eventSelectors, "GetInsightSelectors": insightSelectors,
	"ListTags": trailTags, "ListEventDataStores": eventStores, "GetEventDataStore": eventStore,
}

func trailName(i int) string { return fmt.Sprintf("trail-%06d", i) }

func eventStoreID(i int) string { return fmt.Sprintf("store-%06d", i) }

func (q *request) cloudtrailARN(region, kind, name string) string {
	return "arn:aws:cloudtrail:" + region + ":" + q.pop.AccountID + ":" + kind + "/" + name
}

// describeTrails has the same trails in every region; those with an even number
// record all regions and are listed in each.
func describeTrails(q *request, in input) (any, *fault) {
	list := []any{}
	for _, region := range q.pop.Regions {
		for i := range q.pop.more("trail") {
			shadow, _ := in["includeShadowTrails"].(bool)
			if q.gone(trailName(i)) || region != q.region && (i%2 != 0 || !shadow) {
				continue
			}
			t := map[string]any{
				"Name": trailName(i), "TrailARN": q.cloudtrailARN(region, "trail", trailName(i)), "HomeRegion": region, "S3BucketName": "logs",
				"IsMultiRegionTrail": i%2 == 0, "IncludeGlobalServiceEvents": true, "IsOrganizationTrail": false, "LogFileValidationEnabled": i%2 == 0,
			}
			if q.touched(trailName(i)) {
				t["S3KeyPrefix"] = "changed"
			}
			list = append(list, t)
		}
	}
	return map[string]any{"trailList": list}, nil
}

// trail finds a trail of this region by ARN.
func (q *request) trail(arn string) (i int, f *fault) {
	name := arn[strings.LastIndexByte(arn, '/')+1:]
	i, ok := q.index(name, "trail-", q.pop.more("trail"))
	if !ok || arn != q.cloudtrailARN(q.region, "trail", name) {
		return 0, &fault{status: http.StatusBadRequest, code: "TrailNotFoundException", message: "Unknown trail: " + arn}
	}
	return i, nil
}

func trailStatus(q *request, in input) (any, *fault) {
	_, f := q.trail(in.text("Name"))
	return map[string]any{"IsLogging": true}, f
}

func eventSelectors(q *request, in input) (any, *fault) {
	i, f := q.trail(in.text("TrailName"))
	if i%2 == 0 {
		return map[string]any{"TrailARN": in.text("TrailName"), "EventSelectors": []any{
			map[string]any{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []any{}, "ExcludeManagementEventSources": []any{}},
		}}, f
	}
	return map[string]any{"TrailARN": in.text("TrailName"), "AdvancedEventSelectors": managementEvents}, f
}

var managementEvents = []any{map[string]any{
	"Name": "Management events", "FieldSelectors": []any{map[string]any{"Field": "eventCategory", "Equals": []string{"Management"}}},
}}

func insightSelectors(q *request, in input) (any, *fault) {
	i, f := q.trail(in.text("TrailName"))
	if f == nil && i%2 != 0 {
		f = &fault{status: http.StatusBadRequest, code: "InsightNotEnabledException", message: "Trail " + in.text("TrailName") + " does not have Insights enabled."}
	}
	return map[string]any{"TrailARN": in.text("TrailName"), "InsightSelectors": []any{map[string]any{"InsightType": "ApiCallRateInsight"}}}, f
}

// trailTags knows trails and event data stores; one ARN that it does not know
// fails the call.
func trailTags(q *request, in input) (any, *fault) {
	arns := in.list("ResourceIdList")
	if len(arns) > 20 {
		return nil, &fault{status: http.StatusBadRequest, code: "InvalidParameterCombinationException", message: "ResourceIdList has more than 20 items"}
	}
	list := []any{}
	for _, arn := range arns {
		_, noTrail := q.trail(arn)
		if _, noStore := q.eventStore(arn); noTrail != nil && noStore != nil {
			return nil, &fault{status: http.StatusBadRequest, code: "ResourceNotFoundException", message: "The resource " + arn + " is not found."}
		}
		list = append(list, map[string]any{"ResourceId": arn, "TagsList": []any{map[string]any{"Key": "owner", "Value": "team"}}})
	}
	return map[string]any{"ResourceTagList": list}, nil
}

func eventStores(q *request, in input) (any, *fault) {
	if f := tooMany(in.number("MaxResults"), 1000, "InvalidMaxResultsException", "maxResults"); f != nil {
		return nil, f
	}
	from, to, next := q.window(in.text("NextToken"), in.number("MaxResults"), 1000, q.pop.more("eventDataStore"))
	list := []any{}
	q.each(from, to, eventStoreID, func(i int) {
		list = append(list, map[string]any{"EventDataStoreArn": q.cloudtrailARN(q.region, "eventdatastore", eventStoreID(i)), "Name": fmt.Sprintf("lake-%d", i)})
	})
	return paged(map[string]any{"EventDataStores": list}, "NextToken", next), nil
}

// eventStore finds an event data store of this region by ARN.
func (q *request) eventStore(arn string) (i int, f *fault) {
	id := arn[strings.LastIndexByte(arn, '/')+1:]
	i, ok := q.index(id, "store-", q.pop.more("eventDataStore"))
	if !ok || arn != q.cloudtrailARN(q.region, "eventdatastore", id) {
		return 0, &fault{status: http.StatusBadRequest, code: "EventDataStoreNotFoundException", message: "The specified event data store was not found."}
	}
	return i, nil
}

func eventStore(q *request, in input) (any, *fault) {
	arn := in.text("EventDataStore")
	i, f := q.eventStore(arn)
	if f != nil {
		return nil, f
	}
	store := map[string]any{
		"EventDataStoreArn": arn, "Name": fmt.Sprintf("lake-%d", i), "Status": "ENABLED", "AdvancedEventSelectors": managementEvents, "BillingMode": "EXTENDABLE_RETENTION_PRICING",
		"MultiRegionEnabled": true, "OrganizationEnabled": false, "RetentionPeriod": 366, "TerminationProtectionEnabled": true,
	}
	if i%2 == 0 {
		store["KmsKeyId"] = "arn:aws:kms:" + q.region + ":" + q.pop.AccountID + ":key/lake"
	}
	if q.touched(eventStoreID(i)) {
		store["RetentionPeriod"] = 7
	}
	return store, nil
}
