// Package scanner drives scans: it asks for the plan, publishes units, decides
// when a unit is complete by counting what the store holds, closes complete
// scopes, re-judges what is not judged, and ends the scan.
//
// Control holds no state that is not in the scan record, the streams or the
// store: any number of control processes may run, each scan is driven by one of
// them under a lease, and every step may be repeated after a crash.
package scanner
