package schemas

import "testing"

func TestFrameworksAreShort(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		"CIS AWS Foundations Benchmark": "CIS", "AWS Foundational Security Best Practices": "FSBP", "NIST SP 800-53": "NIST",
		"PCI DSS": "PCI", "Our Own Rules": "OOR", "internal": "internal",
	} {
		if got := ShortFramework(name); got != want {
			t.Errorf("%s: %s instead of %s", name, got, want)
		}
	}
}
