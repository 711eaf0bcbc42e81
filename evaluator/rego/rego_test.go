package rego_test

import (
	"testing"

	"github.com/insights-scanner/insights-scanner/evaluator/evaltest"
	"github.com/insights-scanner/insights-scanner/evaluator/rego"
	"github.com/insights-scanner/insights-scanner/schemas"
)

func TestConformance(t *testing.T) {
	evaltest.Exercise(t, schemas.RuntimeOPA, rego.Loader{})
}
