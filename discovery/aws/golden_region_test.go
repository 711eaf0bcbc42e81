package aws

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	ownTrail   = "arn:aws:cloudtrail:us-east-1:123456789012:trail/main"
	otherTrail = "arn:aws:cloudtrail:us-east-1:999999999999:trail/org"
	farTrail   = "arn:aws:cloudtrail:eu-west-1:123456789012:trail/far"
)

func trailJSON(name, arn, region, more string) string {
	return fmt.Sprintf(`{"Name":%q,"TrailARN":%q,"HomeRegion":%q,"IsMultiRegionTrail":true,"LogFileValidationEnabled":true%s}`, name, arn, region, more)
}

const fullTrail = `,"S3BucketName":"logs","S3KeyPrefix":"p","KmsKeyId":"arn:aws:kms:k","IsOrganizationTrail":true,"IncludeGlobalServiceEvents":true,` +
	`"CloudWatchLogsLogGroupArn":"arn:logs","CloudWatchLogsRoleArn":"arn:role","SnsTopicName":"topic","SnsTopicARN":"arn:topic"`

// trails is an account with a trail of its own, one of another region and one of
// the organization; their status is known at home only.
func trails() *account {
	return newAccount(awsfake.Population{}).
		says("cloudtrail:DescribeTrails", `{"trailList":[`+trailJSON("org", otherTrail, home, `,"IsOrganizationTrail":true`)+`,`+
			trailJSON("main", ownTrail, home, fullTrail)+`,`+trailJSON("far", farTrail, "eu-west-1", "")+`]}`).
		asked("cloudtrail:GetTrailStatus", func(string, url.Values) answer { return answer{http.StatusOK, `{"IsLogging":true}`} }).
		asked("cloudtrail:GetEventSelectors", ofOwnTrail(eventSelectorAnswer)).
		asked("cloudtrail:GetInsightSelectors", ofOwnTrail(`{"InsightSelectors":[{"InsightType":"ApiErrorRateInsight"},{"InsightType":"ApiCallRateInsight"}]}`)).
		asked("cloudtrail:ListTags", ofOwnTrail(`{"ResourceTagList":[{"ResourceId":"`+ownTrail+`","TagsList":[{"Key":"owner","Value":"audit"}]}]}`))
}

const (
	eventSelectorAnswer = `{"EventSelectors":[{"ReadWriteType":"WriteOnly","IncludeManagementEvents":false,"ExcludeManagementEventSources":["rdsdata.amazonaws.com","kms.amazonaws.com"],` +
		`"DataResources":[{"Type":"AWS::S3::Object","Values":["arn:aws:s3:::b/","arn:aws:s3:::a/"]},{"Type":"AWS::Lambda::Function","Values":["arn:aws:lambda"]}]},{"ReadWriteType":"All","IncludeManagementEvents":true}]}`
	advancedSelectors = `[{"Name":"writes","FieldSelectors":[{"Field":"readOnly","Equals":["false"]},{"Field":"eventCategory","Equals":["Management"]},` +
		`{"Field":"eventSource","NotEquals":["rdsdata.amazonaws.com","kms.amazonaws.com"]}]},{"Name":"data","FieldSelectors":[{"Field":"resources.ARN","StartsWith":["b","a"],"NotStartsWith":["c"],"EndsWith":["d"],"NotEndsWith":["e"]}]}]`
)

// ofOwnTrail answers for the account's own trail; what is asked of another
// account's is refused, as the organization's trail refuses its members.
func ofOwnTrail(body string) func(string, url.Values) answer {
	return func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), otherTrail) {
			return answer{http.StatusBadRequest, jsonError("CloudTrailARNInvalidException")}
		}
		return answer{http.StatusOK, body}
	}
}

func regionFacts(t *testing.T, a *account, svc *service) []discovery.Observation {
	t.Helper()
	return a.read(t, svc, home).list
}

