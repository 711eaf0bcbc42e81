package policy

import (
	"k8s.io/apimachinery/pkg/labels"

	"github.com/insights-scanner/insights-scanner/schemas"
)

// CheckSelector gives the canonical form of a label selector in the syntax of
// Kubernetes. CodeInvalid for one that cannot be read, and for one that is empty
// and would hold every account.
func CheckSelector(text string) (string, error) {
	s, err := parseSelector(text)
	if err != nil {
		return "", err
	}
	if s.Empty() {
		return "", schemas.Errorf(schemas.CodeInvalid, "the selector is empty").
			WithHint("%s holds every account", schemas.DefaultAccountsGroup)
	}
	return s.String(), nil
}

func parseSelector(text string) (labels.Selector, error) {
	s, err := labels.Parse(text)
	if err != nil {
		return nil, schemas.Errorf(schemas.CodeInvalid, "selector %q: %w", text, err).
			WithHint("as in Kubernetes: env=prod,team in (a,b),tier notin (test),owner,!legacy")
	}
	return s, nil
}

// selects tells whether a stored selector matches the labels of an account.
func selects(selector string, of map[string]string) (bool, error) {
	if selector == "" {
		return false, nil
	}
	s, err := parseSelector(selector)
	return err == nil && s.Matches(labels.Set(of)), err
}
