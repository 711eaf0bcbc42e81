package scanner

// InRounds has c judge n resources anew at a time, so that tests have several rounds
// without tens of thousands of resources.
func (c *Control) InRounds(n int) { c.round = n }