func TestGoldenTrails(t *testing.T) {
	t.Parallel()
	golden(t, "cloudtrail", regionFacts(t, trails(), cloudtrailService))
	golden(t, "cloudtrail-none", regionFacts(t, newAccount(awsfake.Population{}), cloudtrailService))
	refused := trails().fails("cloudtrail:GetTrailStatus", http.StatusBadRequest, jsonError("AccessDeniedException"))
	golden(t, "cloudtrail-status-denied", regionFacts(t, refused, cloudtrailService))
	golden(t, "cloudtrail-denied", regionFacts(t, trails().fails("cloudtrail:DescribeTrails", http.StatusBadRequest, jsonError("AccessDeniedException")), cloudtrailService))
	advanced := trails().says("cloudtrail:GetEventSelectors", `{"AdvancedEventSelectors":`+advancedSelectors+`}`).
		fails("cloudtrail:GetInsightSelectors", http.StatusBadRequest, jsonError("InsightNotEnabledException")).says("cloudtrail:ListTags", `{"ResourceTagList":[{"ResourceId":"`+ownTrail+`"}]}`)
	golden(t, "cloudtrail-advanced", regionFacts(t, advanced, cloudtrailService))
	details := trails()
	for i, operation := range []string{"cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:ListTags"} {
		// Denied, failed and failed.
		details.fails(operation, []int{400, 500, 500}[i], jsonError([]string{"AccessDeniedException", "InternalError", "InternalError"}[i]))
	}
	golden(t, "cloudtrail-details-denied", regionFacts(t, details, cloudtrailService))
	// Fields that are not in the answers are not "false".
	silent := trails().says("cloudtrail:DescribeTrails", `{"trailList":[{"TrailARN":"`+ownTrail+`","HomeRegion":"us-east-1"}]}`)
	for _, operation := range []string{"cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors", "cloudtrail:ListTags"} {
		silent.says(operation, `{}`)
	}
	golden(t, "cloudtrail-silent", regionFacts(t, silent, cloudtrailService))
}

// Whether a trail logs is asked where it is at home.
func TestTrailStatusIsAskedAtHome(t *testing.T) {
	t.Parallel()
	a := trails()
	a.asked("cloudtrail:DescribeTrails", func(_ string, q url.Values) answer {
		if q.Get("body") != `{"includeShadowTrails":true}` {
			t.Errorf("asked for %s: trails of other regions record this one, too", q.Get("body"))
		}
		return answer{http.StatusOK, `{"trailList":[` + trailJSON("main", ownTrail, home, "") + `,` + trailJSON("org", otherTrail, home, "") + `,` + trailJSON("far", farTrail, "eu-west-1", "") + `]}`}
	})
	a.asked("cloudtrail:GetTrailStatus", func(region string, _ url.Values) answer {
		return answer{http.StatusOK, `{"IsLogging":` + fmt.Sprint(region == "eu-west-1") + `}`}
	})
	s := a.read(t, cloudtrailService, home)
	fact, _ := s.one(typeRegionTrails, home)
	for _, e := range fact.Properties["trails"].([]any) {
		trail := e.(map[string]any)
		if trail["isLogging"] != (trail["homeRegion"] == "eu-west-1") {
			t.Errorf("%v", trail)
		}
	}
	if _, ok := s.one(typeTrail, farTrail); ok || s.count(typeTrail) != 2 {
		t.Error("a trail is a resource of its home region alone")
	}
}

// An organization's trail is listed in every member account and known in none.
// It is there: "no trail" would be a lie, and so would "it does not log".
func TestTrailOfAnotherAccountIsThereAndUnknown(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"TrailNotFoundException", "CloudTrailARNInvalidException", "AccessDeniedException"} {
		a := trails().fails("cloudtrail:GetTrailStatus", http.StatusBadRequest, jsonError(code)).
			says("cloudtrail:DescribeTrails", `{"trailList":[`+trailJSON("org", otherTrail, home, "")+`]}`)
		s := a.read(t, cloudtrailService, home)
		fact, _ := s.one(typeRegionTrails, home)
		if list := fact.Properties["trails"].([]any); len(list) != 1 || list[0].(map[string]any)["isLogging"] != nil {
			t.Errorf("%s: trails %v", code, list)
		}
		wantUnknown(t, fact, "trails", schemas.FacetDenied, "cloudtrail:GetTrailStatus")
		trail, _ := s.one(typeTrail, otherTrail)
		wantUnknown(t, trail, "enableLogging", schemas.FacetDenied, "cloudtrail:GetTrailStatus")
	}
}

