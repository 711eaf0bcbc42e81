package aws

import (
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/insights-scanner/insights-scanner/discovery/awsfake"
	"github.com/insights-scanner/insights-scanner/schemas"
)

const oneStore = "arn:aws:cloudtrail:us-east-1:123456789012:eventdatastore/store-000000"

func eventStores(n int) *account {
	return newAccount(awsfake.Population{More: map[string]int{"eventDataStore": n}})
}

func TestGoldenEventDataStores(t *testing.T) {
	t.Parallel()
	golden(t, "cloudtrail-stores", eventStores(2).read(t, cloudtrailService, home).sorted())
	full := `{"EventDataStoreArn":"` + oneStore + `","Name":"lake","Status":"STOPPED_INGESTION","BillingMode":"FIXED_RETENTION_PRICING","KmsKeyId":"arn:aws:kms:k","MultiRegionEnabled":false,` +
		`"OrganizationEnabled":true,"RetentionPeriod":2557,"TerminationProtectionEnabled":false,"AdvancedEventSelectors":` + advancedSelectors + `}`
	golden(t, "cloudtrail-stores-full", eventStores(1).says("cloudtrail:GetEventDataStore", full).read(t, cloudtrailService, home).sorted())
	no := jsonError("AccessDeniedException")
	golden(t, "cloudtrail-stores-denied", eventStores(1).fails("cloudtrail:GetEventDataStore", http.StatusBadRequest, no).fails("cloudtrail:ListTags", http.StatusBadRequest, no).read(t, cloudtrailService, home).sorted())
	golden(t, "cloudtrail-stores-failed", eventStores(1).fails("cloudtrail:GetEventDataStore", http.StatusInternalServerError, jsonError("InternalError")).read(t, cloudtrailService, home).sorted())
	golden(t, "cloudtrail-stores-silent", eventStores(1).says("cloudtrail:GetEventDataStore", `{"Status":"ENABLED"}`).says("cloudtrail:ListTags", `{}`).read(t, cloudtrailService, home).sorted())
	golden(t, "cloudtrail-stores-nothing", eventStores(1).says("cloudtrail:GetEventDataStore", `{}`).read(t, cloudtrailService, home).sorted())
}

// A store that is deleted, or about to be, is gone; the tags of the others are
// known all the same.
func TestEventDataStoreDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for name, gone := range map[string]answer{
		"gone":    {http.StatusBadRequest, jsonError("EventDataStoreNotFoundException")},
		"pending": {http.StatusOK, `{"Status":"PENDING_DELETION"}`},
	} {
		a := eventStores(3).asked("cloudtrail:GetEventDataStore", func(_ string, q url.Values) answer {
			if strings.Contains(q.Get("body"), oneStore) {
				return gone
			}
			return answer{}
		})
		a.asked("cloudtrail:ListTags", func(_ string, q url.Values) answer {
			if strings.Contains(q.Get("body"), oneStore) {
				return answer{http.StatusBadRequest, jsonError("ResourceNotFoundException")}
			}
			return answer{}
		})
		s := a.read(t, cloudtrailService, home)
		if s.count(typeEventDataStore) != 2 || s.scopes[typeEventDataStore].State != schemas.ScopeComplete {
			t.Errorf("%s: %d stores, %+v", name, s.count(typeEventDataStore), s.scopes[typeEventDataStore])
		}
		for _, o := range s.list {
			if o.Type == typeEventDataStore && (o.Properties["tags"] == nil || len(o.Unknown) != 0) {
				t.Errorf("%s: %+v", name, o)
			}
		}
	}
}

// Tags that some other trouble hides are not "none".
func TestTagsOfStoresAskedForAlone(t *testing.T) {
	t.Parallel()
	n := 0
	a := eventStores(2).asked("cloudtrail:ListTags", func(string, url.Values) answer {
		if n++; n == 1 {
			return answer{http.StatusBadRequest, jsonError("ResourceNotFoundException")}
		}
		return answer{http.StatusBadRequest, jsonError("AccessDeniedException")}
	})
	for _, o := range a.read(t, cloudtrailService, home).list {
		if o.Type == typeEventDataStore {
			wantUnknown(t, o, "tags", schemas.FacetDenied, "cloudtrail:ListTags")
		}
	}
}

func TestVerifyEventDataStores(t *testing.T) {
	t.Parallel()
	a := eventStores(2)
	there := schemas.Key{Region: home, Type: typeEventDataStore, ID: oneStore}
	gone := schemas.Key{Region: home, Type: typeEventDataStore, ID: strings.ReplaceAll(oneStore, "000000", "000001")}
	want, _ := a.read(t, cloudtrailService, home).one(typeEventDataStore, oneStore)
	a.fake.SetFaults(awsfake.Faults{Removed: []string{"store-000001"}})
	emitted, lost, err := a.verify(t, cloudtrailService, there, gone)
	if err != nil || len(emitted) != 1 || !reflect.DeepEqual(emitted[0], want) || !slices.Equal(lost, []schemas.Key{gone}) {
		t.Errorf("emitted %v, gone %v, %v; listed %v", emitted, lost, err, want)
	}
}

// The trails of awsfake are at home where they are listed, and those of all
// regions are in the fact of every one.
func TestTrailsOfTwoRegions(t *testing.T) {
	t.Parallel()
	s := newAccount(awsfake.Population{More: map[string]int{"trail": 2}}).read(t, cloudtrailService, home)
	fact, _ := s.one(typeRegionTrails, home)
	if list := fact.Properties["trails"].([]any); len(list) != 3 || s.count(typeTrail) != 2 {
		t.Errorf("%d trails of the region, %d at home", len(list), s.count(typeTrail))
	}
	for _, o := range s.list {
		if len(o.Unknown) != 0 {
			t.Errorf("%s: %+v", o.Key, o.Unknown)
		}
	}
}
