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

const fullKey = `{"KeyMetadata":{"KeyId":"00000000-0000-4000-8000-000000000000","KeyManager":"CUSTOMER","KeyState":"PendingDeletion","Enabled":false,` +
	`"Description":"orders","KeyUsage":"ENCRYPT_DECRYPT","KeySpec":"SYMMETRIC_DEFAULT","Origin":"AWS_KMS","MultiRegion":true,"DeletionDate":1767225600}}`

const storedKey = `{"KeyMetadata":{"KeyManager":"CUSTOMER","KeyState":"Enabled","Enabled":true,"KeyUsage":"ENCRYPT_DECRYPT","KeySpec":"SYMMETRIC_DEFAULT",` +
	`"Origin":"EXTERNAL_KEY_STORE","MultiRegion":false,"CustomKeyStoreId":"cks-1","XksKeyConfiguration":{"Id":"xks-1"}}}`

func kmsKeys(n int) *account { return newAccount(awsfake.Population{More: map[string]int{"key": n}}) }

func TestGoldenKeys(t *testing.T) {
	t.Parallel()
	no := jsonError("AccessDeniedException")
	golden(t, "kms", newAccount(awsfake.Population{More: map[string]int{"key": 2, "alias": 1}}).read(t, kmsService, home).sorted())
	golden(t, "kms-full", kmsKeys(1).says("kms:DescribeKey", fullKey).says("kms:GetKeyPolicy", `{"Policy":"{ \"Statement\": [] }"}`).
		says("kms:GetKeyRotationStatus", `{"KeyRotationEnabled":true,"RotationPeriodInDays":90}`).read(t, kmsService, home).sorted())
	golden(t, "kms-denied", kmsKeys(1).fails("kms:DescribeKey", http.StatusBadRequest, no).fails("kms:GetKeyPolicy", http.StatusBadRequest, no).
		fails("kms:GetKeyRotationStatus", http.StatusBadRequest, no).fails("tagging:GetResources", http.StatusBadRequest, no).read(t, kmsService, home).sorted())
	broken := jsonError("KMSInternalException")
	golden(t, "kms-failed", kmsKeys(1).fails("kms:DescribeKey", http.StatusInternalServerError, broken).fails("kms:GetKeyPolicy", http.StatusInternalServerError, broken).
		fails("kms:GetKeyRotationStatus", http.StatusInternalServerError, broken).fails("tagging:GetResources", http.StatusInternalServerError, broken).
		read(t, kmsService, home).sorted())
	// What is not in the answer is not "off".
	golden(t, "kms-silent", kmsKeys(1).says("kms:DescribeKey", `{"KeyMetadata":{}}`).says("kms:GetKeyPolicy", `{}`).read(t, kmsService, home).sorted())
	// A key that cannot rotate has no rotation that could be off.
	golden(t, "kms-no-rotation", kmsKeys(1).says("kms:DescribeKey", storedKey).read(t, kmsService, home).sorted())
	unsupported := kmsKeys(1).fails("kms:DescribeKey", http.StatusBadRequest, no).fails("kms:GetKeyRotationStatus", http.StatusBadRequest, jsonError("UnsupportedOperationException"))
	if o, _ := unsupported.read(t, kmsService, home).one(typeKey, "00000000-0000-4000-8000-000000000000"); unknown(o, "enableKeyRotation") != nil {
		t.Errorf("%+v", o.Unknown)
	}
}

// Rotation is not asked of keys that do not rotate.
func TestKeysThatDoNotRotate(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{`"KeySpec":"RSA_2048","Origin":"AWS_KMS"`, `"KeySpec":"SYMMETRIC_DEFAULT","Origin":"EXTERNAL"`} {
		a := kmsKeys(1).says("kms:DescribeKey", `{"KeyMetadata":{"KeyManager":"CUSTOMER","KeyState":"Enabled",`+kind+`}}`)
		if s := a.read(t, kmsService, home); s.count(typeKey) != 1 || a.count("kms:GetKeyRotationStatus") != 0 {
			t.Errorf("%s: %v", kind, a.calls)
		}
	}
}

// AWS's own keys and aliases are nothing that the customer could change.
func TestKeysOfAWSAreLeftOut(t *testing.T) {
	t.Parallel()
	a := kmsKeys(2).asked("kms:DescribeKey", func(_ string, q url.Values) answer {
		if strings.Contains(q.Get("body"), "000000000000") {
			return answer{http.StatusOK, `{"KeyMetadata":{"KeyManager":"AWS","KeyState":"Enabled"}}`}
		}
		return answer{}
	}).says("kms:ListAliases", `{"Aliases":[{"AliasName":"alias/aws/s3","TargetKeyId":"k"},{"AliasName":"alias/awsome","TargetKeyId":"k"}]}`)
	s := a.read(t, kmsService, home)
	if s.count(typeKey) != 1 || s.count(typeKeyState) != 1 || s.count(typeKeyAlias) != 1 || a.count("kms:GetKeyPolicy") != 1 {
		t.Errorf("%v", s.list)
	}
	if _, ok := s.one(typeKeyAlias, "alias/awsome"); !ok {
		t.Error("an alias of the customer is left out")
	}
}

// A key that is gone when it is read is not one without a policy.
func TestKeyDeletedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, operation := range []string{"kms:DescribeKey", "kms:GetKeyPolicy", "kms:GetKeyRotationStatus"} {
		checkDeletedMeanwhile(t, kmsKeys(2), kmsService, operation, "000000000000", jsonError("NotFoundException"), typeKey, typeKeyState)
	}
}

func TestVerifyKeys(t *testing.T) {
	t.Parallel()
	checkVerify(t, kmsService, "00000000-0000-4000-8000-000000000000", typeKey, typeKeyState)
	checkVerify(t, kmsService, "alias/key-000001", typeKeyAlias)
}

// checkDeletedMeanwhile reads two resources, of which one is gone when an
// operation asks for it: the other is there, and the scopes are complete.
func checkDeletedMeanwhile(t *testing.T, a *account, svc *service, operation, named, code string, tokens ...string) {
	t.Helper()
	a.asked(operation, func(_ string, q url.Values) answer {
		if strings.Contains(q.Encode(), named) {
			return answer{http.StatusBadRequest, code}
		}
		return answer{}
	})
	s := a.read(t, svc, home)
	for _, token := range tokens {
		if s.count(token) != 1 || s.scopes[token].State != schemas.ScopeComplete {
			t.Errorf("%s: %d of %s, %+v", operation, s.count(token), token, s.scopes[token])
		}
	}
}

// checkVerify reads keys of types directly, after one id has been removed.
func checkVerify(t *testing.T, svc *service, removed string, tokens ...string) {
	t.Helper()
	a := newAccount(full)
	before := a.read(t, svc, home)
	a.fake.SetFaults(awsfake.Faults{Removed: []string{removed}})
	for _, token := range tokens {
		var want, lost []schemas.Key
		for _, o := range before.list {
			if o.Type != token {
				continue
			}
			if o.ID == removed {
				lost = append(lost, o.Key)
			}
			want = append(want, o.Key)
		}
		emitted, gone, err := a.verify(t, svc, want...)
		if err != nil || !slices.Equal(gone, lost) || len(lost) != 1 || len(emitted) != len(want)-1 {
			t.Errorf("%s: emitted %v, gone %v, %v", token, emitted, gone, err)
		}
	}
}
