package bus_test

import (
	"github.com/insights-scanner/insights-scanner/discovery"
	"github.com/insights-scanner/insights-scanner/evaluator"
	"github.com/insights-scanner/insights-scanner/scanner"
	"github.com/insights-scanner/insights-scanner/scanner/bus"
	"github.com/insights-scanner/insights-scanner/schemas"
)

// The bus serves the interfaces of its siblings, which it may not import.
var (
	_ discovery.Publisher         = (*bus.Bus)(nil)
	_ discovery.Sequencer         = (*bus.Bus)(nil)
	_ discovery.Store             = (*bus.StoreClient)(nil)
	_ discovery.Scans             = scanner.Cancelled{}
	_ evaluator.Publisher         = (*bus.Bus)(nil)
	_ scanner.Bus                 = (*bus.Bus)(nil)
	_ scanner.Planner             = (*bus.Bus)(nil)
	_ scanner.Sequencer           = (*bus.Bus)(nil)
	_ scanner.Table[schemas.Scan] = (*bus.Table[schemas.Scan])(nil)
	_ bus.Planner                 = discovery.Provider(nil)
	_ bus.Store                   = discovery.Store(nil)
)
