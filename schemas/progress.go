package schemas

// SubjectProgress is where workers say how far they are with the units of an
// account. It is no stream: nobody waits for it, and losing it loses nothing.
func SubjectProgress(a AccountID) string { return "progress." + string(a) }

// UnitProgress is a sign of life of an attempt that reads: what it has done so
// far. It decides nothing.
type UnitProgress struct {
	Scan      string    `json:"scan"`
	AccountID AccountID `json:"accountId"`
	Unit      UnitKey   `json:"unit"`
	Seq       uint64    `json:"seq"`
	Resources uint64    `json:"resources"`
	Calls     uint64    `json:"calls"`
	Throttles uint64    `json:"throttles"`
}
