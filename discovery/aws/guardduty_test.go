package aws

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const (
	oneDetector  = "d0000000000000000000000000000000"
	fullDetector = `{"status":"DISABLED","findingPublishingFrequency":"FIFTEEN_MINUTES","features":[` +
		`{"name":"FLOW_LOGS","status":"ENABLED"},{"name":"DNS_LOGS","status":"ENABLED"},{"name":"CLOUD_TRAIL","status":"ENABLED"},{"name":"EKS_AUDIT_LOGS","status":"ENABLED"},` +
		`{"name":"S3_DATA_EVENTS","status":"DISABLED"},{"name":"EBS_MALWARE_PROTECTION","status":"ENABLED"},` +
		`{"name":"RUNTIME_MONITORING","status":"ENABLED","additionalConfiguration":[{"name":"ECS_FARGATE_AGENT_MANAGEMENT","status":"ENABLED"},` +
		`{"name":"EC2_AGENT_MANAGEMENT","status":"DISABLED"}]}],"tags":{"a":"b"}}`
)

func detectors(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"detector": n}})
}

func TestGoldenDetectors(t *testing.T) {
	t.Parallel()
	no := jsonError("AccessDeniedException")
	golden(t, "guardduty", detectors(1).read(t, guarddutyService, home).list)
	golden(t, "guardduty-none", detectors(0).read(t, guarddutyService, home).list)
	golden(t, "guardduty-full", detectors(1).says("guardduty:GetDetector", fullDetector).read(t, guarddutyService, home).list)
	golden(t, "guardduty-denied", detectors(1).fails("guardduty:ListDetectors", http.StatusForbidden, no).read(t, guarddutyService, home).list)
	golden(t, "guardduty-settings-denied", detectors(1).fails("guardduty:GetDetector", http.StatusForbidden, no).read(t, guarddutyService, home).list)
	golden(t, "guardduty-settings-failed", detectors(1).fails("guardduty:GetDetector", http.StatusInternalServerError, jsonError("InternalServerErrorException")).read(t, guarddutyService, home).list)
	// Settings that are not in the answer are not "off".
	golden(t, "guardduty-silent", detectors(1).says("guardduty:GetDetector", `{"features":[{"name":"S3_DATA_EVENTS"}]}`).read(t, guarddutyService, home).list)
}

// Without its settings nobody knows which features a detector has: their scope
// stays open, and those that are stored stay.
func TestFeaturesOfUnreadDetectors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says   answer
		state  schemas.ScopeState
		reason string
	}{
		"denied": {answer{http.StatusForbidden, jsonError("AccessDeniedException")}, schemas.ScopeDenied, "AccessDeniedException"},
		"failed": {answer{http.StatusBadRequest, jsonError("BadRequestException")}, schemas.ScopeFailed, "BadRequestException"}, // the list still has it
		"silent": {answer{http.StatusOK, `{"status":"ENABLED"}`}, schemas.ScopeFailed, "features are not in the answer"},
	} {
		a := detectors(1).fails("guardduty:GetDetector", c.says.status, c.says.body)
		s := a.read(t, guarddutyService, home)
		e := s.scopes[typeDetectorFeature]
		if e.State != c.state || e.Call != "guardduty:GetDetector" || e.Reason != c.reason || s.scopes[typeDetector].State != schemas.ScopeComplete || s.count(typeDetector) != 1 {
			t.Errorf("%s: %+v, %+v", name, e, s.scopes[typeDetector])
		}
		o, _ := s.one(typeDetector, oneDetector)
		if u := unknown(o, "datasources"); u == nil || u.Call != "guardduty:GetDetector" {
			t.Errorf("%s: data sources are %+v", name, u)
		}
		detector, feature := schemas.Key{Region: home, Type: typeDetector, ID: oneDetector}, schemas.Key{Region: home, Type: typeDetectorFeature, ID: oneDetector + "/S3_DATA_EVENTS"}
		if emitted, gone, err := a.verify(t, guarddutyService, feature); err == nil || len(emitted)+len(gone) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", name, emitted, gone, err)
		}
		if emitted, gone, err := a.verify(t, guarddutyService, detector); err != nil || len(emitted) != 1 || len(gone) != 0 {
			t.Errorf("%s: emitted %v, gone %v, %v", name, emitted, gone, err)
		}
	}
}

// The code that a deleted detector is answered with stands for other mistakes,
// too; the list, asked again, tells.
func TestDetectorDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	listed := 0
	a := detectors(1).fails("guardduty:GetDetector", http.StatusBadRequest, jsonError("BadRequestException"))
	a.asked("guardduty:ListDetectors", func(string, url.Values) answer {
		if listed++; listed > 1 {
			return answer{http.StatusOK, `{"detectorIds":[]}`}
		}
		return answer{}
	})
	s := a.read(t, guarddutyService, home)
	fact, _ := s.one(typeRegionDetectors, home)
	if list := fact.Properties["detectors"].([]any); len(list) != 0 || len(fact.Unknown) != 0 || s.count(typeDetector) != 0 {
		t.Errorf("%d detectors, fact %+v", s.count(typeDetector), fact)
	}
	for token, e := range s.scopes {
		if e.State != schemas.ScopeComplete {
			t.Errorf("%s: %+v", token, e)
		}
	}
}

func TestVerifyDetectors(t *testing.T) {
	t.Parallel()
	there := schemas.Key{Region: home, Type: typeDetectorFeature, ID: oneDetector + "/S3_DATA_EVENTS"}
	gone := schemas.Key{Region: home, Type: typeDetectorFeature, ID: strings.Repeat("0", 32) + "/S3_DATA_EVENTS"}
	emitted, lost, err := detectors(1).verify(t, guarddutyService, there, gone)
	if err != nil || len(emitted) != 1 || emitted[0].Key != there || !slices.Equal(lost, []schemas.Key{gone}) {
		t.Errorf("emitted %v, gone %v, %v", emitted, lost, err)
	}
	a := detectors(1).fails("guardduty:ListDetectors", http.StatusForbidden, jsonError("AccessDeniedException"))
	if emitted, lost, err := a.verify(t, guarddutyService, there); err == nil || len(emitted)+len(lost) != 0 {
		t.Errorf("emitted %v, gone %v, %v", emitted, lost, err)
	}
}