// A trail of our own that is gone when asked at home was deleted meanwhile.
func TestTrailDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"cloudtrail:GetTrailStatus", "cloudtrail:GetEventSelectors", "cloudtrail:GetInsightSelectors"} {
		a := trails().fails(operation, http.StatusBadRequest, jsonError("TrailNotFoundException")).
			says("cloudtrail:DescribeTrails", `{"trailList":[`+trailJSON("main", ownTrail, home, "")+`]}`)
		s := a.read(t, cloudtrailService, home)
		fact, _ := s.one(typeRegionTrails, home)
		if list := fact.Properties["trails"].([]any); len(list) != 0 || len(fact.Unknown) != 0 || s.count(typeTrail) != 0 {
			t.Errorf("%s: %d trails, fact %+v", operation, s.count(typeTrail), fact)
		}
	}
}

const recorders = `{"ConfigurationRecorders":[{"name":"default","roleARN":"arn:role","recordingGroup":{"allSupported":true,"includeGlobalResourceTypes":true}},{"name":"second","roleARN":"arn:role","recordingGroup":{"allSupported":false,"includeGlobalResourceTypes":false,` +
	`"resourceTypes":["AWS::S3::Bucket","AWS::EC2::Instance"],"exclusionByResourceTypes":{"resourceTypes":["AWS::IAM::User","AWS::IAM::Role"]},"recordingStrategy":{"useOnly":"EXCLUSION_BY_RESOURCE_TYPES"}},` +
	`"recordingMode":{"recordingFrequency":"DAILY","recordingModeOverrides":[{"description":"d","resourceTypes":["AWS::S3::Bucket","AWS::EC2::Volume"],"recordingFrequency":"CONTINUOUS"}]}}]}`

func recorderAccount() *account {
	return newAccount(awsfake.Population{}).says("config:DescribeConfigurationRecorders", recorders).
		says("config:DescribeConfigurationRecorderStatus", `{"ConfigurationRecordersStatus":[{"name":"default","recording":true},{"name":"second","recording":false}]}`).
		says("config:DescribeDeliveryChannels", `{"DeliveryChannels":[{"name":"b"},{"name":"a","s3BucketName":"history","s3KeyPrefix":"p","s3KmsKeyArn":"arn:aws:kms:k","snsTopicARN":"arn:topic",`+
			`"configSnapshotDeliveryProperties":{"deliveryFrequency":"TwentyFour_Hours"}}]}`)
}

func TestGoldenRecorders(t *testing.T) {
	t.Parallel()
	golden(t, "config", regionFacts(t, recorderAccount(), configService))
	golden(t, "config-none", regionFacts(t, newAccount(awsfake.Population{}), configService))
	no := jsonError("AccessDeniedException")
	golden(t, "config-status-denied", regionFacts(t, recorderAccount().fails("config:DescribeConfigurationRecorderStatus", http.StatusBadRequest, no), configService))
	golden(t, "config-channels-denied", regionFacts(t, recorderAccount().fails("config:DescribeDeliveryChannels", http.StatusBadRequest, no), configService))
	golden(t, "config-denied", regionFacts(t, recorderAccount().fails("config:DescribeConfigurationRecorders", http.StatusBadRequest, no), configService))
	// A status that leaves a recorder out does not say that it stands still.
	partly := recorderAccount().says("config:DescribeConfigurationRecorderStatus", `{"ConfigurationRecordersStatus":[{"name":"default","recording":true}]}`)
	golden(t, "config-status-partly", regionFacts(t, partly, configService))
	golden(t, "config-silent", regionFacts(t, recorderAccount().says("config:DescribeConfigurationRecorders", `{"ConfigurationRecorders":[{"name":"default"}]}`), configService))
}
