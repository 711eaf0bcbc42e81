//go:build !linux

package sink

// Saving signal dispositions is written and tested for Linux only.
type dispositions struct{}

func saveSignals() dispositions { return dispositions{} }

func (dispositions) restore() {}
