package sandbox

import (
	"fmt"
	"time"
)

// guardEvery is how often the limits of all processes together are looked after:
// often where nothing else limits their number, less so where that means to read
// the list of all processes of the machine.
func (p plan) guardEvery() time.Duration {
	switch {
	case p.Count:
		return time.Second
	case p.First:
		return 100 * time.Millisecond
	}
	return 250 * time.Millisecond
}

// usage is what the program and all its processes take.
type usage struct {
	tasks  int   // processes and threads
	memory int64 // bytes that are in memory
}

// over says what is more than the limits allow; nothing when all is well.
func (u usage) over(l Limits) string {
	switch {
	case u.tasks > l.Processes:
		return fmt.Sprintf("ended: it had more than %d processes and threads", l.Processes)
	case u.memory > l.Memory:
		return fmt.Sprintf("ended: its processes had more than %d MiB in memory", l.Memory>>20)
	}
	return ""
}
